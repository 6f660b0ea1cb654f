// What a session's cgroup holds, on a kernel with all controllers of cgroup v2. Runs as root in a virtual
// machine (run.py), whose tree it may arrange; sandboxes run as an ordinary user.
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "tests/vm/delegated.hpp"

using namespace pawl;
using namespace pawl::testing;
using Catch::Contains;

namespace {

std::uint64_t counted(const std::string& text, const std::string& key) {
  std::istringstream words(text);
  for (std::string word; words >> word;)
    if (word == key) {
      std::uint64_t value = 0;
      words >> value;
      return value;
    }
  FAIL("no " << key << " in " << text);
  return 0;
}

}  // namespace

TEST_CASE("a memory bomb ends its own session, which says why, and no other") {
  const Ground ground;
  const Tree tree("alice");
  REQUIRE(unconfined(ground, {"eat-memory", "120"}).exit_code() == 0);
  Session neighbour(ground, limited_plan(ground, {"sleep", "30"}, 64 * kMiB), tree.inside());
  REQUIRE(neighbour.sees("asleep"));
  Session bomb(ground, limited_plan(ground, {"eat-memory", "120"}, 64 * kMiB), tree.inside());
  REQUIRE(bomb.launched());
  CHECK(bomb.launch_report().limits == "memory 64 MiB");
  CHECK(bomb.launch_report().limits_missing.empty());
  const Outcome outcome = bomb.finish();
  CHECK(WIFSIGNALED(outcome.status));
  CHECK(outcome.end.out_of_memory);
  CHECK(outcome.end.trail == "the command reached its memory limit of 64 MiB");
  CHECK_FALSE(becomes_readable(neighbour.pidfd(), 200ms));
  // Enough is enough.
  const Outcome modest = run(ground, limited_plan(ground, {"eat-memory", "20"}, 64 * kMiB), tree.inside());
  CHECK(modest.exit_code() == 0);
  CHECK_FALSE(modest.end.out_of_memory);
}

TEST_CASE("what a session writes to its /tmp is memory of the session") {
  const Ground ground;
  const Tree tree("alice");
  sandbox::LaunchPlan plan = limited_plan(ground, {"fill", "/tmp/big", "100"}, 64 * kMiB);
  for (sandbox::Mount& mount : plan.mounts)
    if (mount.target == "/tmp") mount.size = 400 * kMiB;
  const Outcome outcome = run(ground, plan, tree.inside());
  CHECK(outcome.end.out_of_memory);
  plan.limits.memory = 0;
  CHECK(run(ground, plan, tree.inside()).exit_code() == 0);
}

TEST_CASE("the limit of processes is the cgroup's too") {
  const Ground ground;
  const Tree tree("alice");
  REQUIRE(unconfined(ground, {"fork-bomb", "100"}).exit_code() == 0);
  sandbox::LaunchPlan plan = limited_plan(ground, {"fork-bomb", "100"}, 64 * kMiB);
  plan.limits.processes = 30;
  const Outcome bomb = run(ground, plan, tree.inside());
  CHECK(bomb.exit_code() == EAGAIN);
  CHECK(bomb.facts().at("forked") == "28");
  plan.argv = {"/probe", "sleep", "20"};
  Session session(ground, plan, tree.inside());
  REQUIRE(session.sees("asleep"));
  CHECK(get(tree.session() + "/pids.max") == "30\n");
  CHECK(get(tree.session() + "/pids.current") == "2\n");
}

TEST_CASE("CPU time is held to the limit") {
  const Ground ground;
  const Tree tree("alice");
  REQUIRE(std::stoi(unconfined(ground, {"spin", "1500"}).facts().at("percent")) > 60);
  sandbox::LaunchPlan plan = probe_plan(ground, {"spin", "3000"});
  plan.limits.cpus = 20;
  Session session(ground, plan, tree.inside());
  REQUIRE(session.launched());
  CHECK(session.launch_report().limits == "cpus 0.2");
  const std::string cgroup = tree.session();
  CHECK(get(cgroup + "/cpu.max") == "20000 100000\n");
  CHECK(becomes_true([&] { return counted(get(cgroup + "/cpu.stat"), "nr_throttled") > 3; }));
  CHECK(std::stoi(session.finish().facts().at("percent")) < 35);
}

TEST_CASE("the weight on a busy disk is set") {
  const Ground ground;
  const Tree tree("alice");
  sandbox::LaunchPlan plan = probe_plan(ground, {"sleep", "20"});
  plan.limits.io_weight = 50;
  Session session(ground, plan, tree.inside());
  REQUIRE(session.sees("asleep"));
  CHECK_THAT(get(tree.session() + "/io.weight"), Contains("default 50\n"));
}

TEST_CASE("swap is no way around, and a session is killed as a whole") {
  const Ground ground;
  const Tree tree("alice");
  Session session(ground, limited_plan(ground, {"sleep", "20"}, 64 * kMiB), tree.inside());
  REQUIRE(session.sees("asleep"));
  CHECK(get(tree.session() + "/memory.swap.max") == "0\n");
  CHECK(get(tree.session() + "/memory.oom.group") == "1\n");
  CHECK(get(tree.session() + "/memory.max") == std::to_string(64 * kMiB) + "\n");
}

TEST_CASE("nothing of the host's cgroup tree is seen inside") {
  const Ground ground;
  const Tree tree("alice");
  const Outcome outside = unconfined(ground, {"show", "/proc/self/mountinfo"});
  REQUIRE_THAT(outside.output, Contains("cgroup2"));
  Session session(ground, limited_plan(ground, {"show", "/proc/self/cgroup"}, 64 * kMiB), tree.inside());
  CHECK(session.finish().output == "line:0::/\n");
  const Outcome mounts =
      run(ground, limited_plan(ground, {"show", "/proc/self/mountinfo"}, 64 * kMiB), tree.inside());
  CHECK_THAT(mounts.output, Contains("line:") && !Contains("cgroup"));
  const Outcome listed = run(ground, limited_plan(ground, {"list", "/sys"}, 64 * kMiB), tree.inside());
  CHECK(listed.output == "names=unreadable\n");
}

TEST_CASE("no cgroup is left when a session ends, is killed, or cannot be launched") {
  const Ground ground;
  const Tree tree("alice");
  SECTION("it ends") {
    CHECK(run(ground, limited_plan(ground, {"true"}, 64 * kMiB), tree.inside()).exit_code() == 0);
    CHECK(tree.others().empty());
  }
  SECTION("a daemon is left in it") {
    const Outcome outcome =
        run(ground, limited_plan(ground, {"daemon", "/workspace/heart"}, 64 * kMiB), tree.inside());
    CHECK(outcome.exit_code() == 0);
    CHECK(tree.others().empty());
  }
  SECTION("its client closes") {
    Session session(ground, limited_plan(ground, {"sleep", "30"}, 64 * kMiB), tree.inside());
    REQUIRE(session.sees("asleep"));
    session.client() = Channel{};
    CHECK(becomes_true([&] { return tree.others().empty(); }));
  }
  SECTION("its launcher is killed") {
    Session session(ground, limited_plan(ground, {"sleep", "30"}, 64 * kMiB), tree.inside());
    REQUIRE(session.sees("asleep"));
    REQUIRE_FALSE(tree.others().empty());
    ::kill(session.launcher(), SIGKILL);
    CHECK(becomes_true([&] { return tree.others().empty(); }));
  }
  SECTION("the launch fails") {
    sandbox::LaunchPlan plan = limited_plan(ground, {"true"}, 64 * kMiB);
    plan.mounts.back().source = "/no/such/folder";
    Session session(ground, plan, tree.inside());
    CHECK_FALSE(session.launched());
    CHECK(becomes_true([&] { return tree.others().empty(); }));
  }
}

TEST_CASE("whatever is in a session's cgroup dies with the session, also what pid 1's end would not reach") {
  const Ground ground;
  const Tree tree("alice");
  Session session(ground, limited_plan(ground, {"sleep", "30"}, 64 * kMiB), tree.inside());
  REQUIRE(session.sees("asleep"));
  const pid_t guest = ::fork();
  if (guest == 0) {
    ::pause();
    ::_exit(0);
  }
  put(tree.session() + "/cgroup.procs", std::to_string(guest));
  SECTION("its client closes") { session.client() = Channel{}; }
  SECTION("its launcher is killed") { ::kill(session.launcher(), SIGKILL); }
  int status = 0;
  CHECK(becomes_true([&] { return ::waitpid(guest, &status, WNOHANG) == guest; }));
  CHECK((WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));
  CHECK(becomes_true([&] { return tree.others().empty(); }));
}

TEST_CASE("a launcher that changes its identity limits and removes with the rights it was started with") {
  const Ground ground;
  const Tree tree("broker", "+memory +cpu +io +pids", 0);
  sandbox::LaunchPlan plan = limited_plan(ground, {"eat-memory", "120"}, 64 * kMiB);
  plan.uid = plan.gid = kOrdinaryId;
  const Session::Options options{.as = As::root, .cgroup = tree.home()};
  {
    Session bomb(ground, plan, options);
    REQUIRE(bomb.launched());
    CHECK(bomb.finish().end.out_of_memory);
  }
  CHECK(becomes_true([&] { return tree.others().empty(); }));
  plan.argv = {"/probe", "facts"};
  const Outcome facts = run(ground, plan, options);
  CHECK(facts.facts().at("uid") == std::to_string(kOrdinaryId));
}

TEST_CASE("without delegation a limit is a refusal that says why, or is reported") {
  const Ground ground;
  const Tree tree("plain", "+memory +cpu +io +pids", 0);
  sandbox::LaunchPlan plan = limited_plan(ground, {"true"}, 64 * kMiB);
  plan.limits.cpus = 150;
  plan.limits.processes = 100;
  {
    Session session(ground, plan, tree.inside());
    CHECK_FALSE(session.launched());
    CHECK_THAT(session.launch_report().trail,
               Contains("limits.memory: the cgroup /plain is not delegated to uid 65533"));
    CHECK_THAT(session.launch_report().remedy,
               Contains("no control group is delegated to this user; sudo sh -c 'cd /sys/fs/cgroup ") &&
                   Contains("best_effort = true") && Contains("pawl doctor"));
  }
  plan.limits.enforcement = sandbox::Enforcement::best_effort;
  Session session(ground, plan, tree.inside());
  REQUIRE(session.launched());
  CHECK(session.launch_report().limits == "processes 100");
  CHECK_THAT(session.launch_report().limits_missing,
             Contains("memory, cpus: the cgroup /plain is not delegated"));
  CHECK(session.finish().exit_code() == 0);
}

TEST_CASE("a controller that was not delegated is named, and the others hold") {
  const Ground ground;
  const Tree tree("alice", "+memory +io +pids");
  sandbox::LaunchPlan plan = limited_plan(ground, {"true"}, 64 * kMiB);
  plan.limits.cpus = 100;
  {
    Session session(ground, plan, tree.inside());
    CHECK_FALSE(session.launched());
    CHECK_THAT(session.launch_report().trail,
               Contains("limits.cpus: the cpu controller is not delegated to /alice"));
    CHECK_THAT(session.launch_report().remedy,
               Contains("+cpu +io +memory +pids") && Contains("best_effort = true"));
  }
  plan.limits.enforcement = sandbox::Enforcement::best_effort;
  Session session(ground, plan, tree.inside());
  REQUIRE(session.launched());
  CHECK(session.launch_report().limits == "memory 64 MiB");
  CHECK_THAT(session.launch_report().limits_missing, Contains("cpus: the cpu controller"));
  CHECK(session.finish().exit_code() == 0);
  CHECK(tree.others().empty());
}

TEST_CASE("the remedy that is named makes the limits hold") {
  const Ground ground;
  put(kTop + "/cgroup.subtree_control", "-memory -cpu -io -pids");
  const sandbox::LaunchPlan plan = limited_plan(ground, {"eat-memory", "120"}, 64 * kMiB);
  REQUIRE(::mkdir((kTop + "/bare").c_str(), 0755) == 0);
  std::string command;
  {
    Session refused(ground, plan, {.cgroup = kTop + "/bare"});
    REQUIRE_FALSE(refused.launched());
    const std::string remedy = refused.launch_report().remedy;
    const std::size_t from = remedy.find("sh -c '");
    const std::size_t to = remedy.find("', where PID");
    REQUIRE(to != std::string::npos);
    command = remedy.substr(from + 7, to - from - 7);
  }
  const auto replace = [&command](const std::string& word, const std::string& by) {
    const std::size_t at = command.find(word);
    REQUIRE(at != std::string::npos);
    command.replace(at, word.size(), by);
  };
  replace("USER", std::to_string(kOrdinaryId));
  replace(" && echo PID >pawl/shell/cgroup.procs", "");  // the harness starts the launcher there
  INFO(command);
  REQUIRE(std::system(command.c_str()) == 0);
  CHECK(run(ground, plan, {.cgroup = kTop + "/pawl/shell"}).end.out_of_memory);
  for (const char* name : {"/pawl/shell", "/pawl", "/bare"})
    CHECK(becomes_true([name] { return ::rmdir((kTop + name).c_str()) == 0; }));
}
