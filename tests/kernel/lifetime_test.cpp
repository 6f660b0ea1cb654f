// Who outlives whom: nothing outlives its sandbox, and no sandbox its client.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <memory>
#include <thread>

#include "sandbox/base/codec.hpp"
#include "tests/kernel/harness.hpp"

using namespace pawl;
using namespace pawl::testing;
using sandbox::CommandKind;
using sandbox::ReportKind;

namespace {

bool still_growing(const Ground& ground, const std::string& file) {
  const std::size_t before = ground.read(file).size();
  std::this_thread::sleep_for(150ms);
  return ground.read(file).size() != before;
}

}  // namespace

TEST_CASE("a daemon that forks twice dies with the command", "[lifetime]") {
  const Ground ground;
  REQUIRE(unconfined(ground, {"daemon", ground.workspace() + "/beats"}).exit_code() == 0);
  REQUIRE(still_growing(ground, "workspace/beats"));  // without a sandbox it lives on
  const Outcome outcome = run(ground, probe_plan(ground, {"daemon", "/workspace/heart"}));
  CHECK(outcome.exit_code() == 0);
  REQUIRE_FALSE(ground.read("workspace/heart").empty());
  CHECK_FALSE(still_growing(ground, "workspace/heart"));
}

TEST_CASE("when the client closes, everything dies within a second", "[lifetime]") {
  const Ground ground;
  Session session(ground, probe_plan(ground, {"sleep", "15"}));
  REQUIRE(session.launched());
  REQUIRE(session.sees("asleep"));
  session.client() = Channel{};
  CHECK(becomes_readable(session.pidfd(), 1s));
}

TEST_CASE("when the launcher is killed, everything dies within a second", "[lifetime]") {
  const Ground ground;
  Session session(ground, probe_plan(ground, {"sleep", "4"}));
  REQUIRE(session.launched());
  REQUIRE(session.sees("asleep"));
  ::kill(session.launcher(), SIGKILL);
  CHECK(becomes_readable(session.pidfd(), 1s));
}

TEST_CASE("the client can kill everything", "[lifetime]") {
  const Ground ground;
  Session session(ground, probe_plan(ground, {"sleep", "15"}));
  REQUIRE(session.launched());
  session.send({.kind = CommandKind::kill});
  const Outcome outcome = session.finish(2s);
  CHECK(WIFSIGNALED(outcome.status));
  CHECK_FALSE(outcome.timed_out);
}

TEST_CASE("a client that does not speak the protocol loses its sandbox", "[lifetime]") {
  const Ground ground;
  Session session(ground, probe_plan(ground, {"sleep", "15"}));
  REQUIRE(session.launched());
  const Bytes nonsense{1, 2, 3};
  REQUIRE(session.client().send(nonsense));
  CHECK(becomes_readable(session.pidfd(), 1s));
}

TEST_CASE("the wall time ends the sandbox, and says so", "[lifetime]") {
  const Ground ground;
  sandbox::LaunchPlan plan = probe_plan(ground, {"sleep", "15"});
  plan.wall_time = 1;
  Session session(ground, plan);
  REQUIRE(session.launched());
  const Outcome outcome = session.finish(3s);
  CHECK(outcome.timed_out);
  CHECK(WIFSIGNALED(outcome.status));
}

TEST_CASE("a lost broker leaves the session, which another can adopt", "[lifetime][broker]") {
  const Ground ground;
  sandbox::LaunchPlan plan = probe_plan(ground, {"sleep", "15"});
  plan.listeners = {8080};
  Session session(ground, plan, {.with_broker = true});
  REQUIRE(session.launched());
  CHECK(session.handed().size() == 1);  // the listeners are the broker's
  REQUIRE(session.next(session.broker())->kind == ReportKind::launched);
  CHECK(session.last_descriptors.size() == 2);
  REQUIRE(session.sees("asleep"));

  session.broker() = Channel{};
  REQUIRE(session.next(session.client())->kind == ReportKind::broker_lost);
  CHECK_FALSE(becomes_readable(session.pidfd(), 100ms));

  auto [ours, theirs] = std::move(Channel::pair()).value();
  session.send({.kind = CommandKind::adopt}, {theirs.fd()});
  theirs = Channel{};
  const auto again = session.next(ours);
  REQUIRE(again);
  CHECK(again->kind == ReportKind::launched);
  CHECK(session.last_descriptors.size() == 2);

  session.send({.kind = CommandKind::kill});
  const auto ended = session.next(ours);
  REQUIRE(ended);
  CHECK(ended->kind == ReportKind::ended);
  CHECK(session.next(session.client())->kind == ReportKind::ended);
}

TEST_CASE("the broker may kill, and learns of a failed launch", "[lifetime][broker]") {
  const Ground ground;
  sandbox::LaunchPlan plan = probe_plan(ground, {"sleep", "15"});
  SECTION("kill") {
    Session session(ground, plan, {.with_broker = true});
    REQUIRE(session.next(session.broker())->kind == ReportKind::launched);
    const sandbox::Command kill{.kind = CommandKind::kill};
    REQUIRE(session.broker().send(codec::encode(kill)));
    CHECK(becomes_readable(session.pidfd(), 1s));
  }
  SECTION("failure") {
    plan.mounts.back().source = "/no/such/folder";
    Session session(ground, plan, {.with_broker = true});
    CHECK_FALSE(session.launched());
    const auto report = session.next(session.broker());
    REQUIRE(report);
    CHECK(report->kind == ReportKind::failed);
  }
}

TEST_CASE("many sandboxes live side by side", "[lifetime]") {
  const Ground ground;
  std::vector<std::unique_ptr<Session>> sessions;
  for (int i = 0; i < 12; ++i)
    sessions.push_back(std::make_unique<Session>(ground, probe_plan(ground, {"sleep", "1"})));
  for (const auto& session : sessions) CHECK(session->finish().exit_code() == 0);
}
