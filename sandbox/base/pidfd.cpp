#include "sandbox/base/pidfd.hpp"

#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace pawl {
namespace {

// waitid(2) reports in parts what wait(2) packs into one word.
int packed_status(const siginfo_t& info) {
  if (info.si_code == CLD_EXITED) return (info.si_status & 0xff) << 8;
  return (info.si_status & 0x7f) | (info.si_code == CLD_DUMPED ? 0x80 : 0);
}

}  // namespace

Result<> send_signal(const UniqueFd& pidfd, int number) {
  if (::syscall(SYS_pidfd_send_signal, pidfd.get(), number, nullptr, 0) != 0)
    return failed("send signal " + std::to_string(number));
  return {};
}

Result<int> wait_for(const UniqueFd& pidfd) {
  siginfo_t info{};
  while (::waitid(P_PIDFD, static_cast<id_t>(pidfd.get()), &info, WEXITED) != 0) {
    if (errno != EINTR) return failed("wait for the process");
  }
  return packed_status(info);
}

}  // namespace pawl
