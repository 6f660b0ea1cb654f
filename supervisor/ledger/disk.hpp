// The few system calls on which durability rests, behind one seam, so that tests can make any of them fail,
// fall short or be the last thing that this process did. The shipped broker always uses system_disk(). Runs
// in the broker with its own rights.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "sandbox/base/bytes.hpp"
#include "sandbox/base/error.hpp"

namespace pawl::ledger {

// Each does what the system call of that name does, -1 and errno on failure.
class Disk {
 public:
  virtual ~Disk() = default;
  virtual ssize_t write_at(int fd, ByteSpan bytes, std::uint64_t offset) = 0;  // pwrite(2): may fall short
  virtual int sync_data(int fd) = 0;                                           // fdatasync(2)
  virtual int sync_all(int fd) = 0;                                            // fsync(2)
  virtual int truncate(int fd, std::uint64_t size) = 0;                        // ftruncate(2)
  virtual int rename_in(int directory, const std::string& from, const std::string& to) = 0;  // renameat(2)
};

Disk& system_disk();  // stateless

// All of `bytes`, going on after a short write; on failure a part may be there.
Result<> write_all(Disk& disk, int fd, ByteSpan bytes, std::uint64_t offset);

}  // namespace pawl::ledger
