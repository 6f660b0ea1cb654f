#include "supervisor/ledger/head.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <charconv>

#include "supervisor/receipt/digest.hpp"

namespace pawl::ledger {
namespace {

constexpr std::size_t kSlotBytes = 1024;
constexpr std::size_t kSlots = 2;
constexpr std::size_t kHashDigits = 64;
constexpr std::size_t kSequenceDigits = 20;

struct Content {
  std::uint64_t sequence = 0;  // grows with every write, also where the log was cut short
  receipt::SignedCheckpoint checkpoint;
};

// "<64 digits: SHA-256 of what follows> <20 digits: sequence> <note>", padded with spaces, a line break at
// the end.
Result<std::string> write_slot(std::uint64_t sequence, const std::string& note) {
  const std::string number = std::to_string(sequence);
  const std::string content = std::string(kSequenceDigits - number.size(), '0') + number + " " + note;
  std::string slot = to_hex(receipt::sha256(content)) + " " + content;
  if (slot.size() >= kSlotBytes) return refuse("the checkpoint is too long to be kept");
  slot.resize(kSlotBytes - 1, ' ');
  return slot + "\n";
}

std::optional<Content> read_slot(std::string_view slot) {
  if (slot.size() != kSlotBytes || slot[kHashDigits] != ' ') return std::nullopt;
  std::string_view content = slot.substr(kHashDigits + 1, slot.size() - kHashDigits - 2);
  content = content.substr(0, content.find_last_not_of(' ') + 1);
  if (slot.substr(0, kHashDigits) != to_hex(receipt::sha256(content)) || content.size() <= kSequenceDigits)
    return std::nullopt;
  Content read;
  const auto [end, error] = std::from_chars(content.data(), content.data() + kSequenceDigits, read.sequence);
  auto checkpoint = receipt::read_checkpoint(content.substr(kSequenceDigits + 1));
  if (error != std::errc() || end != content.data() + kSequenceDigits || !checkpoint) return std::nullopt;
  read.checkpoint = *std::move(checkpoint);
  return read;
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
    auto content = read_slot({slots.data() + i * kSlotBytes, kSlotBytes});
    if (content && (!newest || content->sequence > newest->sequence)) newest = std::move(content);
  }
  return newest;
}

}  // namespace

Result<std::optional<receipt::SignedCheckpoint>> read_head(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file) return failed("open ledger head " + path);
  Slots slots{};
  if (::pread(file.get(), slots.data(), slots.size(), 0) < 0) return failed("read ledger head " + path);
  auto newest = newest_of(slots);
  return newest ? std::optional(std::move(newest->checkpoint)) : std::nullopt;
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
  if (auto newest = newest_of(slots)) {
    head.sequence_ = newest->sequence;
    head.stored_ = std::move(newest->checkpoint);
  }
  return head;
}

Result<> HeadFile::store(const std::string& note, Durability durability) {
  const std::uint64_t sequence = sequence_ + 1;
  auto checkpoint = TRY(receipt::read_checkpoint(note));
  const std::string slot = TRY(write_slot(sequence, note));
  TRY_DURING("ledger head " + path_,
             write_all(*disk_, file_.get(), as_bytes(slot), (sequence % kSlots) * kSlotBytes));
  if (durability == Durability::now && disk_->sync_data(file_.get()) != 0)
    return failed("sync ledger head " + path_);
  sequence_ = sequence;
  stored_ = std::move(checkpoint);
  return {};
}

}  // namespace pawl::ledger
