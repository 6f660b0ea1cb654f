#include "supervisor/ledger/disk.hpp"

#include <unistd.h>
#include <cstdio>

namespace pawl::ledger {
namespace {

class SystemDisk final : public Disk {
 public:
  ssize_t write_at(int fd, ByteSpan bytes, std::uint64_t offset) override {
    return ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
  }
  int sync_data(int fd) override { return ::fdatasync(fd); }
  int sync_all(int fd) override { return ::fsync(fd); }
  int truncate(int fd, std::uint64_t size) override { return ::ftruncate(fd, static_cast<off_t>(size)); }
  int rename_in(int directory, const std::string& from, const std::string& to) override {
    return ::renameat(directory, from.c_str(), directory, to.c_str());
  }
};

}  // namespace

Disk& system_disk() {
  static SystemDisk disk;
  return disk;
}

Result<> write_all(Disk& disk, int fd, ByteSpan bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    const ssize_t written = disk.write_at(fd, bytes, offset);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return failed("write");
    if (written == 0) return failed("write", ENOSPC);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
  return {};
}

}  // namespace pawl::ledger
