// The person's terminal: whoever made it raw may be killed, and it must not stay so.
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "sandbox/base/codec.hpp"
#include "tests/kernel/harness.hpp"

using namespace pawl;
using namespace pawl::testing;
using sandbox::CommandKind;
using sandbox::ReportKind;

namespace {

constexpr char kReset[] = "(put back)";

// A pty that stands for the terminal that the person sits at.
class PersonsTerminal {
 public:
  PersonsTerminal() : screen_(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK)) {
    REQUIRE(::grantpt(screen_.get()) == 0);
    REQUIRE(::unlockpt(screen_.get()) == 0);
    char name[64];
    REQUIRE(::ptsname_r(screen_.get(), name, sizeof(name)) == 0);
    line_ = UniqueFd(::open(name, O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK));
    REQUIRE(line_);
    REQUIRE(::tcgetattr(line_.get(), &before_) == 0);
    before_.c_cc[VERASE] = 8;  // not the kernel's usual: what comes back must be what was there
    set(before_);
  }

  void set(const termios& modes) { REQUIRE(::tcsetattr(line_.get(), TCSANOW, &modes) == 0); }
  termios raw() const {
    termios modes = before_;
    ::cfmakeraw(&modes);
    return modes;
  }
  sandbox::TerminalState state() const {
    return {sandbox::encode_modes(before_), sandbox::encode_modes(raw()), kReset};
  }
  int line() const { return line_.get(); }

  bool is_as_before() const {
    termios now{};
    return ::tcgetattr(line_.get(), &now) == 0 && now.c_lflag == before_.c_lflag &&
           now.c_iflag == before_.c_iflag && now.c_oflag == before_.c_oflag && now.c_cc[VERASE] == 8;
  }
  std::string shown(std::chrono::milliseconds time = 1s) const {
    char buffer[256];
    if (!becomes_readable(screen_.get(), time)) return {};
    const ssize_t count = ::read(screen_.get(), buffer, sizeof(buffer));
    return {buffer, count > 0 ? static_cast<std::size_t>(count) : 0};
  }

 private:
  UniqueFd screen_;
  UniqueFd line_;
  termios before_{};
};

// Hands it over and makes it raw, as pawl run does.
void take(Session& session, PersonsTerminal& terminal) {
  session.send({.kind = CommandKind::guard, .person = terminal.state()}, {terminal.line()});
  terminal.set(terminal.raw());
}

bool ends(pid_t process, std::chrono::milliseconds time) {
  const auto deadline = std::chrono::steady_clock::now() + time;
  do {
    siginfo_t info{};
    if (::waitid(P_PID, static_cast<id_t>(process), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
        info.si_pid == process)
      return true;
    ::usleep(10'000);
  } while (std::chrono::steady_clock::now() < deadline);
  return false;
}

}  // namespace

TEST_CASE("a terminal whose client was killed is put back", "[terminal][guard]") {
  const Ground ground;
  PersonsTerminal terminal;
  Session session(ground, probe_plan(ground, {"sleep", "15"}));
  REQUIRE(session.launched());
  take(session, terminal);
  REQUIRE_FALSE(terminal.is_as_before());
  SECTION("while the command runs, which dies") {
    session.client() = Channel{};
    CHECK(terminal.shown() == kReset);
    CHECK(terminal.is_as_before());
    CHECK(becomes_readable(session.pidfd(), 1s));
  }
  SECTION("also over what the command wrote last") {
    session.send({.kind = CommandKind::kill});
    REQUIRE(becomes_readable(session.pidfd(), 1s));
    CHECK(terminal.shown(100ms).empty());
    CHECK_FALSE(ends(session.launcher(), 100ms));
    session.client() = Channel{};
    CHECK(terminal.shown() == kReset);
    CHECK(terminal.is_as_before());
    CHECK(ends(session.launcher(), 1s));
  }
  SECTION("when the client says nonsense") {
    const Bytes nonsense{1, 2, 3};
    REQUIRE(session.client().send(nonsense));
    CHECK(terminal.shown() == kReset);
    CHECK(terminal.is_as_before());
  }
  SECTION("when the client asks for it, for a guest of its own, and only once") {
    session.send({.kind = CommandKind::put_back});
    CHECK(terminal.shown() == kReset);
    CHECK(terminal.is_as_before());
    session.client() = Channel{};
    CHECK(terminal.shown(200ms).empty());
  }
}

TEST_CASE("a terminal that is somebody else's again is left alone", "[terminal][guard]") {
  const Ground ground;
  PersonsTerminal terminal;
  Session session(ground, probe_plan(ground, {"sleep", "15"}));
  REQUIRE(session.launched());
  take(session, terminal);
  SECTION("released: nothing is done to it") {
    session.send({.kind = CommandKind::release});
    session.client() = Channel{};
    REQUIRE(becomes_readable(session.pidfd(), 1s));
    CHECK(terminal.shown(200ms).empty());
    CHECK_FALSE(terminal.is_as_before());
  }
  SECTION("with modes that the shell has set meanwhile: they stay") {
    termios shells = terminal.raw();
    shells.c_lflag |= ISIG;
    terminal.set(shells);
    session.client() = Channel{};
    CHECK(terminal.shown() == kReset);
    termios now{};
    REQUIRE(::tcgetattr(terminal.line(), &now) == 0);
    CHECK(now.c_lflag == shells.c_lflag);
  }
  SECTION("released, the launcher ends with the command") {
    session.send({.kind = CommandKind::release});
    session.send({.kind = CommandKind::kill});
    CHECK(ends(session.launcher(), 1s));
  }
}

TEST_CASE("the broker has no say about the person's terminal", "[terminal][guard][broker]") {
  const Ground ground;
  PersonsTerminal terminal;
  Session session(ground, probe_plan(ground, {"sleep", "15"}), {.with_broker = true});
  REQUIRE(session.launched());
  take(session, terminal);
  for (const CommandKind kind : {CommandKind::put_back, CommandKind::release}) {
    const sandbox::Command command{.kind = kind};
    REQUIRE(session.broker().send(codec::encode(command)));
    const auto report = session.next(session.client());
    REQUIRE(report);
    CHECK(report->kind == ReportKind::broker_lost);
    auto [ours, theirs] = std::move(Channel::pair()).value();
    session.send({.kind = CommandKind::adopt}, {theirs.fd()});
    session.broker() = std::move(ours);
    REQUIRE(session.next(session.broker())->kind == ReportKind::launched);
  }
  CHECK(terminal.shown(100ms).empty());
  session.client() = Channel{};
  CHECK(terminal.shown() == kReset);
  CHECK(terminal.is_as_before());
}

TEST_CASE("the person's terminal is nowhere in the sandbox", "[terminal][guard]") {
  const Ground ground;
  PersonsTerminal terminal;
  sandbox::LaunchPlan plan = shell_plan(ground, "read line; /probe facts; /probe look-at-init");
  Session session(ground, plan);
  REQUIRE(session.launched());
  take(session, terminal);
  session.type("go\n");
  auto facts = session.finish().facts();
  CHECK(facts["fds"] == "0 1 2 ");
  CHECK(facts["controlling"] == "no");
  CHECK(facts["init_fds"] == "unreadable");
}
