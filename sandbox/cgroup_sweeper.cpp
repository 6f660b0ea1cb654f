#include "sandbox/cgroup_sweeper.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "sandbox/caps.hpp"

namespace pawl::sandbox {
namespace {

constexpr int kTries = 100;
constexpr int kPause = 50;  // milliseconds between them

// The launcher's memory is copied, secrets of an action among it, and nothing of it is used.
[[noreturn]] void watch(int lifeline, int parent, const char* name) noexcept {
  ::prctl(PR_SET_NAME, "pawl-sweep", 0, 0, 0);
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  ::setpgid(0, 0);  // what ends the launcher's group is not meant for it
  sigset_t everything;
  ::sigfillset(&everything);
  ::sigprocmask(SIG_SETMASK, &everything, nullptr);
  // Above everything that is open, then down: whatever else the launcher holds is not kept open here.
  const int high_lifeline = ::fcntl(lifeline, F_DUPFD, 8);
  const int high_parent = ::fcntl(parent, F_DUPFD, 8);
  if (high_lifeline < 0 || high_parent < 0 || ::dup2(high_lifeline, 0) < 0 || ::dup2(high_parent, 1) < 0)
    ::_exit(1);
  ::close_range(2, ~0u, 0);
  // What a cgroup needs is judged by its owner. The person's folder is not kept busy.
  if (drop_own_capabilities() != 0 || ::chdir("/") != 0) ::_exit(1);
  char nothing = 0;
  while (::read(0, &nothing, 1) < 0 && errno == EINTR) continue;
  sweep(1, name);
  ::_exit(0);
}

}  // namespace

void sweep(int parent, const char* name) noexcept {
  const UniqueFd directory(::openat(parent, name, O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!directory) return;
  const UniqueFd kill(::openat(directory.get(), "cgroup.kill", O_WRONLY | O_CLOEXEC));
  for (int attempt = 0; attempt < kTries; ++attempt) {
    if (kill && ::write(kill.get(), "1", 1) < 0) return;
    if (::unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno != EBUSY) return;
    ::poll(nullptr, 0, kPause);
  }
}

Result<UniqueFd> start_sweeper(int parent, const std::string& name) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return failed("pipe");
  const UniqueFd read_end(ends[0]);
  UniqueFd write_end(ends[1]);
  const pid_t child = ::fork();
  if (child < 0) return failed("fork the process that removes the cgroup");
  if (child > 0) return write_end;
  watch(read_end.get(), parent, name.c_str());
}

}  // namespace pawl::sandbox
