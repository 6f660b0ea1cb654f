#include "supervisor/ledger/ledger.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "supervisor/receipt/json_fields.hpp"

namespace pawl::ledger {
namespace {

constexpr const char* kFileName = "ledger.jsonl";
constexpr const char* kLockName = "ledger.lock";

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

Result<UniqueFd> open_file(int directory, const std::string& path, Disk& disk) {
  UniqueFd file(::openat(directory, kFileName, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) return failed("open " + path + "/" + kFileName);
  if (disk.sync_all(directory) != 0) return failed("sync " + path);
  return file;
}

boost::json::object recovery(Recovery::What what, std::string detail) {
  return receipt::to_object(Recovery{what, std::move(detail)});
}

}  // namespace

Result<Ledger> Ledger::open(const LedgerPlace& place, Disk& disk) {
  const UniqueFd directory = TRY(open_directory(place.directory));
  UniqueFd lock = TRY(take_lock(directory.get(), place.directory));
  UniqueFd file = TRY(open_file(directory.get(), place.directory, disk));
  HeadFile head_file = TRY(HeadFile::open(place.head_file, disk));
  Ledger ledger(std::move(lock), std::move(file), std::move(head_file), disk);
  TRY_DURING(place.directory, ledger.load());
  TRY_DURING(place.directory, ledger.recover(directory.get(), place.now));
  return ledger;
}

// Reads the chain, and compares it with the head that was kept elsewhere.
Result<> Ledger::load() {
  const std::optional<Head> known = head_file_.stored();
  bool holds_known = known && known->size == 0;
  const Scan scan = TRY(scan_ledger(file_.get(), [&](const Entry& entry, std::uint64_t offset) -> Result<> {
    offsets_.push_back(offset);
    head_ = {entry.index + 1, entry.hash};
    last_time_ = entry.time;
    if (known && *known == head_) holds_known = true;
    return {};
  }));
  end_ = scan.whole;
  torn_ = scan.torn;
  time_found_ = last_time_;
  // A record that was acknowledged is there in parts: no crash leaves that behind, and cutting it off would
  // erase evidence of what ran.
  if (torn_ > 0 && known && known->size > size())
    return refuse(
        "ledger: entry " + std::to_string(size()) + " was durable once and is damaged now (" +
            std::to_string(torn_) + " bytes of it are left)",
        "look into it, and put the whole ledger.jsonl back from a copy; only when the record is lost "
        "for good, keep the file elsewhere and cut the damaged bytes off its end: the broker then "
        "starts as on a restored copy, with everything that waits void");
  if (!known && offsets_.empty()) return {};
  continuity_ = holds_known ? Continuity::continued : Continuity::restored;
  if (holds_known) return {};
  if (!known)
    continuity_reason_ = "the ledger's head, kept outside of the state directory, is missing or unreadable";
  else if (known->size > size())
    continuity_reason_ =
        "the ledger has " + std::to_string(size()) + " entries, but had " + std::to_string(known->size);
  else
    continuity_reason_ =
        "entry " + std::to_string(known->size - 1) + " of the ledger is not the one that was there";
  return {};
}

// The restored copy is told first: once its entry is durable the kept head agrees again, and nobody would
// know.
Result<> Ledger::recover(int directory, std::int64_t now_ms) {
  std::string kept;
  if (torn_ > 0) {
    kept = TRY(set_torn_aside(directory, now_ms));
    if (disk_->truncate(file_.get(), end_) != 0) return failed("cut off the ledger's unfinished last record");
    if (disk_->sync_all(file_.get()) != 0) return failed("sync ledger");
  }
  if (continuity_ == Continuity::restored)
    TRY(append(Kind::recover, recovery(Recovery::What::restored, continuity_reason_), now_ms));
  if (torn_ > 0)
    TRY(append(Kind::recover,
               recovery(Recovery::What::torn_tail, std::to_string(torn_) + " bytes cut off, kept in " + kept),
               now_ms));
  torn_ = 0;
  return {};
}

// An unfinished record was never acted on; its bytes are kept all the same, for whoever looks into it.
Result<std::string> Ledger::set_torn_aside(int directory, std::int64_t now_ms) {
  Bytes bytes(torn_);
  ssize_t got = 0;
  do got = ::pread(file_.get(), bytes.data(), bytes.size(), static_cast<off_t>(end_));
  while (got < 0 && errno == EINTR);
  if (got < 0) return failed("read the ledger's unfinished last record");
  bytes.resize(static_cast<std::size_t>(got));
  std::string name = "ledger.torn-" + std::to_string(size()) + "-" + std::to_string(now_ms);
  const UniqueFd file(
      ::openat(directory, name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) return failed("keep the ledger's unfinished last record in " + name);
  TRY_DURING(name, write_all(*disk_, file.get(), bytes, 0));
  if (disk_->sync_all(file.get()) != 0 || disk_->sync_all(directory) != 0) return failed("sync " + name);
  return name;
}

void Ledger::distrust(const Error& cause) {
  if (!poisoned()) poisoned_ = cause.text();
}

Result<Entry> Ledger::append(Kind kind, boost::json::object body, std::int64_t now_ms) {
  if (poisoned())
    return refuse("ledger: closed after an error: " + poisoned_, "repair the disk, then restart the broker");
  Entry entry{size(), now_ms, kind, std::move(body), head_.hash, {}};
  const std::string line = TRY(write_entry(entry));
  entry.hash = receipt::sha256(line);
  TRY(store(line + "\n"));
  offsets_.push_back(end_);
  end_ += line.size() + 1;
  head_ = {entry.index + 1, entry.hash};
  last_time_ = now_ms;
  if (auto kept = head_file_.store(head_); !kept) return poison(std::move(kept).error());
  return entry;
}

// Writes and syncs one record after the last whole one.
Result<> Ledger::store(std::string_view line) {
  if (auto written = write_all(*disk_, file_.get(), as_bytes(line), end_); !written) {
    if (disk_->truncate(file_.get(), end_) != 0) return poison(std::move(written).error());
    return std::unexpected(std::move(written).error().during("ledger").advising(
        "free space on the disk of the state directory"));
  }
  // After a failed sync the kernel may have dropped the pages and will report success next time: never tried
  // again.
  if (disk_->sync_data(file_.get()) != 0) return poison(failed("sync").error());
  return {};
}

std::unexpected<Error> Ledger::poison(Error cause) {
  poisoned_ = cause.text();
  return std::unexpected(
      std::move(cause).during("ledger").advising("repair the disk, then restart the broker"));
}

Result<std::string> Ledger::line_at(std::uint64_t index) const {
  const std::uint64_t begin = offsets_[index];
  const std::uint64_t end = index + 1 < size() ? offsets_[index + 1] : end_;
  std::string line(end - begin - 1, '\0');
  ssize_t got = 0;
  do got = ::pread(file_.get(), line.data(), line.size(), static_cast<off_t>(begin));
  while (got < 0 && errno == EINTR);
  if (got < 0) return failed("read ledger");
  if (static_cast<std::size_t>(got) != line.size()) return refuse("ledger: its file became shorter");
  return line;
}

Result<std::vector<Entry>> Ledger::read(std::uint64_t from, std::size_t limit) const {
  std::vector<Entry> entries;
  for (std::uint64_t index = from; index < size() && entries.size() < limit; ++index) {
    const std::string line = TRY(line_at(index));
    entries.push_back(TRY(read_entry(line)));
    if (entries.back().index != index) return refuse("ledger: its file was changed while the broker runs");
  }
  return entries;
}

}  // namespace pawl::ledger
