// Signals as events: taken one by one, and none of them ends pawl on the way.
#include "tools/pawl/signals.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include <set>

using pawl::run::Signals;

namespace {

// block() is for good; the other tests of this program go on with what was before.
struct AsBefore {
  sigset_t mask{};
  struct sigaction pipe{}, output{};
  AsBefore() {
    ::sigprocmask(SIG_SETMASK, nullptr, &mask);
    ::sigaction(SIGPIPE, nullptr, &pipe);
    ::sigaction(SIGTTOU, nullptr, &output);
  }
  ~AsBefore() {
    ::sigaction(SIGPIPE, &pipe, nullptr);
    ::sigaction(SIGTTOU, &output, nullptr);
    ::sigprocmask(SIG_SETMASK, &mask, nullptr);
  }
};

}  // namespace

TEST_CASE("a signal that would end pawl becomes an event instead") {
  const AsBefore restored;
  const auto signals = Signals::block();
  REQUIRE(signals);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGWINCH, SIGCONT, SIGCHLD}) {
    ::kill(::getpid(), number);
    CHECK(signals->next() == number);
  }
  CHECK_FALSE(signals->next());
}

TEST_CASE("several signals are told one at a time") {
  const AsBefore restored;
  const auto signals = Signals::block();
  REQUIRE(signals);
  for (const int number : {SIGWINCH, SIGTERM, SIGTERM}) ::kill(::getpid(), number);
  std::multiset<int> told;
  while (const auto number = signals->next()) told.insert(*number);
  CHECK(told == std::multiset<int>{SIGTERM, SIGWINCH});  // the kernel keeps one of a kind
}

TEST_CASE("waiting for signals neither blocks nor reaches programs that are started") {
  const AsBefore restored;
  const auto signals = Signals::block();
  REQUIRE(signals);
  CHECK_FALSE(signals->next());
  CHECK((::fcntl(signals->fd(), F_GETFD) & FD_CLOEXEC) != 0);
}

TEST_CASE("writing to a pipe that nobody reads is an error and no death") {
  const AsBefore restored;
  std::signal(SIGPIPE, SIG_DFL);
  REQUIRE(Signals::block());
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  ::close(ends[0]);
  const pawl::UniqueFd writer(ends[1]);
  CHECK(::write(writer.get(), "x", 1) < 0);
  CHECK(errno == EPIPE);
}

TEST_CASE("a stop that is over already is none") {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    // A job of its own: one that could be continued, or it would not be stopped in any case.
    ::setpgid(0, 0);
    const auto signals = Signals::block();
    if (!signals) ::_exit(1);
    ::kill(::getpid(), SIGCONT);
    pawl::run::stop(pawl::run::Whom::self);
    ::_exit(signals->next() == SIGCONT ? 0 : 2);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, WUNTRACED) == child);
  if (WIFSTOPPED(status)) ::kill(child, SIGKILL);
  CHECK(WIFEXITED(status));
  CHECK(status == 0);
  if (WIFSTOPPED(status)) ::waitpid(child, nullptr, 0);
}
