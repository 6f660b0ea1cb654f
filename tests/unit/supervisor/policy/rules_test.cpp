// approvals.toml in full: groups with counts of their own, steps, keys, emergencies, limits.
#include <catch2/catch.hpp>

#include "supervisor/policy/authority.hpp"
#include "supervisor/policy/rule_words.hpp"
#include "tests/unit/supervisor/policy/fixture.hpp"

namespace pawl::policy {
namespace {

using Catch::Contains;
using std::chrono::minutes;
using test::Files;

constexpr std::string_view kAliceHardware =
    "sk-ssh-ed25519@openssh.com "
    "AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIGV4YW1wbGUgc2VjdXJpdHkga2V5IG9mIGFsaWNlISEhAAAABHNzaDo=";
constexpr std::string_view kBobHardware =
    "sk-ssh-ed25519@openssh.com "
    "AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIGV4YW1wbGUgc2VjdXJpdHkga2V5IG9mIGJvYiEhISEhAAAABHNzaDo=";

// alice and bob in @sre, bob and carol in @security, carol on call.
Files grouped(std::string_view rule = {}) {
  Files files;
  files.edit("people.toml", "bob@home\"]\ngroups = [\"sre\"]",
             "bob@home\"]\ngroups = [\"sre\", \"security\"]");
  files.edit("people.toml", "carol@home\"]\ngroups = [\"sre\"]",
             "carol@home\"]\ngroups = [\"security\", \"oncall\"]");
  files.edit("approvals.toml", "[pair]\nquorum = 2\nfrom = [\"@sre\"]",
             "[pair]\nquorum = 2\nfrom = [\"@sre\", \"@security\"]");
  if (!rule.empty()) files.append("approvals.toml", rule);
  return files;
}

std::string refusals(std::string_view rule) { return grouped(rule).refusals(); }

const ResolvedGroup* group_of(const ResolvedRule& rule, std::string_view name) {
  return rule.find_group(name);
}

TEST_CASE("a rule can need so many of one group besides its quorum") {
  const Policy policy =
      grouped("[split]\nquorum = 2\nfrom = [\"@sre\", { group = \"@security\", least = 1 }]\n").policy();
  const auto resolved = resolve_rule(policy, *policy.find_rule("split"), "alice");
  REQUIRE(resolved);
  CHECK(group_of(*resolved, "@security")->least == 1);
  CHECK(group_of(*resolved, "@sre")->least == 0);
  CHECK(group_of(*resolved, "@security")->members == std::vector<std::string>{"bob", "carol"});
  CHECK(rule_in_words(*policy.find_rule("split")) ==
        "2 persons of @sre, @security, at least 1 of @security, never the launcher, within 15m");
}

TEST_CASE("one person cannot fill the places of two groups") {
  // For alice's session bob alone is left of @sre, and bob and carol of @security.
  const Policy policy = grouped(
                            "[both]\nquorum = 2\nfrom = [{ group = \"@sre\", least = 1 }, { group = "
                            "\"@security\", least = 1 }]\n")
                            .policy();
  CHECK(resolve_rule(policy, *policy.find_rule("both"), "alice"));
  const auto without_carol = resolve_rule(policy, *policy.find_rule("both"), "carol");
  CHECK(without_carol);  // alice for @sre, bob for @security
  Policy shrunk = policy;
  for (Person& person : shrunk.people)
    if (person.name == "carol") person.keys.clear();
  const auto alone = resolve_rule(shrunk, *shrunk.find_rule("both"), "alice");
  REQUIRE_FALSE(alone);
  CHECK_THAT(alone.error().trail, Contains("needs 1 of @security besides what it needs of other groups"));
}

TEST_CASE("an escalation lets further people approve later, and changes nothing else") {
  const Policy policy = grouped(
                            "[late]\nquorum = 1\nfrom = [\"@sre\"]\nescalate = [{ after = \"5m\", to = "
                            "[\"@oncall\"] }, { after = \"7m\", to = [\"@security\"] }]\n")
                            .policy();
  const auto resolved = resolve_rule(policy, *policy.find_rule("late"), "alice");
  REQUIRE(resolved);
  CHECK(resolved->quorum == 1);
  CHECK(resolved->opens_for("bob") == minutes(0));
  CHECK(resolved->opens_for("carol") == minutes(5));
  CHECK(group_of(*resolved, "@oncall")->after == minutes(5));
}

TEST_CASE("a rule for security keys counts only them, and only people who have one") {
  Files files = grouped("[hard]\nquorum = 1\nfrom = [\"@sre\"]\nrequire_key = \"hardware\"\n");
  CHECK_THAT(files.refusals(),
             Contains("'hard' can never be given: fewer than 1 of its people have security keys"));
  const std::string bob = "\"" + std::string(test::kBobKey) + " bob@home\"";
  files.edit("people.toml", bob, bob + ", \"" + std::string(kBobHardware) + "\"");
  const Policy policy = files.policy();
  const auto resolved = resolve_rule(policy, *policy.find_rule("hard"), "carol");
  REQUIRE(resolved);
  REQUIRE(resolved->people.size() == 1);
  CHECK(resolved->find("bob")->keys == std::vector<std::string>{std::string(kBobHardware)});
}

TEST_CASE("impossible rules are refused when they are read, all at once, each in its line") {
  const std::string head = "[bad]\nquorum = 2\n";
  const auto complaint = [&](const std::string& lines) { return refusals(head + lines + "\n"); };
  CHECK_THAT(complaint("from = [\"@sre\", { group = \"@security\", least = 3 }]"),
             Contains("approvals.toml:15:1: 'bad' needs 3 persons for its groups, but its quorum is 2"));
  CHECK_THAT(complaint("from = [\"@sre\", { group = \"@oncall\", least = 2 }]"),
             Contains("'bad' needs 2 of '@oncall', of whom 1 have keys"));
  CHECK_THAT(complaint("from = [\"@sre\", { group = \"@sre\", least = 1 }]"),
             Contains("'@sre' is there twice"));
  CHECK_THAT(complaint("from = [\"@sre\", \"@sre\"]"), Contains("'@sre' is there twice"));
  CHECK_THAT(complaint("from = [\"@sre\", 7]"), Contains("'from' holds a whole number"));
  CHECK_THAT(complaint("from = [{ least = 1 }]"), Contains("'group' is missing"));
  CHECK_THAT(complaint("from = [{ group = \"@sre\", lest = 1 }]"), Contains("did you mean 'least'?"));
  CHECK_THAT(complaint("from = [{ group = \"@sre\", least = 0 }]"), Contains("must be from 1"));
  CHECK_THAT(complaint("from = [\"@sre\"]\nescalate = [{ after = \"15m\", to = [\"@security\"] }]"),
             Contains("begins after 15m, when the request has expired"));
  CHECK_THAT(complaint("from = [\"@sre\"]\nescalate = [{ after = \"5m\", to = [\"@sre\"] }]"),
             Contains("'@sre' may decide already"));
  CHECK_THAT(complaint("from = [\"@sre\"]\nescalate = [{ after = \"5m\", to = [] }]"),
             Contains("adds nobody"));
  CHECK_THAT(complaint("from = [\"@sre\"]\nescalate = [{ to = [\"@security\"] }]"),
             Contains("'after' is missing"));
  CHECK_THAT(complaint("from = [\"@sre\"]\nescalate = [{ after = \"5m\", to = [\"@securty\"] }]"),
             Contains("nobody is in group '@securty'"));
  CHECK_THAT(
      complaint("from = [\"@sre\"]\nescalate = [{ after = \"5m\", to = [\"@security\"] }, { after = \"5m\", "
                "to = [\"@oncall\"] }]"),
      Contains("not in the order of time"));
  CHECK_THAT(complaint("from = [\"@sre\"]\nrequire_key = \"fido\""), Contains("'fido' is no kind of keys"));
  CHECK_THAT(complaint("from = [\"@sre\"]\ncooldown = \"10s\""), Contains("'cooldown' must be at least 1m"));
  CHECK_THAT(complaint("from = [\"@sre\"]\ncooldown = \"25h\""), Contains("at most 86400 seconds"));
  CHECK_THAT(complaint("from = [\"@sre\"]\nrate = { requests = 5 }"), Contains("'within' is missing"));
  CHECK_THAT(complaint("from = [\"@sre\"]\nrate = { requests = 0, within = \"1h\" }"),
             Contains("must be from 1"));
  const std::string several =
      complaint("from = [\"@sre\", \"@sre\"]\ncooldown = \"10s\"\nrequire_key = \"fido\"\nspeed = 1");
  for (const char* each : {"is there twice", "'cooldown' must be", "no kind of keys", "unknown key 'speed'"})
    CHECK_THAT(several, Contains(each));
}

TEST_CASE("a rule that shared members make impossible is refused") {
  // bob alone is in both, and the places are for two.
  CHECK_THAT(
      refusals("[bad]\nquorum = 2\nfrom = [{ group = \"bob\", least = 1 }, { group = \"@oncall\", least = 1 "
               "}]\nescalate = [{ after = \"1m\", to = [\"alice\"] }]\n"),
      Contains("") || Contains("can never"));
  Files files = grouped(
      "[bad]\nquorum = 2\nfrom = [{ group = \"bob\", least = 1 }, { group = \"@only-bob\", least = 1 }, "
      "\"@sre\"]\n");
  files.edit("people.toml", "\"sre\", \"security\"", "\"sre\", \"security\", \"only-bob\"");
  CHECK_THAT(files.refusals(),
             Contains("its groups share too few people with keys for what it needs of each"));
}

TEST_CASE("power for emergencies is given to a group of its own") {
  const std::string_view rule = "[fire]\nquorum = 1\nemergency = true\nfrom = ";
  CHECK_THAT(refusals(std::string(rule) + "[\"@sre\"]\n"),
             Contains("the emergency rule 'fire' shares '@sre' with 'one'"));
  CHECK_THAT(refusals(std::string(rule) + "[\"bob\"]\n"),
             Contains("the emergency rule 'fire' names a person: 'bob'"));
  CHECK(refusals(std::string(rule) + "[\"@oncall\"]\n") == "");
  CHECK_THAT(
      refusals(std::string(rule) + "[\"@oncall\"]\nescalate = [{ after = \"1m\", to = [\"@sre\"] }]\n"),
      Contains("shares '@sre'"));
}

// Of a floor and a rule below it.
std::string shortfall(std::string_view rule, std::string_view floor) {
  Files files = grouped("[rule]\n" + std::string(rule) + "\n[below]\n" + std::string(floor) + "\n");
  for (const auto& [key, hardware] :
       {std::pair(test::kAliceKey, kAliceHardware), std::pair(test::kBobKey, kBobHardware)}) {
    const std::string name = key == test::kAliceKey ? "alice" : "bob";
    const std::string line = "\"" + std::string(key) + " " + name + "@home\"";
    files.edit("people.toml", line, line + ", \"" + std::string(hardware) + "\"");
  }
  const Policy policy = files.policy();
  const auto met = meets(policy, *policy.find_rule("rule"), *policy.find_rule("below"));
  return met ? "" : met.error().trail;
}

TEST_CASE("a floor's places for groups must be filled by what the rule demands anyway") {
  const std::string_view any = "quorum = 2\nfrom = [\"@sre\", \"@security\"]";
  const std::string_view split = "quorum = 2\nfrom = [\"@sre\", { group = \"@security\", least = 1 }]";
  const std::string_view security = "quorum = 2\nfrom = [\"@security\"]";
  const std::string_view one_each =
      "quorum = 2\nfrom = [{ group = \"@sre\", least = 1 }, { group = \"@security\", least = 1 }]";
  CHECK_THAT(shortfall(any, split), Contains("it can be met without the 1 of @security that are required"));
  CHECK(shortfall(split, split) == "");
  CHECK(shortfall(split, any) == "");
  CHECK(shortfall(security, split) == "");
  CHECK(shortfall(one_each, split) == "");
  CHECK_THAT(shortfall(split, one_each), Contains("without the 1 of @sre"));
  CHECK_THAT(shortfall(security, one_each), Contains("without the 1 of @sre"));
  CHECK(shortfall("quorum = 2\nfrom = [{ group = \"bob\", least = 1 }, \"@sre\"]", split) == "");
}

TEST_CASE("nobody counts for a floor earlier than it says, and no keys or silence that it does not take") {
  const std::string_view late =
      "quorum = 1\nfrom = [\"@sre\"]\nescalate = [{ after = \"5m\", to = [\"@security\"] }]";
  CHECK_THAT(shortfall("quorum = 1\nfrom = [\"@sre\", \"@security\"]", late),
             Contains("it counts carol at once, which is allowed from 5m on"));
  CHECK_THAT(
      shortfall("quorum = 1\nfrom = [\"@sre\"]\nescalate = [{ after = \"4m\", to = [\"carol\"] }]", late),
      Contains("it counts carol from 4m on, which is allowed from 5m on"));
  CHECK(shortfall("quorum = 1\nfrom = [\"@sre\"]\nescalate = [{ after = \"6m\", to = [\"carol\"] }]", late) ==
        "");
  CHECK_THAT(shortfall("quorum = 1\nfrom = [\"@sre\"]\nescalate = [{ after = \"6m\", to = [\"carol\"] }]",
                       "quorum = 1\nfrom = [\"@sre\"]"),
             Contains("it counts carol"));
  CHECK_THAT(
      shortfall("quorum = 1\nfrom = [\"@sre\"]", "quorum = 1\nfrom = [\"@sre\"]\nrequire_key = \"hardware\""),
      Contains("it counts keys that are no security keys"));
  CHECK(shortfall("quorum = 1\nfrom = [\"@sre\"]\nrequire_key = \"hardware\"",
                  "quorum = 1\nfrom = [\"@sre\"]") == "");
  CHECK_THAT(
      shortfall("quorum = 1\nfrom = [\"@security\"]", "quorum = 1\nfrom = [\"@oncall\"]\nemergency = true"),
      Contains("it takes approvals without a reason"));
}

TEST_CASE("cooldown and rate are the stricter of rule and floor, without having to be repeated") {
  const Policy policy = Files()
                            .edit("approvals.toml", "[floor]", "cooldown = \"2m\"\n[floor]")
                            .edit("approvals.toml", "[one]",
                                  "cooldown = \"10m\"\nrate = { requests = 5, within = \"1h\" }\n[one]")
                            .policy();
  const Role& role = *policy.find_role("shipper");
  const auto rule = effective_rule(policy, role, role.actions[0], "alice");
  REQUIRE(rule);
  CHECK(rule->cooldown == minutes(10));
  REQUIRE(rule->rates.size() == 1);
  CHECK(rule->rates[0].requests == 5);
}

}  // namespace
}  // namespace pawl::policy
