#include "supervisor/policy/authority.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/supervisor/policy/fixture.hpp"

namespace pawl::policy {
namespace {

using Catch::Contains;
using test::Files;

std::vector<std::string> names(const ResolvedRule& rule) {
  std::vector<std::string> list;
  for (const EligiblePerson& person : rule.people) list.push_back(person.name);
  return list;
}

using Names = std::vector<std::string>;

TEST_CASE("a rule resolves to the people who count, without the launcher") {
  const Policy policy = Files().policy();
  const auto resolved = resolve_rule(policy, *policy.find_rule("pair"), "alice");
  REQUIRE(resolved);
  CHECK(names(*resolved) == Names{"bob", "carol"});
  REQUIRE(resolved->groups.size() == 1);
  CHECK(resolved->groups[0].name == "@sre");
  CHECK(resolved->groups[0].members == Names{"bob", "carol"});
  CHECK(resolved->find("bob")->keys == Names{std::string(test::kBobKey)});
  CHECK(resolved->find("alice") == nullptr);
}

TEST_CASE("a launcher whom pawl does not know gets no rule") {
  const Policy policy = Files().policy();
  const auto resolved = resolve_rule(policy, *policy.find_rule("pair"), "mallory");
  REQUIRE_FALSE(resolved);
  CHECK_THAT(resolved.error().trail, Contains("the launcher is nobody in people.toml"));
}

TEST_CASE("a rule that one launcher makes impossible is refused for that launcher") {
  const Policy policy =
      Files().append("approvals.toml", "[two]\nquorum = 2\nfrom = [\"alice\", \"bob\"]\n").policy();
  CHECK(resolve_rule(policy, *policy.find_rule("two"), "carol"));
  const auto alone = resolve_rule(policy, *policy.find_rule("two"), "alice");
  REQUIRE_FALSE(alone);
  CHECK_THAT(alone.error().trail, Contains("needs 2 of 1 eligible people, the launcher left out"));
}

TEST_CASE("@self is the launcher and nobody else") {
  const Policy policy =
      Files(HomeKind::embedded)
          .append("approvals.toml", "[solo]\nquorum = 1\nfrom = [\"@self\"]\nallow_launcher = true\n")
          .policy();
  CHECK(names(*resolve_rule(policy, *policy.find_rule("solo"), "bob")) == Names{"bob"});
}

TEST_CASE("decisions are counted against the stricter of the action's rule and every floor") {
  Policy policy = Files().policy();
  const Role& role = *policy.find_role("shipper");
  const auto plain = effective_rule(policy, role, role.actions[0], "alice");
  REQUIRE(plain);
  CHECK(plain->quorum == 2);
  CHECK(plain->expires == std::chrono::minutes(10));
  CHECK(names(*plain) == Names{"bob", "carol"});

  // What no policy on disk can say any more, since it is refused when read, is still held when used.
  for (Rule& rule : policy.rules) {
    if (rule.name == "pair") rule.quorum = 1;
    if (rule.name == "floor") rule.expires = std::chrono::minutes(3);
  }
  const auto weakened = effective_rule(policy, role, role.actions[0], "alice");
  REQUIRE(weakened);
  CHECK(weakened->quorum == 2);
  CHECK(weakened->expires == std::chrono::minutes(3));
  CHECK_FALSE(floor_holds(policy, role, role.actions[0]));

  for (Rule& rule : policy.rules) {
    if (rule.name == "pair")
      rule = {.name = "pair", .quorum = 1, .from = {"@sre"}, .launcher = LauncherVote::counts};
    if (rule.name == "floor") rule.from = {"bob", "carol"};
  }
  const auto narrowed = effective_rule(policy, role, role.actions[0], "alice");
  REQUIRE(narrowed);
  CHECK(narrowed->launcher == LauncherVote::excluded);
  CHECK(names(*narrowed) == Names{"bob", "carol"});
}

TEST_CASE("a rule meets a floor only when every receipt under it would") {
  const Policy policy = Files().policy();
  const Rule floor{.name = "floor", .quorum = 2, .from = {"@sre"}, .expires = std::chrono::minutes(15)};
  const auto complaint = [&](auto&& change) {
    Rule rule = floor;
    rule.name = "rule";
    change(rule);
    const auto met = meets(policy, rule, floor);
    return met ? std::string() : met.error().trail;
  };
  CHECK(complaint([](Rule&) {}).empty());
  CHECK(complaint([](Rule& rule) { rule.quorum = 3; }).empty());
  CHECK(complaint([](Rule& rule) { rule.from = {"alice", "bob"}; }).empty());
  CHECK(complaint([](Rule& rule) { rule.expires = std::chrono::minutes(5); }).empty());
  CHECK_THAT(complaint([](Rule& rule) { rule.quorum = 1; }),
             Contains("1 of its people suffice, 2 are required"));
  CHECK_THAT(complaint([](Rule& rule) { rule.launcher = LauncherVote::counts; }),
             Contains("it counts the launcher"));
  CHECK_THAT(complaint([](Rule& rule) { rule.expires = std::chrono::minutes(16); }),
             Contains("it stands for 16m, at most 15m"));
  CHECK_THAT(complaint([](Rule& rule) { rule.from = {"@sre", "@self"}; }), Contains("it counts '@self'"));

  const Rule narrow{
      .name = "narrow", .quorum = 2, .from = {"alice", "bob"}, .expires = std::chrono::minutes(15)};
  const auto wider = meets(policy, floor, narrow);
  REQUIRE_FALSE(wider);
  CHECK_THAT(wider.error().trail, Contains("it counts carol"));
}

TEST_CASE("who may launch is told by pawl.toml") {
  const auto allowed = [](const Policy& policy, const char* person) {
    return may_launch(policy, *policy.find_role("shipper"),
                      person == nullptr ? nullptr : policy.find_person(person))
        .has_value();
  };
  const Policy silent = Files().policy();
  CHECK_FALSE(allowed(silent, "alice"));
  const Policy silent_at_home = Files(HomeKind::embedded).policy();
  CHECK(allowed(silent_at_home, "alice"));
  CHECK(allowed(silent_at_home, nullptr));
  const Policy listed = Files().append("pawl.toml", "[launchers]\nshipper = [\"bob\"]\n").policy();
  CHECK_FALSE(allowed(listed, "alice"));
  CHECK_FALSE(allowed(listed, nullptr));
  CHECK(allowed(listed, "bob"));

  // A handed role of the same name is not the installed one.
  Role handed = *listed.find_role("shipper");
  handed.origin = RoleOrigin::handed;
  CHECK_FALSE(may_launch(listed, handed, listed.find_person("bob")));
}

}  // namespace
}  // namespace pawl::policy
