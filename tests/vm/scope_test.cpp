// Limits through systemd: the launcher asks for a scope of its own. Runs in a virtual machine whose pid 1 is
// systemd (run.py), once as a person whose own systemd runs, once as root, and starts in a service that was
// not delegated.
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <thread>

#include "tests/kernel/harness.hpp"

using namespace pawl;
using namespace pawl::testing;
using Catch::Contains;

namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

std::string get(const std::string& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

// For root: which user the sandbox gets.
sandbox::LaunchPlan limited_plan(const Ground& ground, std::vector<std::string> arguments) {
  sandbox::LaunchPlan plan = probe_plan(ground, std::move(arguments));
  plan.limits.memory = 64 * kMiB;
  plan.limits.cpus = 150;
  plan.limits.processes = 50;
  if (running_as_root()) plan.uid = plan.gid = kOrdinaryId;
  return plan;
}

Session::Options as_we_are() { return {.as = running_as_root() ? As::root : As::ordinary}; }

std::string cgroup_of(pid_t pid) {
  std::string text = get("/proc/" + std::to_string(pid) + "/cgroup");
  REQUIRE(text.starts_with("0::/"));
  return text.substr(3, text.size() - 4);
}

bool goes_away(const std::string& cgroup) {
  const auto deadline = std::chrono::steady_clock::now() + patience(5s);
  while (std::chrono::steady_clock::now() < deadline) {
    if (!std::filesystem::exists("/sys/fs/cgroup" + cgroup)) return true;
    std::this_thread::sleep_for(20ms);
  }
  return false;
}

}  // namespace

TEST_CASE("where systemd manages the host, a session gets a scope, which goes with it", "[systemd]") {
  REQUIRE_THAT(cgroup_of(::getpid()), Contains("/system.slice/"));
  const Ground ground;
  Session session(ground, limited_plan(ground, {"sleep", "30"}), as_we_are());
  INFO(session.launch_report().trail << " " << session.launch_report().remedy);
  REQUIRE(session.launched());
  CHECK(session.launch_report().limits == "memory 64 MiB, cpus 1.5, processes 50");
  CHECK(session.launch_report().limits_missing.empty());
  const std::string launcher = cgroup_of(session.launcher());
  CHECK_THAT(launcher, Contains("/pawl-") && Catch::EndsWith(".scope/launcher"));
  const std::string above =
      running_as_root() ? "/system.slice/" : "/user@" + std::to_string(::getuid()) + ".service/";
  CHECK_THAT(launcher, Contains(above));
  const std::string scope = launcher.substr(0, launcher.rfind('/'));
  SECTION("when it ends") {
    session.send({.kind = sandbox::CommandKind::kill});
    session.finish();
  }
  SECTION("when its launcher is killed") { ::kill(session.launcher(), SIGKILL); }
  CHECK(goes_away(scope));
}

TEST_CASE("in a scope the limits hold", "[systemd]") {
  const Ground ground;
  REQUIRE(unconfined(ground, {"eat-memory", "120"}).exit_code() == 0);
  const Outcome memory = run(ground, limited_plan(ground, {"eat-memory", "120"}), as_we_are());
  CHECK(memory.end.out_of_memory);
  CHECK(memory.end.trail == "the command reached its memory limit of 64 MiB");
  const Outcome forks = run(ground, limited_plan(ground, {"fork-bomb", "100"}), as_we_are());
  CHECK(forks.facts().at("forked") == "48");
  const Outcome seen = run(ground, limited_plan(ground, {"show", "/proc/self/cgroup"}), as_we_are());
  CHECK(seen.output == "line:0::/\n");
}

TEST_CASE("what a scope costs is printed", "[systemd]") {
  const Ground ground;
  const auto median = [&](std::uint64_t memory) {
    std::vector<std::chrono::microseconds> times;
    for (int round = 0; round < 9; ++round) {
      sandbox::LaunchPlan plan = limited_plan(ground, {"true"});
      plan.limits = {.memory = memory};
      const auto started = std::chrono::steady_clock::now();
      Session session(ground, plan, as_we_are());
      times.push_back(
          std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - started));
      CHECK(session.finish().exit_code() == 0);
    }
    std::ranges::sort(times);
    return times[times.size() / 2].count();
  };
  const auto without = median(0);
  const auto with = median(64 * kMiB);
  std::cerr << "launch without limits " << without << " us, in a scope " << with << " us (emulated)\n";
  CHECK(with > without);
}
