// What the launcher asks of the kernel besides: keyrings, close_range(2), pidfds. Runs in pawl-probe.
#include <fcntl.h>
#include <linux/keyctl.h>
#include <poll.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>

#include <cstring>

#include "sandbox/base/pidfd.hpp"
#include "sandbox/base/unique_fd.hpp"
#include "sandbox/keyring.hpp"
#include "tools/pawl/probe/child.hpp"

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif

namespace pawl::probe {
namespace {

constexpr char kKey[] = "pawl-probe";

constexpr int kSoon = 5000;  // milliseconds in which a killed process is gone

bool finds_key() { return ::syscall(SYS_request_key, "user", kKey, nullptr, 0) >= 0; }

}  // namespace

Result<> try_keyring(const Ground&) {
  return in_child([]() -> Result<> {
    // As the person's login: a session keyring with a key in it.
    if (::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr) < 0) {
      if (errno == ENOSYS) return nothing_to_hold("this kernel has no keyrings");
      return failed("join a session keyring");
    }
    if (::syscall(SYS_add_key, "user", kKey, "x", 1, KEY_SPEC_SESSION_KEYRING) < 0)
      return failed("add a key");
    if (!finds_key()) return failed("find a key of the session keyring");
    return in_child([]() -> Result<> {
      if (const int errnum = sandbox::join_own_keyring(); errnum != 0)
        return failed("join a session keyring", errnum);
      if (finds_key()) return got_through("a key of the person's session keyring is found from an own one");
      return {};
    });
  });
}

Result<> try_close_range(const Ground&) {
  return in_child([]() -> Result<> {
    const UniqueFd leaked(::open("/", O_PATH));
    if (!leaked) return failed("open /");
    if ((::fcntl(leaked.get(), F_GETFD) & FD_CLOEXEC) != 0) return failed("leak a descriptor", EINVAL);
    if (::syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC) != 0) return failed("close_range");
    if ((::fcntl(leaked.get(), F_GETFD) & FD_CLOEXEC) == 0)
      return got_through("a descriptor stayed open over exec after close_range");
    return {};
  });
}

Result<> try_pidfd(const Ground&) {
  int number = -1;
  const auto child =
      static_cast<pid_t>(::syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, nullptr, &number, nullptr, nullptr));
  if (child < 0) return failed("clone with a pidfd");
  if (child == 0) {
    ::pause();
    ::_exit(0);
  }
  UniqueFd pidfd(number);
  const auto killed = send_signal(pidfd, SIGKILL);
  pollfd ended{pidfd.get(), POLLIN, 0};
  const bool arrived = killed && ::poll(&ended, 1, kSoon) == 1;
  if (!arrived) ::kill(child, SIGKILL);
  const auto status = wait_for(pidfd);
  if (!status) {
    while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) continue;
    return std::unexpected(status.error());
  }
  if (!killed) return killed;
  if (!arrived) return got_through("a signal to a pidfd was accepted, and did not arrive");
  if (!WIFSIGNALED(*status) || WTERMSIG(*status) != SIGKILL) return failed("kill by pidfd", ESRCH);
  // Gone: its number may be another's by now, the descriptor never is.
  const auto again = send_signal(pidfd, SIGKILL);
  if (again || again.error().errnum != ESRCH)
    return got_through("a pidfd led to a process after its own was gone");
  return {};
}

}  // namespace pawl::probe
