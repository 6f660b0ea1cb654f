#include <catch2/catch.hpp>

#include "supervisor/policy/authority.hpp"
#include "tests/unit/supervisor/policy/fixture.hpp"

namespace pawl::policy {
namespace {

using Catch::Contains;
using test::Files;

constexpr std::string_view role_file = "roles/shipper.toml";

TEST_CASE("a rule names only people and groups that exist") {
  CHECK_THAT(Files().edit("approvals.toml", "\"alice\", \"bob\"", "\"alise\", \"bob\"").refusals(),
             Contains("approvals.toml:8:1: nobody is named 'alise' (did you mean 'alice'?)"));
  CHECK_THAT(Files()
                 .edit("approvals.toml", "[one]\nquorum = 1\nfrom = [\"@sre\"]",
                       "[one]\nquorum = 1\nfrom = [\"@ser\"]")
                 .refusals(),
             Contains("nobody is in group '@ser' (did you mean 'sre'?)"));
}

TEST_CASE("a quorum that is 0, absent or out of reach is refused when the policy is read") {
  CHECK_THAT(Files().edit("approvals.toml", "quorum = 1", "quorum = 0").refusals(),
             Contains("must be from 1"));
  CHECK_THAT(Files().edit("approvals.toml", "quorum = 1\n", "").refusals(),
             Contains("'quorum' is missing in one"));
  CHECK_THAT(Files().edit("approvals.toml", "quorum = 1", "quorum = 4").refusals(),
             Contains("can never be given"));
  CHECK_THAT(
      Files()
          .edit("approvals.toml", "[one]\nquorum = 1\nfrom = [\"@sre\"]", "[one]\nquorum = 1\nfrom = []")
          .refusals(),
      Contains("nobody may approve under 'one'"));
}

TEST_CASE("people without keys do not count for a quorum") {
  const std::string bob = "keys = [\"" + std::string(test::kBobKey) + " bob@home\"]\n";
  const std::string carol = "keys = [\"" + std::string(test::kCarolKey) + " carol@home\"]\n";
  CHECK(Files().edit("people.toml", bob, "").refusals().empty());
  CHECK_THAT(
      Files().edit("people.toml", bob, "").edit("people.toml", carol, "").refusals(),
      Contains(
          "approval 'pair' can never be given: fewer than 2 of its people have keys, the launcher left out"));
}

TEST_CASE("a home in which nobody has a uid can give no approval") {
  Files files;
  for (const std::string uid : {"1000", "1001", "1002"})
    files.edit("people.toml", "uids = [" + uid + "]", "uids = []");
  CHECK_THAT(files.refusals(), Contains("nobody in people.toml has a uid"));
}

TEST_CASE("the system broker refuses self-approval") {
  const auto rule = [](HomeKind kind, std::string_view lines) {
    return Files(kind).append("approvals.toml", lines).refusals();
  };
  const std::string_view solo = "[solo]\nquorum = 1\nfrom = [\"@self\"]\nallow_launcher = true\n";
  CHECK(rule(HomeKind::embedded, solo).empty());
  CHECK_THAT(rule(HomeKind::system, solo), Contains("'@self' is refused by the system broker") &&
                                               Contains("allow_launcher is refused by the system broker"));
  CHECK_THAT(rule(HomeKind::embedded, "[solo]\nquorum = 1\nfrom = [\"@self\"]\n"),
             Contains("can never be given"));
}

TEST_CASE("one uid and one key belong to one person") {
  CHECK_THAT(Files().edit("people.toml", "uids = [1001]", "uids = [1000]").refusals(),
             Contains("uid 1000 already belongs to alice"));
  CHECK_THAT(Files().edit("people.toml", test::kBobKey, test::kAliceKey).refusals(),
             Contains("a key that already belongs to alice"));
}

TEST_CASE("an authority may stand at many persons, but its key at nobody as their own") {
  const std::string authority = "cert-authority " + std::string(test::kAliceKey);
  const auto with_authority = [&](Files files) {
    return files.edit("people.toml", test::kAliceKey, authority);
  };
  CHECK(with_authority(Files()).edit("people.toml", test::kBobKey, authority).refusals().empty());
  CHECK_THAT(with_authority(Files()).edit("people.toml", test::kBobKey, test::kAliceKey).refusals(),
             Contains("the authority's key is also bob's own"));
}

TEST_CASE("a group may not be called self, a rule not none") {
  CHECK_THAT(Files().append("people.toml", "[dave]\ngroups = [\"self\"]\n").refusals(),
             Contains("'self' is taken"));
  CHECK_THAT(Files().append("approvals.toml", "[none]\nquorum = 1\nfrom = [\"@sre\"]\n").refusals(),
             Contains("'none' is taken"));
}

TEST_CASE("a secret is drawn only by the roles and for the uses that secrets.toml lists") {
  CHECK_THAT(Files()
                 .edit("secrets.toml", "roles = [\"shipper\"]\nuses = [\"action:ship\"]",
                       "roles = []\nuses = [\"action:ship\"]")
                 .refusals(),
             Contains("roles/shipper.toml:21:13: secret 'prod' may not be used by role 'shipper'"));
  CHECK_THAT(Files().edit("secrets.toml", "\"action:ship\"", "\"action:other\"").refusals(),
             Contains("secret 'prod' may not be used for 'action:ship'"));
  CHECK_THAT(Files().edit(role_file, "SHIP_TOKEN = \"prod\"", "SHIP_TOKEN = \"produ\"").refusals(),
             Contains("no secret 'produ'"));
  CHECK_THAT(Files().edit(role_file, "SHIP_TOKEN = \"prod\"", "SHIP_TOKEN = \"model\"").refusals(),
             Contains("secret 'model' may not be used for 'action:ship'"));
}

TEST_CASE("an action's rule must meet the floor of each of its secrets") {
  CHECK_THAT(Files().edit(role_file, "approval = \"pair\"", "approval = \"one\"").refusals(),
             Contains("approval 'one' is below 'floor': 1 of its people suffice, 2 are required"));
  CHECK_THAT(Files().edit(role_file, "approval = \"pair\"", "approval = \"none\"").refusals(),
             Contains("always needs an approval"));
  CHECK_THAT(Files().edit(role_file, "approval = \"pair\"", "approval = \"piar\"").refusals(),
             Contains("no approval rule 'piar' (did you mean 'pair'?)"));
}

TEST_CASE("a model route carries no floored secret, from whichever side it is tried") {
  CHECK_THAT(Files().edit(role_file, "secret = \"model\"", "secret = \"prod\"").refusals(),
             Contains("may not be used for 'llm:anthropic'"));
  CHECK_THAT(
      Files().edit("secrets.toml", "require = \"none\"", "require = \"floor\"").refusals(),
      Contains("a model route is never asked about") && Contains("routes carry only secrets with require"));
}

TEST_CASE("a route to another address needs a use of its own") {
  const std::string elsewhere = "upstream = \"https://elsewhere.example.com\"\nsecret = \"model\"";
  CHECK_THAT(Files().edit(role_file, "secret = \"model\"", elsewhere).refusals(),
             Contains("secret 'model' may not be used for 'llm:https://elsewhere.example.com'"));
  CHECK(Files()
            .edit(role_file, "secret = \"model\"", elsewhere)
            .edit("secrets.toml", "llm:anthropic", "llm:https://elsewhere.example.com")
            .refusals()
            .empty());
}

TEST_CASE("two names for one value are refused: the second could have a lower floor") {
  CHECK_THAT(Files().edit("secrets.toml", "model.key", "prod.token").refusals(),
             Contains("has the same source as"));
}

TEST_CASE("a secret has exactly one source, a plain file name") {
  CHECK_THAT(Files().edit("secrets.toml", "file = \"prod.token\"\n", "").refusals(),
             Contains("'prod' needs one source"));
  CHECK_THAT(
      Files().edit("secrets.toml", "file = \"prod.token\"", "file = \"a\"\ncredential = \"b\"").refusals(),
      Contains("needs one source"));
  for (const std::string name : {"../x", "/etc/shadow", ".hidden", "a/b"})
    CHECK_THAT(Files().edit("secrets.toml", "prod.token", name).refusals(),
               Contains("is not a plain file name"));
}

TEST_CASE("every secret says its roles, uses and floor") {
  CHECK_THAT(Files().edit("secrets.toml", "require = \"floor\"\n", "").refusals(),
             Contains("'require' is missing in prod"));
  CHECK_THAT(Files().edit("secrets.toml", "uses = [\"action:ship\"]\n", "").refusals(),
             Contains("'uses' is missing in prod"));
  CHECK_THAT(Files().edit("secrets.toml", "\"action:ship\"", "\"ship\"").refusals(),
             Contains("is not a use"));
}

TEST_CASE("one rule for both the action and its floor is used, with a note") {
  const Policy policy = Files().edit(role_file, "approval = \"pair\"", "approval = \"floor\"").policy();
  REQUIRE(policy.notes.size() == 1);
  CHECK_THAT(
      policy.notes[0].text(),
      Contains("note: 'floor' is also the floor of secret 'prod': one edit of that rule weakens both"));
}

TEST_CASE("names of roles that are not installed are noted") {
  const Policy policy = Files().append("pawl.toml", "[launchers]\nshiper = [\"@sre\"]\n").policy();
  REQUIRE(policy.notes.size() == 1);
  CHECK_THAT(policy.notes[0].text(), Contains("pawl.toml:4:1: note: there is no role 'shiper'"));
}

TEST_CASE("a handed role is held to the same rules and draws no secret") {
  const Policy policy = Files().policy();
  const std::string plain = "pawl = 1\nname = \"mine\"\n[sandbox.files]\nworkspace = \"read-only\"\n";
  const auto role = build_handed_role(policy, "mine.toml", plain);
  REQUIRE(role);
  CHECK(role->origin == RoleOrigin::handed);

  const std::string action =
      plain + "[[action]]\nname = \"ship\"\nrun = [\"/usr/bin/ship\"]\napproval = \"pair\"\n";
  CHECK(build_handed_role(policy, "mine.toml", action));
  const auto drawing = build_handed_role(policy, "mine.toml", action + "secrets = { T = \"prod\" }\n");
  REQUIRE_FALSE(drawing);
  CHECK_THAT(text_of(drawing.error()),
             Contains("mine.toml:9:13: a role given by --policy draws no secret, but names 'prod'"));
  const auto route =
      build_handed_role(policy, "mine.toml", plain + "[[llm]]\nname = \"anthropic\"\nsecret = \"model\"\n");
  REQUIRE_FALSE(route);
  CHECK_THAT(text_of(route.error()), Contains("draws no secret"));

  // Neither does one that takes an installed role's name.
  std::string stolen = Files().sources().back().text;
  const auto impostor = build_handed_role(policy, "shipper.toml", stolen);
  REQUIRE_FALSE(impostor);
  CHECK_THAT(text_of(impostor.error()), Contains("draws no secret"));
  CHECK_FALSE(build_handed_role(policy, "mine.toml", "not toml ["));
  CHECK_FALSE(build_handed_role(policy, "mine.toml", std::string((1 << 20) + 1, '#')));
}

}  // namespace
}  // namespace pawl::policy
