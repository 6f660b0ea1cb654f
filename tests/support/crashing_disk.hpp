// A disk on which a crash loses what was not synced: some of it, in any order between files, the last write
// torn. It can also be full, fall short, or fail to sync. Everything is decided by the test's own dice.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "sandbox/base/bytes.hpp"
#include "sandbox/base/unique_fd.hpp"
#include "supervisor/ledger/disk.hpp"

namespace pawl::test {

// A number below `bound`.
using Dice = std::function<std::uint64_t(std::uint64_t bound)>;

class CrashingDisk final : public ledger::Disk {
 public:
  explicit CrashingDisk(Dice dice) : dice_(std::move(dice)) {}

  // From now on one step in `one_in` fails; 0: none.
  void fail_sometimes(std::uint64_t one_in) { one_in_ = one_in; }
  // The machine loses power: to be called when nobody has the files open any more.
  void crash();

  ssize_t write_at(int fd, ByteSpan bytes, std::uint64_t offset) override;
  int sync_data(int fd) override { return sync(fd); }
  int sync_all(int fd) override { return sync(fd); }
  int truncate(int fd, std::uint64_t size) override;
  int rename_in(int directory, const std::string& from, const std::string& to) override;

 private:
  // What stood in a file before a step that is not durable yet.
  struct Change {
    UniqueFd file;
    std::uint64_t inode = 0;
    std::uint64_t offset = 0;
    std::uint64_t length = 0;  // of what the step wrote
    Bytes before;              // what stood there, as far as the file reached
    std::uint64_t size = 0;    // of the file, before
  };

  bool fails();
  int sync(int fd);
  void remember(int fd, std::uint64_t offset, std::uint64_t written, std::uint64_t touched);
  static void undo(const Change& change, std::uint64_t kept);

  Dice dice_;
  std::uint64_t one_in_ = 0;
  std::vector<Change> unsynced_;
};

}  // namespace pawl::test
