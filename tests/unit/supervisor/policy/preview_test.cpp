// Previews, rechecks and rollbacks as roles say them: what is refused when they are read, and the sandbox of
// a program that nobody has approved.
#include <algorithm>
#include <catch2/catch.hpp>

#include "supervisor/policy/authority.hpp"
#include "supervisor/policy/digest.hpp"
#include "supervisor/policy/explain.hpp"
#include "supervisor/policy/lower.hpp"
#include "tests/unit/supervisor/policy/fixture.hpp"

namespace pawl::policy {
namespace {

using Catch::Contains;
using test::Files;

constexpr std::string_view role_file = "roles/shipper.toml";
constexpr std::string_view kLookSecret = R"(
[look]
file = "look.token"
roles = ["shipper"]
uses = ["preview:ship"]
require = "none"
)";
constexpr std::string_view kUnship = R"(
[[action]]
name = "unship"
run = ["/usr/bin/ship", "back", "{what}"]
params.what = { match = "[a-z-]{1,30}" }
approval = "pair"
)";

// The action `ship` with further lines.
Files with(const std::string& lines) {
  return Files().edit(role_file, "approval = \"pair\"\n", "approval = \"pair\"\n" + lines);
}

const std::string kPreview = "preview = [\"/usr/bin/ship\", \"plan\", \"{what}\", \"{input}\"]\n";

const Action& ship(const Policy& policy) { return *policy.find_role("shipper")->find_action("ship"); }

TEST_CASE("a preview is read as a command is") {
  const Policy policy =
      with(kPreview +
           "preview_timeout = \"90s\"\nrecheck = true\npreview_secrets = { SHIP_TOKEN = \"look\" }\n")
          .append("secrets.toml", kLookSecret)
          .policy();
  const Action& action = ship(policy);
  CHECK(action.preview == std::vector<std::string>{"/usr/bin/ship", "plan", "{what}", "{input}"});
  CHECK(action.preview_timeout.count() == 90);
  CHECK(action.recheck);
  REQUIRE(action.preview_secrets.size() == 1);
  CHECK(action.preview_secrets[0].variable == "SHIP_TOKEN");
  CHECK(action.preview_secrets[0].secret == "look");
  CHECK(action.secrets.size() == 1);

  CHECK_THAT(with("preview = []\n").refusals(), Contains("'preview' is empty"));
  CHECK_THAT(with("preview = [\"ship\"]\n").refusals(), Contains("is not a clean absolute path"));
  CHECK_THAT(with("preview = [\"/usr/{what}\"]\n").refusals(), Contains("never chooses what is executed"));
  CHECK_THAT(with("preview = [\"/usr/bin/ship\", \"{whose}\"]\n").refusals(),
             Contains("{whose} is not declared"));
  CHECK_THAT(with("preview = [\"/bin/sh\", \"-c\", \"plan {what}\"]\n").refusals(),
             Contains("a parameter stands inside code"));
  CHECK_THAT(with(kPreview + "preview_timeout = \"6m\"\n").refusals(), Contains("preview_timeout"));
  CHECK_THAT(with(kPreview + "preview_secrets = { PATH = \"look\" }\n").refusals(),
             Contains("is not a variable that may carry a secret"));
}

TEST_CASE("what says something about a preview is refused without one") {
  CHECK_THAT(with("recheck = true\n").refusals(), Contains("there is no preview to make again"));
  CHECK_THAT(with("preview_timeout = \"10s\"\n").refusals(), Contains("means nothing without 'preview'"));
  CHECK_THAT(with("preview_secrets = {}\n").refusals(), Contains("means nothing without 'preview'"));
  CHECK(with("recheck = false\n").refusals().empty());
}

TEST_CASE("a preview is given only secrets that list it and that anybody may use unasked") {
  const auto refused = [](const std::string& name, std::string_view secret) {
    return with(kPreview + "preview_secrets = { SHIP_TOKEN = \"" + name + "\" }\n")
        .append("secrets.toml", secret)
        .refusals();
  };
  CHECK(refused("look", kLookSecret).empty());
  // The action's own secret is not the preview's.
  CHECK_THAT(refused("prod", ""), Contains("secret 'prod' may not be used for 'preview:ship'"));
  CHECK_THAT(refused("model", ""), Contains("secret 'model' may not be used for 'preview:ship'"));
  CHECK_THAT(refused("nothing", ""), Contains("no secret 'nothing'"));
  // A floor can never be met before anyone is asked: refused on both sides, and also where no role uses it.
  CHECK_THAT(
      Files().edit("secrets.toml", "\"action:ship\"", "\"action:ship\", \"preview:ship\"").refusals(),
      Contains("secrets.toml") && Contains("a preview is made before anyone is asked, so it cannot meet"));
  Policy policy = with(kPreview + "preview_secrets = { SHIP_TOKEN = \"look\" }\n")
                      .append("secrets.toml", kLookSecret)
                      .policy();
  CHECK(preview_holds(policy, *policy.find_role("shipper"), ship(policy)));
  std::ranges::find(policy.secrets, "look", &Secret::name)->require = "floor";
  const auto held = preview_holds(policy, *policy.find_role("shipper"), ship(policy));
  REQUIRE_FALSE(held);
  CHECK_THAT(held.error().trail, Contains("requires 'floor'"));
  // A use in a preview is none in an action.
  CHECK_THAT(Files()
                 .edit(role_file, "SHIP_TOKEN = \"prod\"", "SHIP_TOKEN = \"look\"")
                 .append("secrets.toml", kLookSecret)
                 .refusals(),
             Contains("secret 'look' may not be used for 'action:ship'"));
}

TEST_CASE("a rollback names another action of the role, with parameters that this one has") {
  const auto refused = [](std::string_view lines) {
    return with("rollback = \"unship\"\n").append(role_file, lines).refusals();
  };
  CHECK(refused(kUnship).empty());
  CHECK_THAT(refused(""), Contains("this role has no action 'unship'"));
  CHECK_THAT(with("rollback = \"ship\"\n").refusals(), Contains("'ship' cannot take itself back"));
  std::string other(kUnship);
  other.replace(other.find("{what}"), 6, "{that}");
  other.replace(other.find("params.what"), 11, "params.that");
  CHECK_THAT(refused(other), Contains("'unship' takes 'that', which 'ship' does not have"));
  std::string file(kUnship);
  file.replace(file.find("{ match = \"[a-z-]{1,30}\" }"), 26, "{ file = true }");
  CHECK_THAT(refused(file), Contains("'what' is a file in one"));
}

TEST_CASE("a preview has the action's sandbox, and can change nothing in it") {
  Policy policy = with(kPreview + "preview_timeout = \"7s\"\n").policy();
  const Role& role = *policy.find_role("shipper");
  Action action = ship(policy);
  action.read = {"/opt/a"};
  action.write = {"/srv/b"};
  const ActionContext context{
      .request = "4e9e57000000",
      .executable = "/usr/bin/ship",
      .parameters = {{"what", ParameterKind::text, "web"}, {"input", ParameterKind::file, "web.yaml"}},
      .private_directories = {"/etc/pawl", "/var/lib/pawl"},
      .uid = 990,
      .gid = 990,
      .identity = {990, 990}};
  const auto plan = lower_preview(role, action, context);
  const auto own = lower_action(role, action, context);
  REQUIRE(plan);
  REQUIRE(own);
  CHECK(plan->argv ==
        std::vector<std::string>{"/usr/bin/ship", "plan", "web", "/run/pawl/inputs/input/web.yaml"});
  CHECK(plan->wall_time == 7);
  CHECK(std::ranges::none_of(
      plan->mounts, [](const sandbox::Mount& mount) { return mount.kind == sandbox::MountKind::writable; }));
  REQUIRE(plan->mounts.size() == own->mounts.size());
  for (std::size_t i = 0; i < plan->mounts.size(); ++i)
    CHECK(plan->mounts[i].target == own->mounts[i].target);
  CHECK(std::ranges::any_of(own->mounts, [](const sandbox::Mount& mount) {
    return mount.kind == sandbox::MountKind::writable && mount.target == "/srv/b";
  }));
  CHECK(plan->environment == own->environment);
  CHECK(plan->network == own->network);
  CHECK(plan->uid == 990);
  CHECK(plan->apart.size() == 2);
  CHECK(describe(*plan).find("SHIP_TOKEN") == std::string::npos);
  action.preview.clear();
  CHECK_FALSE(lower_preview(role, action, context));
}

TEST_CASE("what an action's preview is, and what takes it back, is part of the policy digest") {
  const auto digest = [](Files files) {
    const Policy policy = files.append(role_file, kUnship).append("secrets.toml", kLookSecret).policy();
    const auto value = policy_digest(policy, *policy.find_role("shipper"), ship(policy), "alice");
    REQUIRE(value);
    return to_hex(*value);
  };
  const std::string lines[] = {
      "",
      kPreview,
      "preview = [\"/usr/bin/ship\", \"plan\"]\n",
      kPreview + "preview_timeout = \"9s\"\n",
      kPreview + "recheck = true\n",
      kPreview + "preview_secrets = { SHIP_TOKEN = \"look\" }\n",
      kPreview + "preview_secrets = { LOOK_TOKEN = \"look\" }\n",
      "rollback = \"unship\"\n",
  };
  std::vector<std::string> seen;
  for (const std::string& line : lines) seen.push_back(digest(with(line)));
  std::ranges::sort(seen);
  CHECK(std::ranges::adjacent_find(seen) == seen.end());
  const std::string with_secret = kPreview + "preview_secrets = { SHIP_TOKEN = \"look\" }\n";
  CHECK(digest(with(with_secret)) == digest(with(with_secret)));
}

TEST_CASE("explain says what is previewed and what takes it back") {
  const Policy policy =
      with(kPreview + "recheck = true\nrollback = \"unship\"\n").append(role_file, kUnship).policy();
  const std::string text = explain_text(policy, *policy.find_role("shipper"));
  CHECK_THAT(text, Contains("before anyone is asked, it previews with '/usr/bin/ship' 'plan'"));
  CHECK_THAT(text, Contains("another output voids the approval"));
  CHECK_THAT(text, Contains("taken back by 'unship': pawl rollback"));
}

}  // namespace
}  // namespace pawl::policy
