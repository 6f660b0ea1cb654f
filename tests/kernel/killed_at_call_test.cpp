// The launcher and the sandbox's pid 1 killed between any two of their system calls, from the launcher's
// first to where the command runs: no process and no mount is left.
#include <signal.h>
#include <sys/syscall.h>

#include <catch2/catch.hpp>

#include "tests/kernel/crash_ground.hpp"
#include "tests/kernel/traced.hpp"

using namespace pawl;
using namespace pawl::testing;
using sandbox::ReportKind;

namespace {

enum class Ran { on, to_the_end };

// Lets the launcher make `calls` system calls, and kills it before the next; at the latest when it has told
// that the command runs.
Ran kill_launcher(const CrashGround& ground, int calls) {
  Session session(ground, ground.plan, ground.options(Traced::become));
  Traced launcher(session.disown());
  std::optional<sandbox::Report> told;
  for (int made = 0; made <= calls && !told; ++made) {
    REQUIRE(launcher.go());
    told = session.next(session.client(), 0ms);
  }
  launcher.kill();
  REQUIRE(ground.is_left_clean());  // although whoever it was started for is there still
  if (!told) return Ran::on;
  REQUIRE(told->kind == ReportKind::launched);
  return Ran::to_the_end;
}

enum class Victim { first, launcher };

// The same with the child, which becomes pid 1, until that waits for the command. When the launcher is killed
// in its stead, the child goes on if it can.
Ran kill_beside_first(const CrashGround& ground, int calls, Victim victim) {
  Session session(ground, ground.plan, ground.options(Traced::become));
  Traced launcher(session.disown());
  const pid_t launchers = launcher.pid();
  auto first = launcher.go_to_child();
  REQUIRE(first);
  const auto command_runs = [&first] { return first->call() == SYS_rt_sigtimedwait; };
  for (int made = 0; made <= calls && !command_runs(); ++made) REQUIRE(first->go());
  const Ran ran = command_runs() ? Ran::to_the_end : Ran::on;
  if (victim == Victim::first)
    first->kill();
  else
    ::kill(launchers, SIGKILL);
  first->let_go();
  REQUIRE(ground.is_left_clean());
  return ran;
}

// How many calls one run makes more than the one before. A plain launch is taken call by call; the others
// differ from it where several calls follow each other: for an overlay, or in the helpers.
constexpr int kEvery = 1;
constexpr int kSome = 3;

template <class Kill>
int sweep(const CrashGround& ground, int stride, const Kill& kill) {
  int calls = 0;
  for (Ran ran = Ran::on; ran == Ran::on; calls += stride) {
    INFO("after " << calls << " system calls");
    ran = kill(ground, calls);
  }
  return calls;
}

void sweep_launcher(const CrashGround& ground, int stride) {
  CHECK(sweep(ground, stride, kill_launcher) > 100);  // it was the whole launch
}

void sweep_first(const CrashGround& ground, int stride, Victim victim) {
  const auto kill = [victim](const CrashGround& on, int calls) {
    return kill_beside_first(on, calls, victim);
  };
  CHECK(sweep(ground, stride, kill) > 40);
}

}  // namespace

TEST_CASE("a launcher that is killed before any of its system calls leaves nothing", "[crash]") {
  SECTION("without an overlay") { sweep_launcher(CrashGround(kPlain), kEvery); }
  SECTION("with an overlay") { sweep_launcher(CrashGround(kOverlay), kSome); }
}

TEST_CASE("a launcher of root's that is killed before any of its system calls leaves nothing",
          "[crash][root]") {
  if (!running_as_root()) {
    WARN("skipped: needs root");
    return;
  }
  sweep_launcher(CrashGround(kRoots), kSome);
}

TEST_CASE("before whatever system call of pid 1's somebody is killed, nothing is left", "[crash]") {
  SECTION("pid 1") { sweep_first(CrashGround(kPlain), kEvery, Victim::first); }
  SECTION("pid 1, with an overlay") { sweep_first(CrashGround(kOverlay), kSome, Victim::first); }
  SECTION("the launcher, with an overlay") { sweep_first(CrashGround(kOverlay), kSome, Victim::launcher); }
  SECTION("the launcher, without a terminal, whose hang-up would end it, too") {
    CrashGround ground(kPlain);
    ground.plan.stdio[0] = {sandbox::Stdio::descriptor, 0};
    sweep_first(ground, kEvery, Victim::launcher);
  }
}
