// What was taken back or frozen neither asks nor acts, until somebody gives it back.
#include "supervisor/approval/freezes.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/supervisor/approval/society.hpp"

using namespace pawl;
using approval::State;
using receipt::Order;
using receipt::OrderVerb;
using test::Society;

namespace {

Society full() {
  Society society;
  society.enroll("bob", "bob");
  society.enroll("carol", "carol");
  return society;
}

std::string why_not(const Result<>& result) { return result ? "" : result.error().trail; }

}  // namespace

TEST_CASE("while everything is frozen nothing is asked for, approved or spent; a denial is taken") {
  Society society = full();
  const std::string waiting = society.world.ask("web");
  const std::string approved = society.world.approved("api");
  REQUIRE(society.carry_out(society.order(OrderVerb::freeze, "", "bob"), "bob"));
  const auto asked = society.world.propose(society.world.proposal("other"));
  REQUIRE_FALSE(asked);
  CHECK(asked.error().trail.find("frozen by bob: incident 42") != std::string::npos);
  CHECK(why_not(society.world.decide(waiting, "alice")).find("frozen by bob") != std::string::npos);
  CHECK(why_not(society.world.consume(approved)).find("frozen by bob") != std::string::npos);
  CHECK(society.world.state(approved) == State::approved);
  CHECK(society.world.decide(waiting, "alice", receipt::Verdict::deny));

  SECTION("a restart does not thaw") {
    society.world.restart();
    CHECK_FALSE(society.world.consume(approved));
  }
  SECTION("who froze does not thaw, another person does") {
    CHECK_FALSE(society.carry_out(society.order(OrderVerb::thaw, "", "bob"), "bob"));
    CHECK_FALSE(society.world.consume(approved));
    REQUIRE(society.carry_out(society.order(OrderVerb::thaw, "", "carol"), "carol"));
    CHECK(society.world.consume(approved));
  }
  SECTION("it cannot be frozen twice, so that a second person could not thaw it") {
    CHECK_FALSE(society.carry_out(society.order(OrderVerb::freeze, "", "carol"), "carol"));
  }
}

TEST_CASE("a frozen role is frozen alone") {
  Society society = full();
  const std::string approved = society.world.approved();
  REQUIRE(society.carry_out(society.order(OrderVerb::freeze, "observer", "bob"), "bob"));
  CHECK(society.world.consume(approved));
  REQUIRE(society.carry_out(society.order(OrderVerb::freeze, "deployer", "bob"), "bob"));
  CHECK_FALSE(society.world.propose(society.world.proposal("other")));
  CHECK_FALSE(society.carry_out(society.order(OrderVerb::thaw, "", "carol"), "carol"));  // another freeze
  REQUIRE(society.carry_out(society.order(OrderVerb::thaw, "deployer", "carol"), "carol"));
  CHECK(society.world.propose(society.world.proposal("other")));
}

TEST_CASE("nothing is spent that is of a revoked role, session, request or launcher") {
  Society society = full();
  const std::string approved = society.world.approved();
  const auto take = [&](OrderVerb verb, const std::string& name) {
    REQUIRE(society.carry_out(society.order(verb, name, "bob"), "bob"));
  };
  SECTION("role") { take(OrderVerb::revoke_role, "deployer"); }
  SECTION("session") { take(OrderVerb::revoke_session, std::string(64, 'a')); }
  SECTION("request") { take(OrderVerb::revoke_request, approved); }
  SECTION("launcher") { take(OrderVerb::revoke_person, "carol"); }
  CHECK(why_not(society.world.consume(approved)).find("revoked") != std::string::npos);
  CHECK(society.world.state(approved) == State::approved);
}

TEST_CASE("nothing is spent that rests on a revoked person's or key's signature") {
  Society society = full();
  const std::string approved = society.world.approved();  // by alice and bob
  SECTION("person") {
    REQUIRE(society.carry_out(society.order(OrderVerb::revoke_person, "bob", "alice"), "alice"));
  }
  SECTION("key") {
    const std::string print = receipt::fingerprint(society.world.keys.at("bob").key());
    REQUIRE(society.carry_out(society.order(OrderVerb::revoke_key, print, "alice"), "alice"));
  }
  CHECK(why_not(society.world.consume(approved)).find("revoked") != std::string::npos);
  // Nor do they decide anything else.
  const std::string other = society.world.ask("api");
  CHECK_FALSE(society.world.decide(other, "bob"));
  CHECK_FALSE(society.world.decide(other, "bob", receipt::Verdict::deny));
}

TEST_CASE("what is not frozen cannot be thawed, and what is not revoked cannot be given back") {
  Society society = full();
  CHECK_FALSE(society.carry_out(society.order(OrderVerb::thaw, "", "bob"), "bob"));
  CHECK_FALSE(society.carry_out(society.order(OrderVerb::restore_role, "deployer", "bob"), "bob"));
  CHECK_FALSE(society.carry_out(society.order(OrderVerb::restore_person, "carol", "bob"), "bob"));
}

TEST_CASE("in an embedded home one person thaws what they froze") {
  Society society(Society::Home::embedded);
  REQUIRE(society.carry_out(society.order(OrderVerb::freeze, "", "alice"), "alice"));
  CHECK(society.carry_out(society.order(OrderVerb::thaw, "", "alice"), "alice"));
}
