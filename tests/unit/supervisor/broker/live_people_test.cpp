// Only what the file and the ledger both have counts, and nothing that somebody has revoked.
#include "supervisor/broker/live_people.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/supervisor/approval/society.hpp"

using namespace pawl;
using namespace pawl::broker;
using receipt::OrderVerb;
using test::Society;

namespace {

policy::Policy file_of(const Society& society) {
  policy::Policy policy;
  policy.people = {{"alice", {1000}, {society.line("alice"), society.line("alice2")}, {"sre", "admins"}},
                   {"bob", {1001}, {society.line("bob")}, {"sre"}}};
  return policy;
}

policy::Policy live(const Society& society) {
  return with_live_people(file_of(society), society.directory, society.world.queue.freezes());
}

}  // namespace

TEST_CASE("a key or a group counts when file and ledger have it; names and uids are the file's") {
  Society society;
  policy::Policy now = live(society);
  CHECK(now.people[0].keys == std::vector{society.line("alice")});
  CHECK(now.people[0].groups == std::vector<std::string>{"sre"});
  CHECK(now.people[1].keys.empty());
  CHECK(now.people[1].groups.empty());
  CHECK(now.find_person_by_uid(1001)->name == "bob");
  society.enroll("bob", "bob");
  society.enroll("carol", "carol");  // whom the file does not have
  now = live(society);
  CHECK(now.people[1].keys == std::vector{society.line("bob")});
  CHECK(now.people.size() == 2);
}

TEST_CASE("who is removed or revoked counts with nothing, in an embedded home too") {
  Society society(GENERATE(Society::Home::system, Society::Home::embedded));
  if (society.directory.decides()) society.enroll("bob", "bob");
  REQUIRE(live(society).people[1].keys.size() == 1);
  SECTION("revoked person") {
    REQUIRE(society.carry_out(society.order(OrderVerb::revoke_person, "bob", "alice"), "alice"));
    CHECK(live(society).people[1].groups.empty());
  }
  SECTION("revoked key") {
    const std::string print = receipt::fingerprint(society.world.keys.at("bob").key());
    REQUIRE(society.carry_out(society.order(OrderVerb::revoke_key, print, "alice"), "alice"));
  }
  CHECK(live(society).people[1].keys.empty());
}

TEST_CASE("what stands in one of the two alone is shown as that") {
  Society society;
  society.enroll("bob", "bob");
  policy::Policy file = file_of(society);
  file.people[1].keys.clear();
  const auto shown = show_people(file, society.directory, society.world.queue.freezes());
  REQUIRE(shown.size() == 2);
  CHECK(shown[0].keys[0].standing == wire::Standing::live);
  CHECK(shown[0].keys[1].standing == wire::Standing::proposed);
  CHECK(shown[0].groups[1].standing == wire::Standing::proposed);
  CHECK(shown[1].keys[0].standing == wire::Standing::dropped);
  CHECK(shown[1].keys[0].voucher == "alice");
}
