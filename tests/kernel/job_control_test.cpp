// Stopping and continuing: a command in a sandbox is a job like any other, and a shell in it has jobs of its
// own.
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <thread>

#include "tests/kernel/harness.hpp"

using namespace pawl;
using namespace pawl::testing;
using sandbox::CommandKind;
using sandbox::ReportKind;
using sandbox::Stdio;

namespace {

constexpr char kStop[] = "\x1a";

void type(int master, const std::string& keys) {
  REQUIRE(::write(master, keys.data(), keys.size()) == static_cast<ssize_t>(keys.size()));
}

// What the command's terminal shows, until `text` was among it.
bool shows(int master, const std::string& text, std::string& seen) {
  const auto deadline = std::chrono::steady_clock::now() + 5s;
  while (seen.find(text) == std::string::npos && std::chrono::steady_clock::now() < deadline) {
    char buffer[4096];
    if (!becomes_readable(master, 50ms)) continue;
    const ssize_t count = ::read(master, buffer, sizeof(buffer));
    if (count <= 0) break;
    seen.append(buffer, static_cast<std::size_t>(count));
  }
  return seen.find(text) != std::string::npos;
}

std::string content_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The number in the line of that name.
std::string value_in(const std::string& text, const std::string& name) {
  const std::size_t at = text.find(name + ":\t");
  if (at == std::string::npos) return {};
  const std::size_t begin = at + name.size() + 2;
  return text.substr(begin, text.find('\n', begin) - begin);
}

// The command is stopped, and pid 1 has nothing more to say about it.
bool has_stopped(const Session& session) {
  const std::string pid = value_in(content_of("/proc/self/fdinfo/" + std::to_string(session.pidfd())), "Pid");
  int settled = 0;
  for (int round = 0; round < 500 && settled < 5; ++round, std::this_thread::sleep_for(10ms)) {
    const std::string first = content_of("/proc/" + pid + "/status");
    std::string child = content_of("/proc/" + pid + "/task/" + pid + "/children");
    child.resize(child.find(' ') == std::string::npos ? 0 : child.find(' '));
    const bool stopped = value_in(content_of("/proc/" + child + "/status"), "State").starts_with('T');
    const bool idle = value_in(first, "State").starts_with('S') &&
                      value_in(first, "ShdPnd").find_first_not_of('0') == std::string::npos;
    settled = stopped && idle ? settled + 1 : 0;
  }
  return settled == 5;
}

void require_stopped(Session& session) {
  const auto report = session.next(session.client());
  REQUIRE(report);
  REQUIRE(report->kind == ReportKind::stopped);
}

}  // namespace

TEST_CASE("Ctrl-Z stops the command, its client is told, and SIGCONT continues it", "[terminal][job]") {
  const Ground ground;
  sandbox::LaunchPlan plan = probe_plan(ground, {"beat"});
  plan.stdio[0] = {Stdio::terminal, sandbox::kNone};
  Session session(ground, plan);
  REQUIRE(session.launched());
  REQUIRE(session.sees("ready"));
  const int master = session.handed()[1].get();
  for (int round = 0; round < 3; ++round) {
    type(master, kStop);
    require_stopped(session);
    session.forget_output();
    CHECK_FALSE(session.sees("beat", 150ms));
    session.send({.kind = CommandKind::signal, .number = SIGCONT});
    CHECK(session.sees("continued"));
    CHECK(session.sees("beat"));
  }
}

TEST_CASE("a Ctrl-Z before the command is executed stops it, and it goes on from there", "[terminal][job]") {
  const Ground ground;
  sandbox::LaunchPlan plan = probe_plan(ground, {});
  plan.argv = {"sh", "-c", "echo executed"};
  // Looking for it takes a while.
  std::string path = "PATH=/none";
  while (path.size() < 100'000) path += ":/n";
  plan.environment = {path + ":/usr/bin", "HOME=/tmp"};
  plan.stdio[0] = {Stdio::terminal, sandbox::kNone};
  // On a busy host the search may be over before anybody has typed.
  for (int late = 0;; ++late) {
    REQUIRE(late < 20);
    Session session(ground, plan);
    REQUIRE(session.launched());
    type(session.handed()[1].get(), kStop);
    const auto report = session.next(session.client());
    REQUIRE(report);
    if (report->kind == ReportKind::ended) continue;
    REQUIRE(report->kind == ReportKind::stopped);
    CHECK_FALSE(session.sees("executed", 150ms));
    session.send({.kind = CommandKind::signal, .number = SIGCONT});
    CHECK(session.sees("executed"));
    CHECK(session.finish().exit_code() == 0);
    break;
  }
}

TEST_CASE("without a terminal the command stops for SIGTSTP, too", "[job]") {
  const Ground ground;
  Session session(ground, probe_plan(ground, {"beat"}));
  REQUIRE(session.sees("ready"));
  session.send({.kind = CommandKind::signal, .number = SIGTSTP});
  require_stopped(session);
  session.forget_output();
  CHECK_FALSE(session.sees("beat", 150ms));
  session.send({.kind = CommandKind::signal, .number = SIGCONT});
  CHECK(session.sees("continued"));
}

TEST_CASE("who asks a stopped command to stop is told that it has", "[job]") {
  // As where a SIGCONT was on its way, and the SIGTSTP behind it took it away.
  const Ground ground;
  Session session(ground, probe_plan(ground, {"beat"}));
  REQUIRE(session.sees("ready"));
  for (int round = 0; round < 3; ++round) {
    session.send({.kind = CommandKind::signal, .number = SIGTSTP});
    require_stopped(session);
  }
  session.send({.kind = CommandKind::signal, .number = SIGCONT});
  CHECK(session.sees("continued"));
  // Nor is it taken for stopped then.
  session.send({.kind = CommandKind::signal, .number = SIGTSTP});
  require_stopped(session);
}

TEST_CASE("a stop that the command has gone on from is told no more", "[job]") {
  const Ground ground;
  Session session(ground, shell_plan(ground, "read line; kill -STOP $$; echo goes on"));
  REQUIRE(session.launched());
  // Busy with other things, the launcher finds both at once: the stop, and the client's word.
  REQUIRE(::kill(session.launcher(), SIGSTOP) == 0);
  session.type("\n");
  REQUIRE(has_stopped(session));
  session.send({.kind = CommandKind::signal, .number = SIGCONT});
  REQUIRE(::kill(session.launcher(), SIGCONT) == 0);
  const auto report = session.next(session.client());
  REQUIRE(report);
  CHECK(report->kind == ReportKind::ended);
}

TEST_CASE("a terminal that nobody in the sandbox has open for a while is still the command's",
          "[terminal][job]") {
  const Ground ground;
  sandbox::LaunchPlan plan = probe_plan(ground, {});
  plan.argv = {"sh", "-c",
               "exec </dev/null >/dev/null 2>&1; sleep 0.3; exec >/dev/tty; echo back again; sleep 0.1"};
  plan.stdio.assign(3, {Stdio::terminal, sandbox::kNone});
  Session session(ground, plan);
  REQUIRE(session.launched());
  std::string seen;
  CHECK(shows(session.handed()[1].get(), "back again", seen));
  CHECK(session.finish().exit_code() == 0);
  // With the sandbox it ends.
  char buffer[64];
  while (::read(session.handed()[1].get(), buffer, sizeof(buffer)) > 0) continue;
  CHECK(errno == EIO);
}

TEST_CASE("a shell in the sandbox has jobs of its own, and its client is told nothing of them",
          "[terminal][job]") {
  const Ground ground;
  sandbox::LaunchPlan plan = probe_plan(ground, {});
  plan.argv = {"bash", "--norc", "--noprofile", "-i"};
  plan.environment.emplace_back("PS1=ready> ");
  plan.stdio.assign(3, {Stdio::terminal, sandbox::kNone});
  Session session(ground, plan);
  REQUIRE(session.launched());
  const int master = session.handed()[1].get();
  std::string seen;
  REQUIRE(shows(master, "ready> ", seen));
  CHECK(seen.find("no job control") == std::string::npos);
  seen.clear();
  // Without exec, sh would start it by vfork(2), and a Ctrl-Z in the middle of that stops both for good.
  type(master, "sh -c 'echo at work; exec sleep 5'\n");
  REQUIRE(shows(master, "\nat work", seen));
  type(master, kStop);
  CHECK(shows(master, "Stopped", seen));
  CHECK_FALSE(session.next(session.client(), 200ms));
  seen.clear();
  type(master, "jobs; fg\n");
  REQUIRE(shows(master, "Stopped", seen));
  type(master, "\x03");
  seen.clear();
  type(master, "exit 7\n");
  CHECK(session.finish().exit_code() == 7);
}

TEST_CASE("a command that stops itself is told of, too", "[terminal][job]") {
  const Ground ground;
  sandbox::LaunchPlan plan = shell_plan(ground, "kill -STOP $$; echo goes on");
  plan.stdio[0] = {Stdio::terminal, sandbox::kNone};
  Session session(ground, plan);
  REQUIRE(session.launched());
  require_stopped(session);
  session.send({.kind = CommandKind::signal, .number = SIGCONT});
  CHECK(session.finish().output == "goes on\n");
}

TEST_CASE("a command that stops all the time holds up neither pid 1 nor its end, and is told of once",
          "[job]") {
  const Ground ground;
  Session session(ground, probe_plan(ground, {"stop-often", "100000"}));
  REQUIRE(session.launched());
  // Nobody reads the reports meanwhile: more than the pipe and the socket would take.
  REQUIRE(becomes_readable(session.pidfd(), 18s));
  REQUIRE(session.next(session.client())->kind == ReportKind::stopped);
  CHECK(session.finish().exit_code() == 0);
}

TEST_CASE("the terminal has its size and modes before the command can look", "[terminal]") {
  const Ground ground;
  termios modes{};
  const UniqueFd example(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  REQUIRE(::tcgetattr(example.get(), &modes) == 0);
  modes.c_iflag &= ~static_cast<tcflag_t>(IXON);
  modes.c_iflag |= IUTF8;
  modes.c_cc[VERASE] = 8;
  sandbox::LaunchPlan plan = probe_plan(ground, {});
  plan.argv = {"sh", "-c", "stty size; stty -a"};
  plan.stdio[0] = {Stdio::terminal, sandbox::kNone};
  SECTION("those of the client") {
    const Outcome outcome =
        run(ground, plan, {.modes = sandbox::encode_modes(modes), .size = {.rows = 33, .columns = 101}});
    INFO(outcome.output);
    CHECK(outcome.output.starts_with("33 101\n"));
    CHECK(outcome.output.find("erase = ^H") != std::string::npos);
    CHECK(outcome.output.find(" -ixon") != std::string::npos);
    CHECK(outcome.output.find(" iutf8") != std::string::npos);
  }
  SECTION("else the kernel's") {
    const Outcome outcome = run(ground, plan);
    CHECK(outcome.output.starts_with("0 0\n"));
    CHECK(outcome.output.find("erase = ^?") != std::string::npos);
  }
  SECTION("modes that are none are refused") {
    CHECK_FALSE(run(ground, plan, {.modes = {1, 2, 3}}).launched);
  }
}
