#include "tools/pawl/signals.hpp"

#include <sys/signalfd.h>
#include <unistd.h>

namespace pawl::run {

Result<Signals> Signals::block() {
  sigset_t set;
  sigemptyset(&set);
  for (int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGWINCH, SIGCONT, SIGCHLD})
    sigaddset(&set, number);
  if (::sigprocmask(SIG_BLOCK, &set, nullptr) != 0) return failed("block signals");
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGTTOU, SIG_IGN);
  UniqueFd descriptor(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!descriptor) return failed("signalfd");
  return Signals(std::move(descriptor));
}

std::optional<int> Signals::next() const {
  signalfd_siginfo info{};
  if (::read(fd(), &info, sizeof(info)) != static_cast<ssize_t>(sizeof(info))) return std::nullopt;
  return static_cast<int>(info.ssi_signo);
}

void stop(Whom whom) {
  // It is over already. A SIGTSTP would take the SIGCONT away that says so.
  if (told_to_continue()) return;
  sigset_t stopping;
  sigemptyset(&stopping);
  sigaddset(&stopping, SIGTSTP);
  ::kill(whom == Whom::group ? 0 : ::getpid(), SIGTSTP);
  // It waits for us, blocked: this is where we stop.
  ::sigprocmask(SIG_UNBLOCK, &stopping, nullptr);
  ::sigprocmask(SIG_BLOCK, &stopping, nullptr);
}

bool told_to_continue() {
  sigset_t waiting;
  return ::sigpending(&waiting) == 0 && ::sigismember(&waiting, SIGCONT) == 1;
}

}  // namespace pawl::run
