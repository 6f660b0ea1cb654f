// How the ledger is opened: the last entries and the tree's right edge are read, the root is compared with
// the checkpoints that were kept, and what a crash or a restored copy left behind is put right and told.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "supervisor/ledger/ledger.hpp"
#include "supervisor/ledger/log_key.hpp"
#include "supervisor/receipt/json_fields.hpp"

namespace pawl::ledger {
namespace {

constexpr const char* kOldFileName = "ledger.jsonl";
constexpr const char* kLockName = "ledger.lock";
constexpr const char* kLogName = "log";
constexpr const char* kInnerHead = "log/head";
constexpr std::size_t kTilesInMemory = 256;  // while a tree is made anew
constexpr std::string_view kDamageRemedy =
    "the log was changed or the disk is damaged: keep the state directory for whoever looks into it, and put "
    "the whole of it back from a copy; the broker then starts as on a restored copy, with everything that "
    "waits void";

Result<UniqueFd> open_directory(const std::string& path) {
  UniqueFd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory) return failed("open state directory " + path);
  struct stat status{};
  if (::fstat(directory.get(), &status) != 0) return failed("stat " + path);
  if (status.st_uid != ::geteuid() || (status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return refuse("state directory " + path + " is not the broker's alone",
                  "chown it to the broker's user and chmod it 0700");
  return directory;
}

std::string read_holder(int lock) {
  std::array<char, 32> text{};
  const ssize_t got = ::pread(lock, text.data(), text.size(), 0);
  const std::string holder(text.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
  const bool digits =
      !holder.empty() && std::ranges::all_of(holder, [](char c) { return c >= '0' && c <= '9'; });
  return digits ? "process " + holder : "a process that left no name";
}

Result<UniqueFd> take_lock(int directory, const std::string& path) {
  UniqueFd lock(::openat(directory, kLockName, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!lock) return failed("open " + path + "/" + kLockName);
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return failed("lock " + path);
    return refuse("state directory " + path + " is in use by another broker: " + read_holder(lock.get()),
                  "stop that one first, or give this one a state directory of its own");
  }
  // Only for the message above; the lock itself is the kernel's.
  const std::string holder = std::to_string(::getpid());
  if (::ftruncate(lock.get(), 0) != 0 ||
      ::pwrite(lock.get(), holder.data(), holder.size(), 0) != static_cast<ssize_t>(holder.size()))
    return failed("write " + path + "/" + kLockName);
  return lock;
}

Result<LogFiles> open_log(int directory, const std::string& path, Disk& disk) {
  // Starting anew beside it would forget what was burned.
  if (::faccessat(directory, kOldFileName, F_OK, 0) == 0)
    return refuse(
        path + " holds the log of an older pawl (" + kOldFileName + "), which this one cannot go on with",
        "move the state directory away; everything in it is void then");
  if (::mkdirat(directory, kLogName, 0700) != 0 && errno != EEXIST) return failed("make " + path + "/log");
  UniqueFd log(::openat(directory, kLogName, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
  if (!log) return failed("open " + path + "/log");
  if (disk.sync_all(directory) != 0) return failed("sync " + path);
  return LogFiles(std::move(log));
}

boost::json::object recovery(Recovery::What what, std::string detail) {
  return receipt::to_object(Recovery{what, std::move(detail)});
}

std::string count(std::uint64_t number) { return std::to_string(number); }

}  // namespace

// What was durable once, as far as it is known: by the checkpoint kept outside, and by the one inside.
struct Ledger::Known {
  std::optional<receipt::TreeHead> outside, inside;
  bool another_key = false;  // the one outside is signed by another key
  std::uint64_t size() const { return std::max(outside ? outside->size : 0, inside ? inside->size : 0); }
};

Result<Ledger::Opened> Ledger::open_files(const LedgerPlace& place, Disk& disk) {
  UniqueFd directory = TRY(open_directory(place.directory));
  UniqueFd lock = TRY(take_lock(directory.get(), place.directory));
  LogFiles files = TRY(open_log(directory.get(), place.directory, disk));
  receipt::LogSigner signer = TRY_DURING(place.directory, open_log_key(directory.get(), place.origin, disk));
  HeadFile head = TRY(HeadFile::open(place.head_file, disk));
  HeadFile inner = TRY(HeadFile::open(place.directory + "/" + kInnerHead, disk));
  return Opened{std::move(directory), std::move(lock),  std::move(files),
                std::move(head),      std::move(inner), std::move(signer)};
}

Result<Ledger> Ledger::open(const LedgerPlace& place, Disk& disk) {
  Ledger ledger(TRY(open_files(place, disk)), disk);
  TRY_DURING(place.directory, ledger.load());
  TRY_DURING(place.directory, ledger.recover(place.now));
  return ledger;
}

Result<> Ledger::load() {
  Known known;
  const auto believed = [this](const HeadFile& file) -> std::optional<receipt::TreeHead> {
    if (!file.stored() || !key().check(*file.stored())) return std::nullopt;
    return file.stored()->checkpoint.tree;
  };
  known.outside = believed(head_file_);
  known.inside = believed(inner_);
  known.another_key = head_file_.stored() && !known.outside;
  std::vector<Digest> leaves;
  const std::uint64_t bundles = files_->count_bundles();
  TRY(read_last_bundle(leaves));
  time_found_ = last_time_;
  const std::uint64_t base = bundles > 0 ? (bundles - 1) * kTileWidth : 0;
  const std::uint64_t found = base + leaves.size();
  // An entry that was acknowledged is there in parts: no crash leaves that behind, and cutting it off would
  // erase evidence of what ran.
  const bool gap = known.size() > found && (known.size() - 1) / kTileWidth >= bundles &&
                   files_->has_bundle((known.size() - 1) / kTileWidth);
  if ((torn_ > 0 || gap) && known.size() > found)
    return refuse("ledger: entry " + count(found) + " was durable once and is damaged now",
                  std::string(kDamageRemedy));
  TRY(grow_tree(leaves, known));
  TRY(compare(known));
  return resume(known);
}

// The last bundle decides how many entries there are: all before it are full.
Result<> Ledger::read_last_bundle(std::vector<Digest>& leaves) {
  const std::uint64_t bundles = files_->count_bundles();
  for (std::uint64_t number = bundles; number-- > 0;) {
    const std::string bytes = TRY_DURING("ledger", files_->read_bundle(number));
    const Records records = split_records(bytes);
    std::uint64_t whole = 0, index = number * kTileWidth;
    for (const std::string_view line : records.lines) {
      const auto entry = read_entry_at(index++, line);
      if (!entry) break;
      last_time_ = entry->time;
      whole += write_record(line).size();
      if (number + 1 == bundles) leaves.push_back(entry->hash);
    }
    if (number + 1 == bundles) {
      bundle_end_ = whole;
      torn_ = bytes.size() - whole;
    }
    if (whole > 0) break;  // else the one before has the last time
  }
  return {};
}

bool Ledger::agrees(const std::optional<receipt::TreeHead>& head) const {
  if (!head || head->size > size()) return true;  // nothing to compare
  const auto root = receipt::make_root(head->size, tree_.nodes(*files_));
  return root && *root == head->root;
}

Result<> Ledger::grow_tree(const std::vector<Digest>& leaves, const Known& known) {
  const std::uint64_t bundles = files_->count_bundles();
  if (auto loaded = Tree::load(*files_, bundles > 0 ? (bundles - 1) * kTileWidth : 0)) {
    tree_ = *std::move(loaded);
    for (const Digest& leaf : leaves) tree_.add(leaf);
    if (agrees(known.outside) && agrees(known.inside)) return {};
  }
  // Tiles may be what is wrong; entries are what counts.
  return rebuild();
}

// The whole tree from the entries; on failure it stays as it was.
Result<> Ledger::rebuild() {
  Tree before = std::exchange(tree_, Tree());
  auto made = grow_from_entries();
  if (!made) tree_ = std::move(before);
  return made;
}

Result<> Ledger::grow_from_entries() {
  const std::uint64_t bundles = files_->count_bundles();
  for (std::uint64_t number = 0; number < bundles; ++number) {
    const std::string bytes = TRY_DURING("ledger", files_->read_bundle(number));
    const std::string_view whole =
        number + 1 == bundles ? std::string_view(bytes).substr(0, bundle_end_) : std::string_view(bytes);
    const Records records = split_records(whole);
    if (records.whole != whole.size() || (number + 1 < bundles && records.lines.size() != kTileWidth))
      return refuse("ledger: entry " + count(number * kTileWidth + records.lines.size()) + " is damaged",
                    std::string(kDamageRemedy));
    for (const std::string_view line : records.lines) tree_.add(receipt::leaf_hash(as_bytes(line)));
    if (tree_.whole_unwritten() > kTilesInMemory) TRY(write_tiles());
  }
  return write_tiles();
}

Result<> Ledger::compare(const Known& known) {
  if (!agrees(known.inside) || (!agrees(known.outside) && !known.inside))
    return refuse("ledger: its entries are not those of its own checkpoint", std::string(kDamageRemedy));
  if (known.another_key)
    restored_because("the checkpoint kept outside of the state directory is signed by another key");
  else if (!known.outside && size() > 0)
    restored_because("the checkpoint kept outside of the state directory is missing or unreadable");
  else if (known.outside && known.outside->size > size())
    restored_because("the ledger has " + count(size()) + " entries, but had " + count(known.outside->size));
  else if (!agrees(known.outside))
    restored_because("the ledger's first " + count(known.outside->size) +
                     " entries are not those that were there");
  else if (known.outside || size() > 0)
    continuity_ = Continuity::continued;
  return {};
}

void Ledger::restored_because(std::string reason) {
  continuity_ = Continuity::restored;
  continuity_reason_ = std::move(reason);
}

// Where the log goes on, and what of it may not be durable yet.
Result<> Ledger::resume(const Known& known) {
  const std::uint64_t bundles = files_->count_bundles();
  const bool continued = continuity_ == Continuity::continued && known.outside;
  const std::uint64_t sure = continued ? std::min(known.outside->size, size()) : size();
  for (std::uint64_t number = sure / kTileWidth; number + 1 < bundles; ++number)
    filled_.push_back(TRY(open_tile_file(entries_path(number))));
  if (bundles > 0) bundle_ = TRY(open_tile_file(entries_path(bundles - 1)));
  if (!continued || known.outside->size != size()) return {};
  settled_ = size();
  // As it was signed.
  checkpoint_ = TRY(signer_.sign(*known.outside));
  return {};
}

// The restored copy is told first: once its entry is durable the kept checkpoint agrees again, and nobody
// would know.
Result<> Ledger::recover(std::int64_t now_ms) {
  std::string kept;
  if (torn_ > 0) {
    kept = TRY(set_torn_aside(now_ms));
    if (disk_->truncate(bundle_.get(), bundle_end_) != 0)
      return failed("cut off the ledger's unfinished last record");
    if (disk_->sync_all(bundle_.get()) != 0) return failed("sync ledger");
  }
  if (continuity_ == Continuity::restored)
    TRY(append(Kind::recover, recovery(Recovery::What::restored, continuity_reason_), now_ms));
  if (torn_ > 0)
    TRY(append(Kind::recover,
               recovery(Recovery::What::torn_tail, count(torn_) + " bytes cut off, kept in " + kept),
               now_ms));
  torn_ = 0;
  return settle();
}

// An unfinished record was never acted on; its bytes are kept all the same, for whoever looks into it.
Result<std::string> Ledger::set_torn_aside(std::int64_t now_ms) {
  Bytes bytes(torn_);
  ssize_t got = 0;
  do got = ::pread(bundle_.get(), bytes.data(), bytes.size(), static_cast<off_t>(bundle_end_));
  while (got < 0 && errno == EINTR);
  if (got < 0) return failed("read the ledger's unfinished last record");
  bytes.resize(static_cast<std::size_t>(got));
  std::string name = "log.torn-" + count(size()) + "-" + count(static_cast<std::uint64_t>(now_ms));
  const UniqueFd file(
      ::openat(directory_.get(), name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) return failed("keep the ledger's unfinished last record in " + name);
  TRY_DURING(name, write_all(*disk_, file.get(), bytes, 0));
  if (disk_->sync_all(file.get()) != 0 || disk_->sync_all(directory_.get()) != 0)
    return failed("sync " + name);
  return name;
}

}  // namespace pawl::ledger
