// Who counts, by signed statements alone.
#include "supervisor/approval/directory.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/supervisor/approval/society.hpp"

using namespace pawl;
using receipt::Order;
using receipt::OrderVerb;
using test::Society;

namespace {

Order adding(Society& society, const std::string& person, const std::string& key) {
  Order order = society.order(OrderVerb::add_key, person, person);
  order.key = society.line(key);
  order.groups = {"sre"};
  return order;
}

}  // namespace

TEST_CASE("the first person comes from the file, once") {
  Society society;
  CHECK(society.directory.knows("alice", society.line("alice")));
  CHECK(society.directory.in_group("alice", "sre"));
  CHECK_FALSE(society.directory.knows("bob", society.line("bob")));
  CHECK_FALSE(society.directory.enroll_first("bob", {society.line("bob")}, {}));
}

TEST_CASE("a key counts when its owner has signed with it and another person has vouched") {
  Society society;
  const Order order = adding(society, "bob", "bob");
  REQUIRE(society.propose(order, {"bob"}));
  CHECK_FALSE(society.directory.knows("bob", society.line("bob")));
  REQUIRE(society.directory.waiting(society.world.now).size() == 1);
  REQUIRE(society.confirm(order, "alice"));
  CHECK(society.directory.waiting(society.world.now).empty());
  CHECK(society.directory.knows("bob", society.line("bob")));
  CHECK(society.directory.in_group("bob", "sre"));
  CHECK(society.directory.people().at("bob").keys.at(society.line("bob")).by == "alice");
  // A restart knows the same.
  CHECK(society.replayed().knows("bob", society.line("bob")));
}

TEST_CASE("what waits survives a restart, and is gone when it has expired") {
  Society society;
  const Order order = adding(society, "bob", "bob");
  REQUIRE(society.propose(order, {"bob"}));
  CHECK(society.replayed().waiting(society.world.now).size() == 1);
  society.world.now = order.expires * 1000;
  CHECK(society.directory.waiting(society.world.now).empty());
  CHECK_FALSE(society.confirm(order, "alice"));
}

TEST_CASE("nobody vouches for themself, with whichever key") {
  Society society;
  society.enroll("bob", "bob");
  Order second = adding(society, "alice", "alice2");
  REQUIRE(society.propose(second, {"alice2"}));
  CHECK_FALSE(society.confirm(second, "alice"));
  CHECK_FALSE(society.confirm(second, "alice2"));
  CHECK_FALSE(society.directory.knows("alice", society.line("alice2")));
  CHECK(society.confirm(second, "bob"));
}

TEST_CASE("a key that nobody enrolled cannot vouch, and a key that is not held cannot be added") {
  Society society;
  const Order order = adding(society, "bob", "bob");
  CHECK_FALSE(society.propose(order, {"mallory"}));  // not signed by the key that is to be added
  CHECK_FALSE(society.propose(order, {"alice"}));
  REQUIRE(society.propose(order, {"bob"}));
  CHECK_FALSE(society.confirm(order, "mallory"));
  CHECK_FALSE(society.confirm(order, "bob"));
  CHECK_FALSE(society.confirm(order, "carol"));  // in the file, and not enrolled
}

TEST_CASE("a key is one person's, once") {
  Society society;
  society.enroll("bob", "bob");
  CHECK_FALSE(society.propose(adding(society, "bob", "bob"), {"bob"}));
  CHECK_FALSE(society.propose(adding(society, "carol", "bob"), {"bob"}));
  CHECK_FALSE(society.propose(adding(society, "carol", "alice"), {"alice"}));
  // Two that wait for the same key: the second finds it taken.
  const Order one = adding(society, "carol", "carol");
  const Order two = adding(society, "dave", "carol");
  REQUIRE(society.propose(one, {"carol"}));
  REQUIRE(society.propose(two, {"carol"}));
  REQUIRE(society.confirm(one, "alice"));
  CHECK_FALSE(society.confirm(two, "alice"));
}

TEST_CASE("an order is taken once, by the broker that it names, while it is fresh") {
  Society society;
  society.enroll("bob", "bob");
  SECTION("twice") {
    Order leaving = society.order(OrderVerb::leave_group, "bob", "alice");
    leaving.groups = {"sre"};
    REQUIRE(society.carry_out(leaving, "alice"));
    Order joining = society.order(OrderVerb::join_group, "bob", "bob");
    joining.groups = {"sre"};
    REQUIRE(society.propose(joining, {"bob"}));
    REQUIRE(society.confirm(joining, "alice"));
    CHECK_FALSE(society.carry_out(leaving, "alice"));  // the same statement again
    CHECK_FALSE(society.propose(joining, {"bob"}));
    CHECK(society.directory.in_group("bob", "sre"));
  }
  SECTION("another broker's") {
    Order order = society.order(OrderVerb::remove_person, "bob", "alice");
    order.audience = "other-broker";
    CHECK_FALSE(society.carry_out(order, "alice"));
  }
  SECTION("too late, too early") {
    const Order order = society.order(OrderVerb::remove_person, "bob", "alice");
    society.world.now = order.expires * 1000;
    CHECK_FALSE(society.carry_out(order, "alice"));
    society.world.now = (order.issued - 301) * 1000;
    CHECK_FALSE(society.carry_out(order, "alice"));
    society.world.now = order.issued * 1000;
    CHECK(society.carry_out(order, "alice"));
  }
}

TEST_CASE("an order that was judged in its last second and written in the next is on record for good") {
  Society society;
  society.enroll("bob", "bob");
  const Order order = society.order(OrderVerb::freeze, "", "alice");
  society.world.now = order.expires * 1000 - 1;
  const auto judged = society.directory.carry_out(society.statement(order), society.sign(order, "alice"), 0,
                                                  society.world.now);
  REQUIRE(judged);
  society.world.now += 1;
  REQUIRE(society.commit(judged));
  CHECK(society.replayed().version() == society.directory.version());
  CHECK(society.world.verify_log());
}

TEST_CASE("a rotation is signed by the old key, the new one and another person") {
  Society society;
  society.enroll("bob", "bob");
  Order order = society.order(OrderVerb::rotate_key, "bob", "bob");
  order.key = society.line("dave");
  order.old_key = society.line("bob");
  CHECK_FALSE(society.propose(order, {"dave"}));
  CHECK_FALSE(society.propose(order, {"bob", "dave"}));
  CHECK_FALSE(society.propose(order, {"dave", "alice"}));
  REQUIRE(society.propose(order, {"dave", "bob"}));
  CHECK_FALSE(society.confirm(order, "bob"));
  REQUIRE(society.confirm(order, "alice"));
  CHECK(society.directory.knows("bob", society.line("dave")));
  CHECK_FALSE(society.directory.knows("bob", society.line("bob")));
}

TEST_CASE("one signature takes a person, a key or a membership away") {
  Society society;
  society.enroll("bob", "bob");
  society.enroll("carol", "carol");
  SECTION("by another") {
    REQUIRE(society.carry_out(society.order(OrderVerb::remove_person, "bob", "carol"), "carol"));
    CHECK_FALSE(society.directory.knows("bob", society.line("bob")));
    CHECK_FALSE(society.directory.in_group("bob", "sre"));
  }
  SECTION("by themself") {
    Order order = society.order(OrderVerb::remove_key, "bob", "bob");
    order.key = society.line("bob");
    REQUIRE(society.carry_out(order, "bob"));
    CHECK_FALSE(society.directory.knows("bob", society.line("bob")));
    CHECK_FALSE(society.carry_out(society.order(OrderVerb::remove_person, "carol", "bob"), "bob"));
  }
  SECTION("not in another's name") {
    CHECK_FALSE(society.carry_out(society.order(OrderVerb::remove_person, "bob", "carol"), "bob"));
    CHECK_FALSE(society.carry_out(society.order(OrderVerb::remove_person, "bob", "dave"), "dave"));
  }
  SECTION("never the last who could vouch") {
    REQUIRE(society.carry_out(society.order(OrderVerb::remove_person, "bob", "alice"), "alice"));
    REQUIRE(society.carry_out(society.order(OrderVerb::remove_person, "carol", "alice"), "alice"));
    CHECK_FALSE(society.carry_out(society.order(OrderVerb::remove_person, "alice", "alice"), "alice"));
  }
}

TEST_CASE("a revoked key never comes back, and a revoked person signs nothing until another restores them") {
  Society society;
  society.enroll("bob", "bob");
  society.enroll("carol", "carol");
  const std::string print = receipt::fingerprint(society.world.keys.at("bob").key());
  SECTION("key") {
    REQUIRE(society.carry_out(society.order(OrderVerb::revoke_key, print, "bob"), "bob"));
    CHECK_FALSE(society.directory.knows("bob", society.line("bob")));
    CHECK_FALSE(society.propose(adding(society, "bob", "bob"), {"bob"}));
  }
  SECTION("person") {
    REQUIRE(society.carry_out(society.order(OrderVerb::revoke_person, "bob", "carol"), "carol"));
    CHECK_FALSE(society.directory.knows("bob", society.line("bob")));
    CHECK_FALSE(society.carry_out(society.order(OrderVerb::remove_person, "carol", "bob"), "bob"));
    CHECK_FALSE(society.propose(adding(society, "bob", "dave"), {"dave"}));
    CHECK_FALSE(society.carry_out(society.order(OrderVerb::restore_person, "bob", "carol"), "carol"));
    REQUIRE(society.carry_out(society.order(OrderVerb::restore_person, "bob", "alice"), "alice"));
    CHECK(society.directory.knows("bob", society.line("bob")));
  }
  CHECK(society.replayed().version() == society.directory.version());
}

TEST_CASE("one person cannot fill the list of what waits") {
  Society society;
  society.enroll("bob", "bob");
  for (int i = 0; i < 8; ++i) {
    Order order = society.order(OrderVerb::join_group, "bob", "bob");
    order.groups = {"g" + std::to_string(i)};
    REQUIRE(society.propose(order, {"bob"}));
  }
  Order order = society.order(OrderVerb::join_group, "bob", "bob");
  order.groups = {"one-more"};
  CHECK_FALSE(society.propose(order, {"bob"}));
}

TEST_CASE("in an embedded home the file decides: no order enrols, and its keys give the others") {
  Society society(Society::Home::embedded);
  CHECK_FALSE(society.directory.decides());
  CHECK_FALSE(society.propose(adding(society, "bob", "bob"), {"bob"}));
  CHECK(society.carry_out(society.order(OrderVerb::freeze, "", "alice"), "alice"));
  CHECK_FALSE(society.carry_out(society.order(OrderVerb::freeze, "deployer", "alice"), "mallory"));
}
