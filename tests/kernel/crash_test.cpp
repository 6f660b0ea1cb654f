// Launcher, child and pid 1 killed at every step of a launch: nothing of the sandbox lives on, and nothing
// stays mounted. What a killed launcher leaves becomes a child of this process, so that all of it is found.
// Between the steps: killed_at_call_test.cpp.
#include <signal.h>
#include <sys/wait.h>

#include <catch2/catch.hpp>
#include <thread>

#include "sandbox/child.hpp"
#include "tests/kernel/crash_ground.hpp"
#include "tests/kernel/mutant.hpp"

using namespace pawl;
using namespace pawl::testing;
using sandbox::ReportKind;

namespace {

// Launchers that wait before a step of the child's.
class Waiting {
 public:
  Waiting() : mutant_(Mutant::load(PAWL_MUTANT)) { REQUIRE(mutant_); }
  void before(std::uint32_t step, const Ground& ground) const {
    mutant_.write(ground.launcher(), Mutant::Does::await, step);
  }

 private:
  const Mutant mutant_;
};

constexpr auto kReached = 20ms;  // until a child that is there has come to where it waits

void kill_launcher_at_every_step(const CrashGround& ground) {
  const Waiting waits;
  for (std::uint32_t step = 0; step < sandbox::step_count(); ++step) {
    INFO("before \"" << sandbox::step_name(step) << '"');
    waits.before(step, ground);
    Session session(ground, ground.plan, ground.options());
    const pid_t launcher = session.disown();
    REQUIRE(first_process(launcher) > 0);
    std::this_thread::sleep_for(kReached);
    REQUIRE(children_of(launcher).size() == 1);  // it waits
    ::kill(launcher, SIGKILL);
    REQUIRE(ground.is_left_clean());
  }
}

void kill_first_at_every_step(const CrashGround& ground) {
  const Waiting waits;
  for (std::uint32_t step = 0; step <= sandbox::step_count(); ++step) {
    INFO("before \"" << sandbox::step_name(step) << '"');  // behind the last one: it runs
    waits.before(step, ground);
    Session session(ground, ground.plan, ground.options());
    const pid_t first = first_process(session.disown());
    REQUIRE(first > 0);
    if (step == sandbox::step_count()) {
      REQUIRE(session.next(session.client())->kind == ReportKind::launched);
    } else {
      std::this_thread::sleep_for(kReached);
    }
    ::kill(first, SIGKILL);
    // Whether it was to be called launched or not, its end is told at once.
    auto report = session.next(session.client(), 1s);
    if (report && report->kind == ReportKind::launched) report = session.next(session.client(), 1s);
    REQUIRE(report);
    CHECK((report->kind == ReportKind::ended || report->kind == ReportKind::failed));
    session.client() = Channel{};
    REQUIRE(ground.is_left_clean());
  }
}

}  // namespace

TEST_CASE("a launcher that is killed at any step of the child leaves nothing", "[crash]") {
  SECTION("with a terminal") { kill_launcher_at_every_step(CrashGround(kPlain)); }
  SECTION("without one, whose hang-up would end it, too") {
    CrashGround ground(kPlain);
    ground.plan.stdio[0] = {sandbox::Stdio::descriptor, 0};
    kill_launcher_at_every_step(ground);
  }
  SECTION("with an overlay") { kill_launcher_at_every_step(CrashGround(kOverlay)); }
}

TEST_CASE("a launcher of root's that is killed at any step of the child leaves nothing", "[crash][root]") {
  if (!running_as_root()) {
    WARN("skipped: needs root");
    return;
  }
  kill_launcher_at_every_step(CrashGround(kRoots));
}

TEST_CASE("a pid 1 that is killed at any step ends the launch, and leaves nothing", "[crash]") {
  SECTION("without an overlay") { kill_first_at_every_step(CrashGround(kPlain)); }
  SECTION("with an overlay") { kill_first_at_every_step(CrashGround(kOverlay)); }
}

TEST_CASE("a pid 1 of root's that is killed at any step ends the launch, and leaves nothing",
          "[crash][root]") {
  if (!running_as_root()) {
    WARN("skipped: needs root");
    return;
  }
  kill_first_at_every_step(CrashGround(kRoots));
}

TEST_CASE("that an overlay is mounted is seen from outside", "[crash][root]") {
  if (!running_as_root()) {
    WARN("skipped: needs root");
    return;
  }
  const CrashGround ground(kOverlay);
  CHECK_FALSE(ground.is_mounted());
  Session session(ground, ground.plan, ground.options());
  REQUIRE(session.next(session.client())->kind == ReportKind::launched);
  CHECK(ground.is_mounted());
  ::kill(session.disown(), SIGKILL);
  CHECK(ground.is_left_clean());
}

TEST_CASE("a signal that comes before pid 1 can wait for it reaches the command", "[crash][job]") {
  const Ground ground;
  const Waiting waits;
  const auto last = static_cast<std::uint32_t>(sandbox::step_count() - 1);
  REQUIRE(sandbox::step_name(last) == "execute");
  // Once the child has reset its signals.
  for (const std::uint32_t step : {2u, last}) {
    INFO("before \"" << sandbox::step_name(step) << '"');
    waits.before(step, ground);
    Session session(ground, probe_plan(ground, {"sleep", "15"}), {.patience = 0ms});
    const pid_t first = first_process(session.launcher());
    REQUIRE(first > 0);
    std::this_thread::sleep_for(50ms);
    REQUIRE(::kill(first, SIGTERM) == 0);
    REQUIRE(session.next(session.client())->kind == ReportKind::launched);
    const auto ended = session.next(session.client(), 3s);
    REQUIRE(ended);
    CHECK(WEXITSTATUS(ended->status) == 128 + SIGTERM);
  }
}
