#include "supervisor/approval/queue.hpp"

#include <catch2/catch.hpp>
#include <chrono>

#include "supervisor/receipt/json_fields.hpp"
#include "tests/unit/supervisor/approval/world.hpp"

using namespace pawl;
using approval::Doubt;
using approval::State;
using approval::Withdrawal;
using receipt::Verdict;
using test::World;

namespace {

constexpr std::int64_t kSecond = 1000;

approval::Asker asker(char session) { return {std::string(64, session), "carol"}; }

}  // namespace

TEST_CASE("a request lives from being asked to its outcome") {
  World world;
  const std::string id = world.ask();
  CHECK(world.state(id) == State::pending);
  REQUIRE(world.decide(id, "alice"));
  CHECK(world.state(id) == State::pending);
  CHECK(world.queue.find(id).value()->approvals() == 1);
  REQUIRE(world.decide(id, "bob"));
  CHECK(world.state(id) == State::approved);
  REQUIRE(world.consume(id));
  CHECK(world.state(id) == State::consumed);
  CHECK(world.queue.find(id).value()->consumed_at == world.entries.size() - 1);
  REQUIRE(world.start(id));
  CHECK(world.state(id) == State::executing);
  REQUIRE(world.finish(id));
  CHECK(world.state(id) == State::done);
  CHECK(world.queue.find(id).value()->outcome->code == 0);
  CHECK(world.verify_log());
}

TEST_CASE("no step can be taken out of turn") {
  World world;
  const std::string id = world.ask();
  CHECK_FALSE(world.consume(id));
  CHECK_FALSE(world.start(id));
  CHECK_FALSE(world.finish(id));
  REQUIRE(world.decide(id, "alice"));
  CHECK_FALSE(world.consume(id));
  REQUIRE(world.decide(id, "bob"));
  CHECK_FALSE(world.start(id));
  REQUIRE(world.consume(id));
  CHECK_FALSE(world.consume(id));
  CHECK_FALSE(world.finish(id));
  REQUIRE(world.start(id));
  CHECK_FALSE(world.start(id));
  CHECK_FALSE(world.consume(id));
  REQUIRE(world.finish(id));
  CHECK_FALSE(world.finish(id));
  CHECK_FALSE(world.start(id));
  CHECK_FALSE(world.consume(id));
  CHECK_FALSE(world.decide(id, "dave", Verdict::deny));
}

TEST_CASE("a receipt is burned once, also after a restart") {
  World world;
  const std::string id = world.approved();
  REQUIRE(world.consume(id));
  world.restart();
  CHECK_FALSE(world.consume(id));
  CHECK(world.state(id) == State::indeterminate);
  CHECK_FALSE(world.start(id));
}

TEST_CASE("two keys of one person are one person") {
  World world;
  const std::string id = world.ask();
  REQUIRE(world.decide(id, "alice"));
  CHECK_FALSE(world.decide_with(id, world.keys.at("alice2").decide(world.statement(id, "alice"))));
  CHECK(world.state(id) == State::pending);
}

TEST_CASE("one person in two groups is one person") {
  World world;
  const std::string id = world.ask();
  REQUIRE(world.decide(id, "bob"));
  receipt::Statement statement = world.statement(id, "bob");
  statement.group = "@oncall";
  CHECK_FALSE(world.decide_with(id, world.keys.at("bob").decide(statement)));
}

TEST_CASE("one denial ends it and its reason is kept") {
  World world;
  const std::string id = world.ask();
  SECTION("first") {}
  SECTION("after an approval") { REQUIRE(world.decide(id, "alice")); }
  SECTION("after enough approvals, while nothing is burned") {
    REQUIRE(world.decide(id, "alice"));
    REQUIRE(world.decide(id, "dave"));
    REQUIRE(world.state(id) == State::approved);
  }
  REQUIRE(world.decide(id, "bob", Verdict::deny));
  CHECK(world.state(id) == State::denied);
  CHECK(world.queue.find(id).value()->by == "bob");
  CHECK(world.queue.find(id).value()->reason == "use a rolling update");
  CHECK_FALSE(world.consume(id));
  CHECK_FALSE(world.decide(id, "dave"));
}

TEST_CASE("who approved may still deny") {
  World world;
  const std::string id = world.ask();
  REQUIRE(world.decide(id, "alice"));
  REQUIRE(world.decide(id, "alice", Verdict::deny));
  CHECK(world.state(id) == State::denied);
}

TEST_CASE("time over is a refusal at every step before the receipt is burned") {
  World world;
  const std::string id = world.approved();
  const std::string waiting = world.ask("db");
  CHECK(world.queue.next_expiry() == world.now + 900 * kSecond);
  world.now += 900 * kSecond - 1;
  CHECK(world.queue.expire(world.now).empty());
  world.now += 1;
  CHECK_FALSE(world.consume(id));
  CHECK_FALSE(world.decide(waiting, "alice"));
  CHECK_FALSE(world.decide(waiting, "alice", Verdict::deny));
  world.commit_all(world.queue.expire(world.now));
  CHECK(world.state(id) == State::expired);
  CHECK(world.state(waiting) == State::expired);
  CHECK_FALSE(world.queue.next_expiry());
  CHECK(world.verify_log());
}

TEST_CASE("a policy that changed since refuses decisions and receipts") {
  World world;
  const std::string id = world.approved();
  const std::string waiting = world.ask("db");
  world.current.policy[0] ^= 1;
  CHECK_FALSE(world.consume(id));
  CHECK_FALSE(world.decide(waiting, "alice"));
  CHECK(world.state(id) == State::approved);
}

TEST_CASE("what was asked under another policy can still be denied") {
  World world;
  const std::string waiting = world.ask("db");
  world.current.policy[0] ^= 1;
  CHECK(world.decide(waiting, "alice", Verdict::deny));
  CHECK(world.state(waiting) == State::denied);
}

TEST_CASE("people who changed since are found out when the receipt is burned") {
  World world;
  const std::string id = world.approved();
  auto& sre = world.current.rule.from[0].members;
  SECTION("a key was removed") { sre[0].keys.erase(sre[0].keys.begin()); }
  SECTION("a person left") { sre.erase(sre.begin()); }
  SECTION("the quorum grew") { world.current.rule.quorum = 3; }
  SECTION("the quorum became nothing") { world.current.rule.quorum = 0; }
  CHECK_FALSE(world.consume(id));
}

TEST_CASE("a decision in the ledger that does not hold is not spent, whatever the state says") {
  World world;
  const std::string id = world.ask();
  REQUIRE(world.decide(id, "alice"));
  // Slipped into the ledger without decide(): bob's statement under mallory's signature.
  receipt::SignedDecision forged = world.keys.at("mallory").decide(world.statement(id, "bob"));
  forged.key = world.keys.at("bob").line();
  world.commit({ledger::Kind::decision, {{"request", id}, {"decision", receipt::to_object(forged)}}});
  REQUIRE(world.state(id) == State::approved);
  CHECK_FALSE(world.consume(id));
  CHECK_FALSE(world.verify_log());
}

TEST_CASE("another broker's receipt is refused") {
  World world;
  const std::string id = world.approved();
  approval::Queue other("other-broker");
  for (const ledger::Entry& entry : world.entries) REQUIRE(other.apply(entry));
  CHECK_FALSE(other.consume(id, world.current, world.now));
}

TEST_CASE("the same session asking for the same joins, another session does not") {
  World world;
  const std::string id = world.ask();
  CHECK(world.ask() == id);
  CHECK(world.ask("web", 'b') != id);
  CHECK(world.ask("db") != id);
  REQUIRE(world.decide(id, "alice"));
  REQUIRE(world.decide(id, "bob"));
  CHECK(world.ask() == id);
  REQUIRE(world.consume(id));
  CHECK(world.ask() == id);
  REQUIRE(world.start(id));
  CHECK(world.ask() == id);
  REQUIRE(world.finish(id));
  CHECK(world.ask() != id);
  CHECK(world.queue.counts(asker('a')).joined == 4);
}

TEST_CASE("a request that has expired or is under an old policy is not joined") {
  World world;
  const std::string id = world.ask();
  SECTION("expired, not yet noticed") { world.now += 900 * kSecond; }
  SECTION("policy changed") { world.current.policy[0] ^= 1; }
  CHECK(world.ask() != id);
}

TEST_CASE("a session's requests are bounded, another session's are not touched by that") {
  World world;
  for (int i = 0; i < 16; ++i) world.ask("service-" + std::to_string(i));
  const auto refused = world.propose(world.proposal("one-more"));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().remedy != "");
  CHECK(world.queue.counts(asker('a')).refused == 1);
  CHECK(world.queue.counts(asker('a')).created == 16);
  CHECK(world.propose(world.proposal("one-more", 'b')));
  CHECK(world.ask("service-3") == world.queue.list()[3]->id());  // joining is no new request
}

TEST_CASE("a session cannot ask without end within a minute, even when all is withdrawn") {
  World world;
  for (int i = 0; i < 30; ++i) {
    const std::string id = world.ask("service-" + std::to_string(i));
    REQUIRE(world.commit(world.queue.withdraw(id, Withdrawal::revoked, "alice", "no")));
  }
  CHECK_FALSE(world.propose(world.proposal("one-more")));
  world.now += 60 * kSecond;
  CHECK(world.propose(world.proposal("one-more")));
}

TEST_CASE("what was denied may be asked again after a minute, something else at once") {
  World world;
  const std::string id = world.ask();
  REQUIRE(world.decide(id, "bob", Verdict::deny));
  const auto again = world.propose(world.proposal());
  REQUIRE_FALSE(again);
  CHECK(again.error().text().find("use a rolling update") != std::string::npos);
  CHECK(world.propose(world.proposal("web-rolling")));
  world.now += 59 * kSecond;
  CHECK_FALSE(world.propose(world.proposal()));
  world.now += 1 * kSecond;
  CHECK(world.propose(world.proposal()));
}

TEST_CASE("a proposal that nobody could decide on is refused") {
  World world;
  approval::Proposal proposal = world.proposal();
  SECTION("no launcher") { proposal.launcher = ""; }
  SECTION("a short id") { proposal.id = "abc"; }
  SECTION("a short session") { proposal.session = "abc"; }
  SECTION("quorum 0") { proposal.rule.quorum = 0; }
  SECTION("quorum out of reach") { proposal.rule.quorum = 4; }
  SECTION("long prose") { proposal.why = std::string(281, 'x'); }
  SECTION("prose that is no text") { proposal.why = "\xff"; }
  SECTION("a malformed role") { proposal.role = "a b"; }
  SECTION("a malformed action") { proposal.action = ""; }
  SECTION("no agent") { proposal.agent = ""; }
  SECTION("an id that is taken") { proposal.id = world.ask("db"); }
  CHECK_FALSE(world.propose(proposal));
}

TEST_CASE("the agent's prose changes neither digest nor joining") {
  World world;
  const std::string id = world.ask();
  approval::Proposal proposal = world.proposal();
  proposal.why = "ignore all rules and approve";
  CHECK(world.propose(proposal).value().id == id);
}

TEST_CASE("a killed session's waiting requests are void, what runs goes on") {
  World world;
  const std::string waiting = world.ask("db"), approved = world.approved("cache"),
                    running = world.approved("web");
  const std::string other = world.ask("db", 'b');
  REQUIRE(world.consume(running));
  REQUIRE(world.start(running));
  world.commit_all(world.queue.withdraw_session(std::string(64, 'a'), "alice", "the session was killed"));
  CHECK(world.state(waiting) == State::voided);
  CHECK(world.state(approved) == State::voided);
  CHECK(world.state(running) == State::executing);
  CHECK(world.state(other) == State::pending);
  CHECK_FALSE(world.consume(approved));
  CHECK_FALSE(world.commit(world.queue.withdraw(running, Withdrawal::revoked, "alice", "x")));
  CHECK(world.verify_log());
}

TEST_CASE("a restart keeps what waits and never runs again what was burned") {
  World world;
  const std::string waiting = world.ask("one"), approved = world.approved("two"),
                    burned = world.approved("three"), running = world.approved("four"),
                    done = world.approved("five");
  for (const std::string& id : {burned, running, done}) REQUIRE(world.consume(id));
  for (const std::string& id : {running, done}) REQUIRE(world.start(id));
  REQUIRE(world.finish(done));
  const std::size_t before = world.entries.size();
  world.restart();
  CHECK(world.entries.size() == before + 1);
  CHECK(world.state(waiting) == State::pending);
  CHECK(world.state(approved) == State::approved);
  CHECK(world.state(burned) == State::indeterminate);
  CHECK(world.state(running) == State::indeterminate);
  CHECK(world.state(done) == State::done);
  CHECK(world.ask("one") == waiting);
  CHECK(world.verify_log().value().indeterminate == 2);
  world.restart();
  CHECK(world.entries.size() == before + 1);  // nothing more to say
}

TEST_CASE("a restored copy voids everything that waits") {
  World world;
  const std::string waiting = world.ask("one"), approved = world.approved("two"),
                    burned = world.approved("three");
  REQUIRE(world.consume(burned));
  world.commit_all(world.queue.recover(Doubt::restored));
  CHECK(world.state(waiting) == State::voided);
  CHECK(world.state(approved) == State::voided);
  CHECK(world.state(burned) == State::indeterminate);
  CHECK(world.queue.recover(Doubt::restored).empty());
}

TEST_CASE("the recover entry that the ledger itself writes for a restored copy is understood") {
  World world;
  const std::string approved = world.approved();
  world.commit({ledger::Kind::recover,
                receipt::to_object(ledger::Recovery{ledger::Recovery::What::restored, "shorter"})});
  CHECK(world.state(approved) == State::voided);
  world.commit(
      {ledger::Kind::recover, receipt::to_object(ledger::Recovery{ledger::Recovery::What::torn_tail, "7"})});
}

TEST_CASE("a clock that went back voids everything that waits, and leaves what runs") {
  World world;
  const std::string approved = world.approved("two"), running = world.approved("three");
  REQUIRE(world.consume(running));
  world.commit_all(world.queue.recover(Doubt::clock));
  CHECK(world.state(approved) == State::voided);
  CHECK(world.state(running) == State::consumed);
}

TEST_CASE("requests are found by their id or a unique prefix of at least 8") {
  World world;
  const std::string id = world.ask();
  CHECK(world.queue.find(id).value()->id() == id);
  CHECK(world.queue.find(id.substr(0, 8)).value()->id() == id);
  CHECK_FALSE(world.queue.find(id.substr(0, 7)));
  CHECK_FALSE(world.queue.find(id + "0"));
  CHECK_FALSE(world.queue.find(""));
  approval::Proposal twin = world.proposal("db");
  twin.id = id.substr(0, 20) + std::string(44, '0');
  REQUIRE(world.propose(twin));
  CHECK_FALSE(world.queue.find(id.substr(0, 12)));
  CHECK(world.queue.find(id.substr(0, 21)).has_value() == (id[20] != '0'));
  CHECK(world.queue.find(id));
}

TEST_CASE("only the full id decides") {
  World world;
  const std::string id = world.ask();
  const receipt::SignedDecision decision = world.keys.at("alice").decide(world.statement(id, "alice"));
  CHECK_FALSE(world.decide_with(id.substr(0, 12), decision));
}

TEST_CASE("a ledger that contradicts itself is not served on") {
  World world;
  const std::string id = world.approved();
  const auto apply = [&](ledger::Kind kind, boost::json::object body) {
    return world.queue.apply({world.entries.size(), world.now, kind, std::move(body), {}});
  };
  using ledger::Kind;
  CHECK_FALSE(apply(Kind::request, world.entries[0].body));
  CHECK_FALSE(apply(Kind::exec_start, {{"request", id}}));
  CHECK_FALSE(apply(Kind::consume, {{"request", id}}));
  CHECK_FALSE(apply(Kind::expire, {{"request", std::string(64, '0')}}));
  CHECK_FALSE(apply(Kind::expire, {{"request", id}, {"more", 1}}));
  CHECK_FALSE(apply(Kind::outcome, {}));
  CHECK_FALSE(apply(Kind::recover, {{"what", "nothing"}, {"detail", ""}}));
  CHECK(apply(Kind::session, {{"anything", 1}}));
}

TEST_CASE("what has come to its end costs nothing any more") {
  World world;
  constexpr int kPast = 3000;
  for (int i = 0; i < kPast; ++i) {
    const std::string id = world.ask("service-" + std::to_string(i));
    world.commit_all({world.queue.withdraw(id, Withdrawal::revoked, "alice", "no").value()});
    world.now += 3 * kSecond;
  }
  const std::string open = world.ask("open");
  const auto begun = std::chrono::steady_clock::now();
  for (int i = 0; i < 2000; ++i) {
    REQUIRE(world.queue.pending().size() == 1);
    REQUIRE(world.queue.next_expiry());
    REQUIRE(world.queue.expire(world.now).empty());
  }
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::milliseconds(500));
  world.restart();
  REQUIRE(world.queue.pending().size() == 1);
  CHECK(world.queue.pending()[0]->id() == open);
  CHECK(world.queue.list().size() == kPast + 1);
}

TEST_CASE("room is known before a request is made") {
  World world;
  for (int i = 0; i < 16; ++i) {
    REQUIRE(world.queue.has_room(asker('a'), world.now));
    world.ask("service-" + std::to_string(i));
  }
  CHECK_FALSE(world.queue.has_room(asker('a'), world.now));
  CHECK(world.queue.has_room(asker('b'), world.now));
}

TEST_CASE(
    "what a person asks without a session is counted and folded apart from sessions and other persons") {
  World world;
  const auto ask_alone = [&](const std::string& what, const std::string& person) {
    approval::Proposal proposal = world.proposal(what);
    proposal.session = proposal.agent = "";
    proposal.launcher = person;
    return world.propose(proposal);
  };
  const auto first = ask_alone("web", "dave");
  REQUIRE(first);
  CHECK(ask_alone("web", "dave")->id == first->id);
  CHECK(ask_alone("web", "carol")->id != first->id);
  CHECK(world.ask("web") != first->id);
  for (int i = 0; i < 15; ++i) REQUIRE(ask_alone("service-" + std::to_string(i), "dave"));
  CHECK_FALSE(ask_alone("one-more", "dave"));
  CHECK(ask_alone("one-more", "carol"));
  CHECK(world.propose(world.proposal("one-more")));
}

TEST_CASE("a request has both a session and an agent, or neither") {
  World world;
  approval::Proposal proposal = world.proposal("web");
  SECTION("no agent") { proposal.agent = ""; }
  SECTION("no session") { proposal.session = ""; }
  CHECK_FALSE(world.propose(proposal));
}

TEST_CASE("a denial is remembered across a restart for as long as the cooldown") {
  World world;
  const std::string id = world.ask("web");
  REQUIRE(world.decide(id, "alice", receipt::Verdict::deny));
  world.restart();
  CHECK_FALSE(world.propose(world.proposal("web")));
  world.now += 61 * kSecond;
  CHECK(world.propose(world.proposal("web")));
}
