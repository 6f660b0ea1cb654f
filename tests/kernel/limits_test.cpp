// Bombs that need no cgroup to be contained: the limits that hold on every host. What a cgroup holds is
// tested in a virtual machine (tests/vm), where there is one for certain.
#include <sys/resource.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <memory>

#include "tests/kernel/harness.hpp"

using namespace pawl;
using namespace pawl::testing;

namespace {

constexpr std::uint32_t kProcesses = 40;  // of the sandboxes here

sandbox::LaunchPlan limited_plan(const Ground& ground, std::vector<std::string> arguments) {
  sandbox::LaunchPlan plan = probe_plan(ground, std::move(arguments));
  plan.limits.processes = kProcesses;
  return plan;
}

int count(const Outcome& outcome, const char* fact) {
  INFO(outcome.output);
  const auto facts = outcome.facts();
  REQUIRE(facts.contains(fact));
  return std::stoi(facts.at(fact));
}

}  // namespace

TEST_CASE("a fork bomb ends at the limit of processes, which nobody else's processes count towards",
          "[limits]") {
  const Ground ground;
  REQUIRE(unconfined(ground, {"fork-bomb", "200"}).exit_code() == 0);
  // The same user has more processes already than the limit allows.
  Session crowd(ground, probe_plan(ground, {"multiply", "60"}));
  REQUIRE(crowd.sees("multiplied"));
  for (int round = 0; round < 2; ++round) {
    const Outcome bomb = run(ground, limited_plan(ground, {"fork-bomb", "200"}));
    CHECK(bomb.exit_code() == EAGAIN);
    CHECK(count(bomb, "forked") == kProcesses - 2);  // pid 1 and the probe itself
  }
}

TEST_CASE("two sandboxes of one user have their limit of processes each", "[limits]") {
  const Ground ground;
  sandbox::LaunchPlan plan = limited_plan(ground, {"multiply", "30"});
  Session first(ground, plan);
  REQUIRE(first.sees("multiplied"));
  const Outcome second = run(ground, limited_plan(ground, {"fork-bomb", "30"}));
  CHECK(second.exit_code() == 0);
  CHECK(count(second, "forked") == 30);
}

TEST_CASE("resource limits are set and cannot be raised", "[limits]") {
  const Ground ground;
  const Outcome outside = unconfined(ground, {"raise-limits"});
  const Outcome inside = run(ground, limited_plan(ground, {"raise-limits"}));
  CHECK(count(inside, "refused") == 8);
  const auto limit = [&](int resource) {
    return count(inside, ("limit_" + std::to_string(resource)).c_str());
  };
  rlimit core{};
  ::getrlimit(RLIMIT_CORE, &core);
  CHECK(limit(RLIMIT_CORE) == (core.rlim_max == 0 ? 0 : 1));
  CHECK(limit(RLIMIT_NICE) == 0);
  CHECK(limit(RLIMIT_RTPRIO) == 0);
  CHECK(limit(RLIMIT_MEMLOCK) <= 1 << 20);
  CHECK(limit(RLIMIT_MSGQUEUE) <= 400 << 10);
  CHECK(limit(RLIMIT_SIGPENDING) <= 8192);
  CHECK(limit(RLIMIT_NPROC) == kProcesses);
  // Otherwise this host had nothing to lower.
  CHECK(outside.facts().at("limit_" + std::to_string(RLIMIT_MSGQUEUE)) !=
        inside.facts().at("limit_" + std::to_string(RLIMIT_MSGQUEUE)));
}

TEST_CASE("a bomb of open files ends at the limit of the process", "[limits]") {
  const Ground ground;
  REQUIRE(unconfined(ground, {"open-files", "900"}).exit_code() == 0);
  sandbox::LaunchPlan plan = limited_plan(ground, {"open-files", "900"});
  plan.open_files = 256;
  const Outcome bomb = run(ground, plan);
  CHECK(bomb.exit_code() == EMFILE);
  CHECK(count(bomb, "opened") < 256);
}

TEST_CASE("what is written to /tmp and /dev/shm ends at their sizes, in bytes and in files", "[limits]") {
  const Ground ground;
  REQUIRE(unconfined(ground, {"fill", ground.workspace() + "/big", "80"}).exit_code() == 0);
  ground.make_directory("workspace/many");
  REQUIRE(unconfined(ground, {"make-files", ground.workspace() + "/many", "20000"}).exit_code() == 0);
  const Outcome disk = run(ground, limited_plan(ground, {"fill", "/tmp/big", "80"}));  // 16 MiB in this plan
  CHECK(disk.exit_code() == ENOSPC);
  CHECK(count(disk, "mebibytes") <= 16);
  const Outcome shared = run(ground, limited_plan(ground, {"fill", "/dev/shm/big", "80"}));
  CHECK(shared.exit_code() == ENOSPC);
  CHECK(count(shared, "mebibytes") <= 64);
  const Outcome files = run(ground, limited_plan(ground, {"make-files", "/tmp", "20000"}));
  CHECK(files.exit_code() == ENOSPC);
  CHECK(count(files, "made") < 16384);
}

TEST_CASE("one sandbox cannot take all of the host's terminals", "[limits]") {
  const Ground ground;
  REQUIRE(unconfined(ground, {"open-terminals", "300"}).exit_code() == 0);
  const Outcome bomb = run(ground, limited_plan(ground, {"open-terminals", "300"}));
  CHECK(bomb.exit_code() == ENOSPC);
  CHECK(count(bomb, "opened") <= 128);
}

TEST_CASE("a limit that the host cannot hold is a refusal with its name, or is reported", "[limits]") {
  const Ground ground;
  sandbox::LaunchPlan plan = limited_plan(ground, {"true"});
  plan.limits.memory = std::uint64_t{64} << 20;
  plan.limits.enforcement = sandbox::Enforcement::best_effort;
  {
    Session tried(ground, plan);
    CHECK(tried.launch_report().trail.empty());
    REQUIRE(tried.launched());
    CHECK(tried.launch_report().limits.find("processes 40") != std::string::npos);
    CHECK(tried.finish().exit_code() == 0);
    if (tried.launch_report().limits_missing.empty()) return;  // this host has what it takes
    CHECK(tried.launch_report().limits_missing.starts_with("memory: "));
  }
  plan.limits.enforcement = sandbox::Enforcement::required;
  Session refused(ground, plan);
  CHECK_FALSE(refused.launched());
  CHECK(refused.launch_report().trail.find("limits.memory: ") != std::string::npos);
  CHECK(refused.launch_report().remedy.find("best_effort = true") != std::string::npos);
}
