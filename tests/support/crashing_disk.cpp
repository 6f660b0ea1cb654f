#include "tests/support/crashing_disk.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <stdexcept>
#include <string>

namespace pawl::test {
namespace {

struct stat look(int fd) {
  struct stat status{};
  if (::fstat(fd, &status) != 0) throw std::runtime_error("fstat");
  return status;
}

int fail(int errnum) {
  errno = errnum;
  return -1;
}

}  // namespace

bool CrashingDisk::fails() { return one_in_ != 0 && dice_(one_in_) == 0; }

void CrashingDisk::remember(int fd, std::uint64_t offset, std::uint64_t written, std::uint64_t touched) {
  const struct stat status = look(fd);
  Change change{UniqueFd(::fcntl(fd, F_DUPFD_CLOEXEC, 0)), status.st_ino, offset, written, Bytes(touched),
                static_cast<std::uint64_t>(status.st_size)};
  // The file may be open for writing alone.
  const UniqueFd readable(::open(("/proc/self/fd/" + std::to_string(fd)).c_str(), O_RDONLY | O_CLOEXEC));
  const ssize_t got = ::pread(readable.get(), change.before.data(), touched, static_cast<off_t>(offset));
  if (!change.file || got < 0) throw std::runtime_error("remember what a file held");
  change.before.resize(static_cast<std::size_t>(got));
  unsynced_.push_back(std::move(change));
}

ssize_t CrashingDisk::write_at(int fd, ByteSpan bytes, std::uint64_t offset) {
  if (fails()) {
    // Full, or room for a part of it.
    const std::size_t part = dice_(2) == 0 ? 0 : bytes.size() / 2;
    if (part == 0) return fail(ENOSPC);
    bytes = bytes.first(part);
  }
  remember(fd, offset, bytes.size(), bytes.size());
  return ledger::system_disk().write_at(fd, bytes, offset);
}

// After a sync that failed nobody knows what the disk holds: all of it can still be lost.
int CrashingDisk::sync(int fd) {
  if (fails()) return fail(EIO);
  std::erase_if(unsynced_, [inode = look(fd).st_ino](const Change& change) { return change.inode == inode; });
  return 0;
}

int CrashingDisk::truncate(int fd, std::uint64_t size) {
  if (fails()) return fail(EIO);
  const auto now = static_cast<std::uint64_t>(look(fd).st_size);
  remember(fd, size, 0, now > size ? now - size : 0);
  return ledger::system_disk().truncate(fd, size);
}

int CrashingDisk::rename_in(int directory, const std::string& from, const std::string& to) {
  if (fails()) return fail(ENOSPC);
  return ledger::system_disk().rename_in(directory, from, to);
}

// Of what was written the first `kept` bytes stay.
void CrashingDisk::undo(const Change& change, std::uint64_t kept) {
  const ByteSpan rest = ByteSpan(change.before).subspan(std::min<std::uint64_t>(kept, change.before.size()));
  const std::uint64_t from = change.offset + change.before.size() - rest.size();
  const std::uint64_t size = std::max(change.size, kept > 0 ? change.offset + kept : 0);
  if (::pwrite(change.file.get(), rest.data(), rest.size(), static_cast<off_t>(from)) !=
          static_cast<ssize_t>(rest.size()) ||
      ::ftruncate(change.file.get(), static_cast<off_t>(size)) != 0)
    throw std::runtime_error("undo a write");
}

void CrashingDisk::crash() {
  // Of each file, the first few steps have reached the disk, and maybe a part of the one after them.
  std::map<std::uint64_t, std::vector<const Change*>> files;
  for (const Change& change : unsynced_) files[change.inode].push_back(&change);
  for (const auto& [inode, changes] : files) {
    const std::size_t kept = dice_(changes.size() + 1);
    for (std::size_t i = changes.size(); i-- > kept;) {
      const bool torn = i == kept && dice_(2) == 0;
      undo(*changes[i], torn ? dice_(changes[i]->length + 1) : 0);
    }
  }
  unsynced_.clear();
  one_in_ = 0;
}

}  // namespace pawl::test
