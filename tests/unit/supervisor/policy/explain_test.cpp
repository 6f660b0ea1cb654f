#include "supervisor/policy/explain.hpp"

#include <boost/json/array.hpp>
#include <catch2/catch.hpp>

#include "supervisor/policy/starter.hpp"
#include "tests/unit/supervisor/policy/fixture.hpp"

namespace pawl::policy {
namespace {

using Catch::Contains;

Policy shipped() {
  auto policy = build({.kind = HomeKind::system}, system_example());
  REQUIRE(policy);
  return *std::move(policy);
}

TEST_CASE("explain tells what the agent sees, reaches, may ask, and under which approval") {
  const Policy policy = shipped();
  const std::string text = explain_text(policy, *policy.find_role("deployer"));
  CHECK_THAT(text, Contains("the workspace, overlay: what it writes is kept apart (pawl diff, pawl apply, "
                            "pawl discard)\n  (applied only when confirmed: git hooks and config, editor and "
                            "agent settings, CI, ci)\n  (absent in it: **/.env **/*.pem)\n"));
  CHECK_THAT(text, Contains("see the hidden files of the workspace"));
  CHECK_THAT(text, Contains("https://api.anthropic.com as model route 'anthropic' (ANTHROPIC_BASE_URL), with "
                            "secret 'anthropic' put in outside"));
  CHECK_THAT(text, Contains("deploy: Roll one service to a built image"));
  CHECK_THAT(text, Contains("{manifest} a file of at most 1 MiB"));
  CHECK_THAT(
      text,
      Contains(
          "approval 'production': 2 persons of @sre, @security, at least 1 of @security, never the launcher, "
          "within 15m; after 5m also of @oncall; at most 10 requests within 1h; after a denial not "
          "again for 5m"));
  CHECK_THAT(text, Contains("uses secret 'deploy-prod' as DEPLOY_TOKEN; its floor 'production-floor': 2 "
                            "persons of alice, bob, carol"));
  CHECK_THAT(
      text,
      Contains(
          "  at most 4 GiB of memory, 4 CPUs, 1024 processes and threads\n  (best effort: where the host "
          "delegates no cgroup"));
  CHECK_THAT(text, Contains("    at most 1 GiB of memory, 2 CPUs, 256 processes and threads\n"));
  CHECK_THAT(text, Contains("of its output 1 MiB each of stdout and stderr are kept"));
  CHECK_THAT(text, Contains("It cannot\n"));
}

TEST_CASE("explain of a direct workspace gives its reason") {
  const Policy policy = test::Files().policy();
  const std::string text = explain_text(policy, *policy.find_role("shipper"));
  CHECK_THAT(text, Contains("the workspace, direct: 'it edits'\n  (read-only in it: git hooks and config"));
  CHECK_THAT(text, Contains("change what exists of the protected paths"));
}

TEST_CASE("explain says what happens where limits cannot be held, and nothing where they always can") {
  Policy policy = shipped();
  Role role = *policy.find_role("observer");
  role.limits.use.enforcement = sandbox::Enforcement::required;
  CHECK_THAT(explain_text(policy, role),
             Contains("where the host delegates no cgroup to hold that, nothing is started"));
  role.limits.use = {.processes = 100};
  CHECK_THAT(explain_text(policy, role),
             Contains("at most 100 processes and threads\n") && !Contains("cgroup"));
}

TEST_CASE("explain of a role without actions and routes says so") {
  const Policy policy = shipped();
  const std::string text = explain_text(policy, *policy.find_role("observer"));
  CHECK_THAT(text, Contains("nothing: every connection is refused at once"));
  CHECK_THAT(text, Contains("It may ask for\n  nothing\n"));
  CHECK_THAT(text, Contains("write to the workspace"));
}

TEST_CASE("explain as JSON has the same facts") {
  const Policy policy = shipped();
  const auto object = explain_json(policy, *policy.find_role("deployer"));
  CHECK(object.at("role") == "deployer");
  CHECK(object.at("workspace").at("mode") == "overlay");
  CHECK(object.at("workspace").at("hidden").as_array().size() == 2);
  CHECK(object.at("workspace").at("protected").as_array().size() > 40);
  const auto& action = object.at("actions").as_array().at(0);
  CHECK(action.at("approval").at("quorum") == 2);
  CHECK(action.at("approval").at("people").as_array().size() == 3);
  CHECK(action.at("secrets").as_array().at(0).at("floor").at("rule") == "production-floor");
  CHECK(object.at("limits").at("memory") == "4 GiB");
  CHECK(object.at("limits").at("cpus") == 4.0);
  CHECK(object.at("limits").at("io").is_null());
  CHECK(object.at("limits").at("best_effort") == true);
  CHECK(action.at("output") == "1 MiB");
  CHECK(action.at("limits").at("processes") == 256);
  CHECK(object.at("llm").as_array().at(0).at("upstream") == "https://api.anthropic.com");
  CHECK_FALSE(object.at("cannot").as_array().empty());
}

}  // namespace
}  // namespace pawl::policy
