#include "supervisor/ledger/head.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>

#include "supervisor/receipt/digest.hpp"
#include "supervisor/receipt/json_fields.hpp"

namespace pawl::ledger {
namespace {

constexpr std::size_t kSlotBytes = 256;  // below a sector: written whole or not at all on most disks
constexpr std::size_t kSlots = 2;

struct Content {
  std::uint64_t sequence = 0;  // grows with every write, also where the ledger was cut short
  std::uint64_t size = 0;
  Digest hash{};
  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive("sequence", self.sequence);
    archive("size", self.size);
    archive("hash", self.hash);
  }
};

// "<64 digits: SHA-256 of the JSON> <JSON>", padded with spaces, a line break at the end.
Result<std::string> write_slot(const Content& content) {
  const std::string json = TRY(receipt::to_canonical(receipt::to_object(content)));
  std::string slot = to_hex(receipt::sha256(json)) + " " + json;
  slot.resize(kSlotBytes - 1, ' ');
  return slot + "\n";
}

std::optional<Content> read_slot(std::string_view slot) {
  constexpr std::size_t digits = 64;
  if (slot.size() != kSlotBytes) return std::nullopt;
  std::string_view json = slot.substr(digits + 1, slot.size() - digits - 2);
  json = json.substr(0, json.find_last_not_of(' ') + 1);
  if (slot.substr(0, digits) != to_hex(receipt::sha256(json))) return std::nullopt;
  auto content = receipt::from_canonical<Content>(json, "head");
  return content ? std::optional(*content) : std::nullopt;
}

Result<> sync_parent(const std::string& path, Disk& disk) {
  const std::size_t slash = path.rfind('/');
  const std::string parent = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
  const UniqueFd directory(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory) return failed("open " + parent);
  if (disk.sync_all(directory.get()) != 0) return failed("sync " + parent);
  return {};
}

using Slots = std::array<char, kSlotBytes * kSlots>;

std::optional<Content> newest_of(const Slots& slots) {
  std::optional<Content> newest;
  for (std::size_t i = 0; i < kSlots; ++i) {
    const auto content = read_slot({slots.data() + i * kSlotBytes, kSlotBytes});
    if (content && (!newest || content->sequence > newest->sequence)) newest = content;
  }
  return newest;
}

}  // namespace

Result<std::optional<Head>> read_head(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file) return failed("open ledger head " + path);
  Slots slots{};
  if (::pread(file.get(), slots.data(), slots.size(), 0) < 0) return failed("read ledger head " + path);
  const auto newest = newest_of(slots);
  return newest ? std::optional(Head{newest->size, newest->hash}) : std::nullopt;
}

Result<HeadFile> HeadFile::open(const std::string& path, Disk& disk) {
  UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) return failed("open ledger head " + path);
  HeadFile head(path, std::move(file), disk);
  Slots slots{};
  const ssize_t got = ::pread(head.file_.get(), slots.data(), slots.size(), 0);
  if (got < 0) return failed("read ledger head " + path);
  if (static_cast<std::size_t>(got) < slots.size()) {
    // Its blocks are taken now, so that a full disk cannot stop the head from being kept later.
    const std::string blank(slots.size(), ' ');
    TRY_DURING("prepare ledger head " + path, write_all(disk, head.file_.get(), as_bytes(blank), 0));
    if (disk.sync_all(head.file_.get()) != 0) return failed("sync ledger head " + path);
    TRY(sync_parent(path, disk));
  }
  if (const auto newest = newest_of(slots)) {
    head.sequence_ = newest->sequence;
    head.stored_ = Head{newest->size, newest->hash};
  }
  return head;
}

Result<> HeadFile::store(const Head& head) {
  const std::uint64_t sequence = sequence_ + 1;
  const std::string slot = TRY(write_slot({sequence, head.size, head.hash}));
  TRY_DURING("ledger head " + path_,
             write_all(*disk_, file_.get(), as_bytes(slot), (sequence % kSlots) * kSlotBytes));
  if (disk_->sync_data(file_.get()) != 0) return failed("sync ledger head " + path_);
  sequence_ = sequence;
  stored_ = head;
  return {};
}

}  // namespace pawl::ledger
