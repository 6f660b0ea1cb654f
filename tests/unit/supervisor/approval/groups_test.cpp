// Groups with counts of their own, steps that let further people approve, emergencies, cooldown and rates, as
// the machine and the log's verification judge them.
#include <catch2/catch.hpp>

#include "supervisor/approval/evidence.hpp"
#include "tests/unit/supervisor/approval/world.hpp"

using namespace pawl;
using approval::State;
using receipt::Verdict;
using test::World;

namespace {

constexpr std::int64_t kSecond = 1000;

// One of the two must decide as a member of @security, which holds bob and dave; carol launched.
World with_security(std::uint32_t least = 1, std::int64_t after = 0) {
  World world;
  approval::Group& second = world.current.rule.from[1];
  second.name = "@security";
  second.least = least;
  second.after = after;
  return world;
}

Result<> decide_as(World& world, const std::string& id, const std::string& person, const std::string& group,
                   Verdict verdict = Verdict::approve, const std::string& reason = "") {
  receipt::Statement statement = world.statement(id, person, verdict);
  statement.group = group;
  if (!reason.empty()) statement.reason = reason;
  return world.decide_with(id, world.keys.at(person).decide(statement));
}

std::string why_not(const Result<>& result) { return result ? "" : result.error().text(); }

}  // namespace

TEST_CASE("a quorum without the group that must be heard is not enough") {
  World world = with_security();
  const std::string id = world.ask();
  REQUIRE(decide_as(world, id, "alice", "@sre"));
  REQUIRE(decide_as(world, id, "bob", "@sre"));  // in @security too, but not as its member
  CHECK(world.state(id) == State::pending);
  const approval::Missing missing = world.queue.find(id).value()->missing();
  CHECK(missing.persons == 1);
  REQUIRE(missing.of_groups.size() == 1);
  CHECK(missing.of_groups[0].group == "@security");
  CHECK(missing.of_groups[0].persons == 1);
  CHECK_FALSE(world.consume(id));
  REQUIRE(decide_as(world, id, "dave", "@security"));
  CHECK(world.state(id) == State::approved);
  REQUIRE(world.consume(id));
  CHECK(world.verify_log());
}

TEST_CASE("one person is not two by naming another group") {
  World world = with_security();
  const std::string id = world.ask();
  REQUIRE(decide_as(world, id, "bob", "@sre"));
  CHECK_FALSE(decide_as(world, id, "bob", "@security"));
  REQUIRE(decide_as(world, id, "alice", "@sre"));
  CHECK(world.state(id) == State::pending);
}

TEST_CASE("the group is what the signature says, not what the person could have said") {
  World world = with_security();
  const std::string id = world.ask();
  CHECK_FALSE(decide_as(world, id, "alice", "@security"));  // not a member
  CHECK(decide_as(world, id, "bob", "@security"));
}

TEST_CASE("who decides only after a time is refused before it, and counts from it on") {
  World world = with_security(0, 300);
  const std::string id = world.ask();
  CHECK(why_not(decide_as(world, id, "dave", "@security")).find("not before") != std::string::npos);
  REQUIRE(decide_as(world, id, "bob", "@sre"));  // bob's other group is open
  world.now += 299 * kSecond;
  CHECK_FALSE(decide_as(world, id, "dave", "@security"));
  world.now += kSecond;
  REQUIRE(decide_as(world, id, "dave", "@security"));
  CHECK(world.state(id) == State::approved);
  REQUIRE(world.consume(id));
  CHECK(world.verify_log());
}

TEST_CASE("a denial is welcome from whoever the rule names, at any time") {
  World world = with_security(0, 300);
  const std::string id = world.ask();
  CHECK(decide_as(world, id, "dave", "@security", Verdict::deny, "not now"));
  CHECK(world.state(id) == State::denied);
  CHECK(world.verify_log());
}

TEST_CASE("an escalation is told once, with a restart between too") {
  World world = with_security(0, 300);
  const std::string id = world.ask();
  CHECK(world.queue.escalate(world.now, "ring").empty());
  world.now += 301 * kSecond;
  auto begun = world.queue.escalate(world.now, "ring");
  REQUIRE(begun.size() == 1);
  CHECK(begun[0].request == id);
  CHECK(begun[0].groups == std::vector<std::string>{"@security"});
  world.commit(begun[0].step);
  CHECK(world.queue.escalate(world.now, "ring").empty());
  world.restart();
  CHECK(world.queue.escalate(world.now, "ring").empty());
  CHECK(world.verify_log());
}

TEST_CASE("an escalation that falls into a time without a broker is told by the next one") {
  World world = with_security(0, 300);
  world.current.rule.from.push_back({"@late", {{"dave", {world.keys.at("dave").line()}}}, 0, 600});
  world.ask();
  world.now += 700 * kSecond;
  world.restart();
  CHECK(world.queue.escalate(world.now, "").size() == 2);  // both steps
}

TEST_CASE("an escalation of what waits no more is told to nobody") {
  World world = with_security(0, 300);
  const std::string id = world.ask();
  SECTION("denied") { REQUIRE(world.decide(id, "alice", Verdict::deny)); }
  SECTION("approved") {
    REQUIRE(world.decide(id, "alice"));
    REQUIRE(world.decide(id, "bob"));
  }
  SECTION("expired") { world.now += 600 * kSecond; }
  world.now += 301 * kSecond;
  CHECK(world.queue.escalate(world.now, "").empty());
}

TEST_CASE("a log in which a step was told before it began, or twice, does not verify") {
  World world = with_security(0, 300);
  world.ask();
  world.now += 301 * kSecond;
  const auto begun = world.queue.escalate(world.now, "");
  SECTION("twice") {
    world.commit(begun[0].step);
    CHECK_THROWS(world.commit(begun[0].step));
  }
  SECTION("too early") {
    world.now -= 2 * kSecond;
    CHECK_THROWS(world.commit(begun[0].step));
  }
  SECTION("of a step that the rule does not have") {
    approval::Step other = begun[0].step;
    other.body["after"] = 299;
    CHECK_THROWS(world.commit(other));
  }
  CHECK_FALSE(world.verify_log());
}

TEST_CASE("the log's verification judges escalation by the time of the entry") {
  World world = with_security(0, 300);
  const std::string id = world.ask();
  REQUIRE(world.decide(id, "alice"));
  world.now += 300 * kSecond;
  REQUIRE(decide_as(world, id, "dave", "@security"));
  REQUIRE(world.verify_log());
  // As somebody would leave it who can write the ledger, and wants the decision to have come early.
  ledger::Entry& last = world.entries.back();
  last.time -= 10 * kSecond;
  last = ledger::read_entry(ledger::write_entry(last).value()).value();
  const auto report = world.verify_log();
  REQUIRE_FALSE(report);
  CHECK(report.error().text().find("not before") != std::string::npos);
}

TEST_CASE("an approval for an emergency needs a reason, and a blank is none") {
  World world;
  world.current.rule.emergency = true;
  const std::string id = world.ask();
  CHECK(why_not(decide_as(world, id, "alice", "@sre")).find("needs a reason") != std::string::npos);
  CHECK_FALSE(decide_as(world, id, "alice", "@sre", Verdict::approve, "  \t"));
  REQUIRE(decide_as(world, id, "alice", "@sre", Verdict::approve, "the site is down"));
  REQUIRE(decide_as(world, id, "bob", "@sre", Verdict::approve, "I see it too"));
  REQUIRE(world.consume(id));
  CHECK(world.verify_log());
}

TEST_CASE("a rule for security keys takes no other key") {
  World world;
  world.current.rule.hardware = true;
  const auto proposed = world.propose(world.proposal());
  REQUIRE_FALSE(proposed);
  CHECK(proposed.error().text().find("no security key's") != std::string::npos);
}

TEST_CASE("a rule whose groups need more than there are is refused") {
  using approval::check_rule;
  World world = with_security(2);  // bob and dave: enough
  CHECK(check_rule(world.current.rule, "carol"));
  CHECK_FALSE(check_rule(world.current.rule, "bob"));  // left out, dave alone remains
  world.current.rule.from[0].least = 1;                // three places for a quorum of two
  CHECK_FALSE(check_rule(world.current.rule, "carol"));
  world.current.rule.quorum = 3;
  CHECK(check_rule(world.current.rule, "carol"));
  world.current.rule.from[1].least = 3;
  CHECK_FALSE(check_rule(world.current.rule, "carol"));
  SECTION("shared members fill one place each") {
    approval::Rule rule = with_security(1).current.rule;
    rule.from[0] = {"@sre", {rule.from[0].members[1]}, 1};  // bob alone
    rule.from[1].members = {rule.from[1].members[0]};       // bob alone
    CHECK_FALSE(check_rule(rule, "carol"));
  }
  SECTION("a group that opens when it is too late") {
    approval::Rule rule = with_security(0, 900).current.rule;
    CHECK_FALSE(check_rule(rule, "carol"));
  }
}

TEST_CASE("decisions are judged again by the rule of now: its groups and counts too") {
  World world = with_security();
  const std::string id = world.ask();
  REQUIRE(decide_as(world, id, "alice", "@sre"));
  REQUIRE(decide_as(world, id, "bob", "@security"));
  REQUIRE(world.state(id) == State::approved);
  // (The policy digest would tell this already; the machine does not rely on it.)
  SECTION("one more of the group") { world.current.rule.from[1].least = 2; }
  SECTION("a member who left") {
    world.current.rule.from[1].members.erase(world.current.rule.from[1].members.begin());
  }
  SECTION("a group that opens later") { world.current.rule.from[1].after = 60; }
  SECTION("an emergency") { world.current.rule.emergency = true; }
  SECTION("security keys") { world.current.rule.hardware = true; }
  CHECK_FALSE(world.consume(id));
}

TEST_CASE("after a denial the same asker waits as long as the longer cooldown says") {
  World world;
  world.current.rule.cooldown = 600;
  const std::string id = world.ask("web");
  REQUIRE(world.decide(id, "alice", Verdict::deny));
  world.now += 61 * kSecond;
  CHECK_FALSE(world.propose(world.proposal("web")));
  CHECK(world.propose(world.proposal("other")));
  CHECK(world.propose(world.proposal("web", 'b')));  // another session
  world.restart();
  world.current.rule.cooldown = 60;  // shortened since
  world.now += 500 * kSecond;
  CHECK_FALSE(world.propose(world.proposal("web")));
  world.now += 40 * kSecond;
  CHECK(world.propose(world.proposal("web")));
}

TEST_CASE("a rule's rate is counted for an asker and an action, over a restart too") {
  World world;
  world.current.rule.rates = {{3, 3600}, {4, 7200}};
  for (int i = 0; i < 3; ++i) REQUIRE(world.propose(world.proposal("service-" + std::to_string(i))));
  world.restart();
  const auto fourth = world.propose(world.proposal("service-3"));
  REQUIRE_FALSE(fourth);
  CHECK(fourth.error().text().find("are all that the rule two-person allows") != std::string::npos);
  CHECK(world.queue.counts({std::string(64, 'a'), "carol"}).refused == 1);
  CHECK(world.propose(world.proposal("service-3", 'b')));
  approval::Proposal other = world.proposal("service-4");
  other.action = "undeploy";
  CHECK(world.propose(other));
  CHECK(world.propose(world.proposal("service-0")));  // joins what waits
  world.now += 3600 * kSecond;
  CHECK(world.propose(world.proposal("service-5")));
  CHECK_FALSE(world.propose(world.proposal("service-6")));  // the fourth within two hours was the last
}
