#include "supervisor/approval/report.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/supervisor/approval/world.hpp"

using namespace pawl;
using approval::Report;
using approval::Reporter;
using receipt::Verdict;
using test::World;

namespace {

constexpr std::int64_t kSecond = 1000;

Report report_of(const World& world, approval::ReportScope scope = {}) {
  Reporter reporter(std::move(scope));
  for (const ledger::Entry& entry : world.entries) {
    const auto taken = reporter.take(entry);
    INFO((taken ? "" : taken.error().text()));
    REQUIRE(taken);
  }
  return reporter.finish();
}

const Report::Row& deploys(const Report& report) { return report.rows.at({"deployer", "deploy"}); }

void approve(World& world, const std::string& id, const std::string& person, const std::string& reason) {
  receipt::Statement statement = world.statement(id, person);
  statement.reason = reason;
  REQUIRE(world.decide_with(id, world.keys.at(person).decide(statement)));
}

}  // namespace

TEST_CASE("a report counts what was asked for and what became of it") {
  World world;
  const std::string run = world.ask("web");
  world.now += 10 * kSecond;
  REQUIRE(world.decide(run, "alice"));
  REQUIRE(world.decide(run, "bob"));
  REQUIRE(world.consume(run));
  REQUIRE(world.start(run));
  REQUIRE(world.commit(world.queue.finish(run, {approval::Ending::exited, 3, "", {}, {}})));
  const std::string denied = world.ask("db");
  world.now += 30 * kSecond;
  REQUIRE(world.decide(denied, "dave", Verdict::deny));
  const std::string late = world.ask("late");
  const std::string taken_back = world.ask("back");
  REQUIRE(world.commit(world.queue.withdraw(taken_back, approval::Withdrawal::revoked, "alice", "no")));
  world.now += 1000 * kSecond;
  world.commit_all(world.queue.expire(world.now));
  world.ask("waits");
  world.commit(
      {ledger::Kind::deny,
       {{"session", std::string(64, 'a')}, {"role", "deployer"}, {"action", "deploy"}, {"reason", "x"}}});
  world.commit({ledger::Kind::deny,
                {{"session", std::string(64, 'a')},
                 {"person", "carol"},
                 {"role", "deployer"},
                 {"action", "deploy"},
                 {"refused", 7},
                 {"joined", 2},
                 {"reason", "too often"}}});

  const Report report = report_of(world);
  const Report::Row& row = deploys(report);
  CHECK(row.requests == 5);
  CHECK(row.approved == 1);
  CHECK(row.failed == 1);
  CHECK(row.denied == 1);
  CHECK(row.expired == 1);
  CHECK(row.voided == 1);
  CHECK(row.waiting == 1);
  CHECK(row.refused == 8);
  CHECK(row.pressed == 7);
  CHECK(row.joined == 2);
  CHECK(row.emergencies == 0);
  CHECK(row.median == 20 * kSecond);  // of 10 s and 30 s
  REQUIRE(report.denials.size() == 1);
  CHECK(report.denials[0].by == "dave");
  CHECK(report.denials[0].reason == "use a rolling update");
  CHECK(report.reviewers.at("alice").approved == 1);
  CHECK(report.reviewers.at("dave").denied == 1);
}

TEST_CASE("uses of a rule for emergencies stand in the report with their reasons") {
  World world;
  world.current.rule.emergency = true;
  const std::string id = world.ask();
  approve(world, id, "alice", "the site is down");
  approve(world, id, "bob", "I see it too");
  REQUIRE(world.consume(id));
  const Report report = report_of(world);
  CHECK(deploys(report).emergencies == 1);
  REQUIRE(report.emergencies.size() == 1);
  CHECK(report.emergencies[0].state == approval::State::consumed);
  CHECK(report.emergencies[0].approvals == std::vector<std::pair<std::string, std::string>>{
                                               {"alice", "the site is down"}, {"bob", "I see it too"}});
}

TEST_CASE("a quorum that lacks a group's place is not reported as approved") {
  World world;
  world.current.rule.from[1].least = 1;
  const std::string id = world.ask();
  REQUIRE(world.decide(id, "alice"));
  REQUIRE(world.decide(id, "bob"));
  CHECK(deploys(report_of(world)).approved == 0);
  REQUIRE(world.decide(id, "dave"));
  CHECK(deploys(report_of(world)).approved == 1);
}

TEST_CASE("a report can be of one role, and from a time on") {
  World world;
  world.ask("web");
  const std::int64_t later = world.now += 100 * kSecond;
  world.ask("db");
  CHECK(deploys(report_of(world)).requests == 2);
  CHECK(deploys(report_of(world, {"", later})).requests == 1);
  CHECK(deploys(report_of(world, {"deployer", 0})).requests == 2);
  CHECK(report_of(world, {"coder", 0}).rows.empty());
}

TEST_CASE("what a restart found burned without an outcome is reported as unclear") {
  World world;
  const std::string id = world.approved();
  REQUIRE(world.consume(id));
  REQUIRE(world.start(id));
  world.restart();
  CHECK(deploys(report_of(world)).approved == 1);
  CHECK(deploys(report_of(world)).indeterminate == 1);
}
