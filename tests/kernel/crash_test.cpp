// Launcher, child and pid 1 killed at every step of a launch: nothing of the sandbox lives on, and nothing
// stays mounted. What a killed launcher leaves becomes a child of this process, so that all of it is found.
// Between the steps: killed_at_call_test.cpp.
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <thread>

#include "sandbox/child.hpp"
#include "tests/kernel/harness.hpp"
#include "tests/kernel/mutant.hpp"

using namespace pawl;
using namespace pawl::testing;
using sandbox::CommandKind;
using sandbox::ReportKind;

namespace {

using Clock = std::chrono::steady_clock;

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string mounts() { return text_of("/proc/self/mountinfo"); }

std::vector<pid_t> children_of(pid_t process) {
  const std::string id = std::to_string(process);
  std::ifstream list("/proc/" + id + "/task/" + id + "/children");
  return {std::istream_iterator<pid_t>(list), {}};
}

// The sandbox's pid 1, as the host numbers it, once it exists.
pid_t first_process(pid_t launcher) {
  for (const auto deadline = Clock::now() + 5s; Clock::now() < deadline; std::this_thread::sleep_for(1ms))
    if (const auto children = children_of(launcher); !children.empty()) return children.front();
  return -1;
}

// Whoever loses their parent is ours while this lives.
class Orphanage {
 public:
  Orphanage() { REQUIRE(::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0); }
  Orphanage(const Orphanage&) = delete;
  ~Orphanage() {
    for (const pid_t orphan : children_of(::getpid())) ::kill(orphan, SIGKILL);
    while (::waitpid(-1, nullptr, 0) > 0) continue;
    ::prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
  }
  // Nobody is left, children and orphans alike.
  bool empties(std::chrono::milliseconds time = 1s) const {
    for (const auto deadline = Clock::now() + time; Clock::now() < deadline;
         std::this_thread::sleep_for(1ms)) {
      while (::waitpid(-1, nullptr, WNOHANG) > 0) continue;
      if (children_of(::getpid()).empty()) return true;
    }
    return false;
  }
};

sandbox::LaunchPlan plan_with_all(const Ground& ground) {
  sandbox::LaunchPlan plan = probe_plan(ground, {"sleep", "15"});
  plan.stdio[0] = {sandbox::Stdio::terminal, sandbox::kNone};
  plan.listeners = {8080};
  return plan;
}

// A ground whose launcher waits before a step of the child's.
void make_wait(const Ground& ground, std::uint32_t step) {
  const Mutant mutant = Mutant::load(PAWL_MUTANT);
  REQUIRE(mutant);
  mutant.write(ground.launcher(), Mutant::Does::await, step);
}

}  // namespace

TEST_CASE("a launcher that is killed at any step of the child leaves nothing", "[crash]") {
  const Ground ground;
  // With a terminal the hang-up would end it, too.
  sandbox::LaunchPlan plan = plan_with_all(ground);
  SECTION("with a terminal") {}
  SECTION("without one") { plan.stdio[0] = {sandbox::Stdio::descriptor, 0}; }
  const Orphanage orphanage;
  const std::string before = mounts();
  for (std::uint32_t step = 0; step < sandbox::step_count(); ++step) {
    INFO("before \"" << sandbox::step_name(step) << '"');
    make_wait(ground, step);
    Session session(ground, plan, {.patience = 0ms});
    const pid_t launcher = session.disown();
    REQUIRE(first_process(launcher) > 0);
    std::this_thread::sleep_for(20ms);
    REQUIRE(children_of(launcher).size() == 1);  // it waits
    ::kill(launcher, SIGKILL);
    REQUIRE(orphanage.empties());
  }
  CHECK(mounts() == before);
}

TEST_CASE("a pid 1 that is killed at any step ends the launch, and leaves nothing", "[crash]") {
  const Ground ground;
  const Orphanage orphanage;
  const std::string before = mounts();
  for (std::uint32_t step = 0; step <= sandbox::step_count(); ++step) {
    INFO("before \"" << sandbox::step_name(step) << '"');  // behind the last one: it runs
    make_wait(ground, step);
    Session session(ground, plan_with_all(ground), {.patience = 0ms});
    const pid_t launcher = session.disown();
    const pid_t first = first_process(launcher);
    REQUIRE(first > 0);
    if (step == sandbox::step_count()) {
      REQUIRE(session.next(session.client())->kind == ReportKind::launched);
    } else {
      std::this_thread::sleep_for(20ms);
    }
    ::kill(first, SIGKILL);
    // Whether it was to be called launched or not, its end is told at once.
    auto report = session.next(session.client(), 1s);
    if (report && report->kind == ReportKind::launched) report = session.next(session.client(), 1s);
    REQUIRE(report);
    CHECK((report->kind == ReportKind::ended || report->kind == ReportKind::failed));
    session.client() = Channel{};
    REQUIRE(orphanage.empties());
  }
  CHECK(mounts() == before);
}

TEST_CASE("a signal that comes before pid 1 can wait for it reaches the command", "[crash][job]") {
  const Ground ground;
  const auto last = static_cast<std::uint32_t>(sandbox::step_count() - 1);
  REQUIRE(sandbox::step_name(last) == "execute");
  // Once the child has reset its signals.
  for (const std::uint32_t step : {2u, last}) {
    INFO("before \"" << sandbox::step_name(step) << '"');
    make_wait(ground, step);
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
