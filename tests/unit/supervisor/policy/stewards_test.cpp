// Who may vouch, who may stop things, and who is the first.
#include "supervisor/policy/stewards.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/supervisor/policy/fixture.hpp"

using namespace pawl;
using namespace pawl::policy;
using pawl::policy::test::Files;

namespace {

const Person& person(const Policy& policy, const char* name) { return *policy.find_person(name); }

}  // namespace

TEST_CASE("without enrollers any enrolled person vouches; with them whom they name") {
  const Policy open = Files().policy();
  CHECK(may_enroll(open, person(open, "bob")));
  Person bare = person(open, "bob");
  bare.keys.clear();
  CHECK_FALSE(may_enroll(open, bare));
  const Policy closed = Files().append("pawl.toml", "\nenrollers = [\"carol\"]\n").policy();
  CHECK_FALSE(may_enroll(closed, person(closed, "bob")));
  CHECK(may_enroll(closed, person(closed, "carol")));
}

TEST_CASE("killers are told role by role, and for everything else") {
  const Policy open = Files().policy();
  CHECK(may_kill(open, "", person(open, "bob")));
  const Policy policy =
      Files().append("pawl.toml", "\n[killers]\nshipper = [\"bob\"]\n\"*\" = [\"carol\"]\n").policy();
  CHECK(may_kill(policy, "shipper", person(policy, "bob")));
  CHECK_FALSE(may_kill(policy, "shipper", person(policy, "carol")));
  CHECK(may_kill(policy, "other", person(policy, "carol")));
  CHECK_FALSE(may_kill(policy, "other", person(policy, "bob")));
  CHECK(may_kill(policy, "", person(policy, "carol")));
  CHECK_FALSE(may_kill(policy, "", person(policy, "bob")));
  Person bare = person(policy, "bob");
  bare.keys.clear();
  CHECK_FALSE(may_kill(policy, "shipper", bare));
}

TEST_CASE("the first person is named, or the only one; otherwise nobody is, with the remedy") {
  const auto several = first_person(Files().policy());
  REQUIRE_FALSE(several);
  CHECK(several.error().remedy.find("first = ") != std::string::npos);
  const Policy named = Files().append("pawl.toml", "\nfirst = \"bob\"\n").policy();
  CHECK(first_person(named).value()->name == "bob");
  Policy one = Files().policy();
  std::erase_if(one.people, [](const Person& who) { return who.name != "carol"; });
  CHECK(first_person(one).value()->name == "carol");
  one.people.front().keys.clear();
  CHECK_FALSE(first_person(one));
  one.people.clear();
  CHECK(first_person(one).value() == nullptr);
}

TEST_CASE("lists that name nobody, or say what has no meaning there, are refused") {
  const auto refusals = [](const char* line, HomeKind kind = HomeKind::system) {
    return Files(kind).append("pawl.toml", std::string("\n") + line + "\n").refusals();
  };
  CHECK(refusals("enrollers = []").find("nobody could vouch") != std::string::npos);
  CHECK(refusals("enrollers = [\"mallory\"]").find("mallory") != std::string::npos);
  CHECK(refusals("first = \"mallory\"").find("mallory") != std::string::npos);
  CHECK(refusals("[killers]\nshipper = []").find("nobody could stop it") != std::string::npos);
  CHECK(refusals("[killers]\n\"**\" = [\"bob\"]").find("must be a role") != std::string::npos);
  CHECK(refusals("[killers]\n\"*\" = [\"@nobodies\"]").find("nobodies") != std::string::npos);
  CHECK(refusals("first = \"alice\"", HomeKind::embedded).find("embedded") != std::string::npos);
  CHECK(refusals("enrollers = [\"alice\"]", HomeKind::embedded).find("embedded") != std::string::npos);
}
