// A disk that fails at a chosen step: the only place where faults exist.
#pragma once

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <string>

#include "supervisor/ledger/disk.hpp"

namespace pawl::test {

enum class Fault : std::uint8_t {
  none,
  error,        // the step fails with ENOSPC (writes) or EIO
  short_write,  // a write does a half of it; the next step fails
  abort,        // the process ends before the step
  abort_half,   // the process ends after a half of the write, or before any other step
};

class FaultyDisk final : public ledger::Disk {
 public:
  // Counts from the next step on; `step` 0 is the next one.
  void plan(Fault fault, std::uint64_t step) {
    fault_ = fault;
    left_ = step;
    failing_ = false;
  }
  std::uint64_t steps() const { return steps_; }

  ssize_t write_at(int fd, ByteSpan bytes, std::uint64_t offset) override {
    if (failing_) return fail(ENOSPC);
    switch (next()) {
      case Fault::error:
        return fail(ENOSPC);
      case Fault::short_write:
        failing_ = true;
        return disk_.write_at(fd, bytes.first(bytes.size() / 2), offset);
      case Fault::abort_half:
        (void)disk_.write_at(fd, bytes.first(bytes.size() / 2), offset);
        ::_exit(kAborted);
      case Fault::abort:
        ::_exit(kAborted);
      case Fault::none:
        break;
    }
    return disk_.write_at(fd, bytes, offset);
  }
  int sync_data(int fd) override { return faulty() ? fail(EIO) : disk_.sync_data(fd); }
  int sync_all(int fd) override { return faulty() ? fail(EIO) : disk_.sync_all(fd); }
  int truncate(int fd, std::uint64_t size) override {
    if (failing_) {  // a full disk still lets a file become shorter
      failing_ = false;
      return disk_.truncate(fd, size);
    }
    return faulty() ? fail(EIO) : disk_.truncate(fd, size);
  }
  int rename_in(int directory, const std::string& from, const std::string& to) override {
    return faulty() ? fail(ENOSPC) : disk_.rename_in(directory, from, to);
  }

  static constexpr int kAborted = 99;

 private:
  Fault next() {
    ++steps_;
    if (fault_ == Fault::none || left_-- > 0) return Fault::none;
    return std::exchange(fault_, Fault::none);
  }
  bool faulty() {
    const Fault fault = next();
    if (fault == Fault::abort || fault == Fault::abort_half) ::_exit(kAborted);
    return fault != Fault::none;
  }
  static int fail(int errnum) {
    errno = errnum;
    return -1;
  }

  ledger::Disk& disk_ = ledger::system_disk();
  Fault fault_ = Fault::none;
  std::uint64_t left_ = 0;
  std::uint64_t steps_ = 0;
  bool failing_ = false;
};

}  // namespace pawl::test
