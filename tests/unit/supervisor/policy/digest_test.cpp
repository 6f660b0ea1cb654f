#include "supervisor/policy/digest.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/supervisor/policy/fixture.hpp"

namespace pawl::policy {
namespace {

using test::Files;

std::string digest(const Policy& policy, std::string_view launcher = "alice") {
  const Role& role = *policy.find_role("shipper");
  const auto value = policy_digest(policy, role, *role.find_action("ship"), launcher);
  REQUIRE(value);
  return to_hex(*value);
}

std::string edited(std::string_view file, std::string_view from, std::string_view to) {
  return digest(Files().edit(file, from, to).policy());
}

constexpr std::string_view role_file = "roles/shipper.toml";

TEST_CASE("the policy digest stands still while nothing that it names changes") {
  const std::string before = digest(Files().policy());
  CHECK(digest(Files().policy()) == before);
  CHECK(edited("approvals.toml", "quorum = 1", "quorum = 2") == before);             // another rule
  CHECK(edited("secrets.toml", "model.key", "other.key") == before);                 // another secret
  CHECK(edited("pawl.toml", "plain_http = [\"127.0.0.1:8080\"]", "") == before);     // another file
  CHECK(edited(role_file, "description = \"Ships\"", "owner = \"ops\"") == before);  // prose
  CHECK(digest(Files()
                   .append(role_file, "\n[[action]]\nname = \"x\"\nrun = [\"/bin/x\"]\napproval = \"one\"\n")
                   .policy()) == before);
  CHECK(digest(Files().append("people.toml", "[dave]\nuids = [7]\n").policy()) == before);
  CHECK(edited("people.toml", "uids = [1001]", "uids = [2001]") == before);
}

TEST_CASE("every part that an approval rests on changes the policy digest") {
  const std::string before = digest(Files().policy());
  CHECK(edited(role_file, "workspace_reason = \"it edits\"",
               "workspace_reason = \"it edits\"\nprotect = [\"x\"]") != before);
  CHECK(edited(role_file, "workspace = \"direct\"", "workspace = \"overlay\"") != before);
  const auto overlaid = [](std::string_view hide) {
    return edited(role_file, "workspace = \"direct\"",
                  "workspace = \"overlay\"\nhide = " + std::string(hide));
  };
  CHECK(overlaid("[]") != overlaid("[\"x\"]"));
  for (const std::string sandbox :
       {"syscalls = \"build\"", "landlock = 5", "capabilities = [\"net_bind_service\"]",
        "allow_syscalls = [{ name = \"ptrace\", reason = \"x\" }]",
        "deny_syscalls = [{ name = \"ptrace\", reason = \"x\" }]"}) {
    INFO(sandbox);
    CHECK(edited(role_file, "[sandbox.files]", "[sandbox]\n" + sandbox + "\n[sandbox.files]") != before);
  }
  CHECK(edited(role_file, "\"TERM\"", "\"LANG\"") != before);
  CHECK(edited(role_file, "\"{what}\", \"--file", "\"--now\", \"{what}\", \"--file") != before);
  CHECK(edited(role_file, "[a-z-]{1,30}", "[a-z-]{1,31}") != before);
  CHECK(edited(role_file, "64 KiB", "65 KiB") != before);
  CHECK(edited(role_file, "SHIP_TOKEN", "SHIP_KEY") != before);
  CHECK(edited(role_file, "approval = \"pair\"", "approval = \"pair\"\ntimeout = \"1h\"") != before);
  CHECK(edited(role_file, "approval = \"pair\"", "approval = \"pair\"\nwrite = [\"/srv/x\"]") != before);
  for (const std::string limit : {"tmp = \"2 GiB\"", "memory = \"1 GiB\"", "processes = 9", "cpus = 1",
                                  "io = 7", "best_effort = true"}) {
    INFO(limit);
    const std::string of_role = edited(role_file, "[[llm]]", "[limits]\n" + limit + "\n[[llm]]");
    const std::string of_action =
        edited(role_file, "approval = \"pair\"", "approval = \"pair\"\nlimits = { " + limit + " }");
    CHECK(of_role != before);
    CHECK(of_action != before);
    CHECK(of_role != of_action);
  }
  CHECK(edited(role_file, "approval = \"pair\"", "approval = \"pair\"\noutput = \"2 MiB\"") != before);
  CHECK(edited("approvals.toml", "expires = \"10m\"", "expires = \"9m\"") != before);
  CHECK(edited("approvals.toml", "expires = \"15m\"", "expires = \"14m\"") != before);  // the floor
  for (const std::string key :
       {"cooldown = \"2m\"", "rate = { requests = 5, within = \"1h\" }",
        "rate = { requests = 5, within = \"2h\" }", "rate = { requests = 6, within = \"1h\" }"}) {
    INFO(key);
    const std::string of_rule = edited("approvals.toml", "[floor]", key + "\n[floor]");
    CHECK(of_rule != before);
    CHECK(edited("approvals.toml", "[one]", key + "\n[one]") != before);
  }
  CHECK(edited("approvals.toml", "quorum = 2\nfrom = [\"@sre\"]",
               "quorum = 2\nfrom = [{ group = \"@sre\", least = 1 }]") != before);
  CHECK(edited("approvals.toml", "[one]", "escalate = [{ after = \"5m\", to = [\"@sre\"] }]\n[one]") !=
        before);
  CHECK(edited("secrets.toml", "prod.token", "prod2.token") != before);
  CHECK(edited("secrets.toml", "require = \"floor\"", "require = \"pair\"") != before);
  CHECK(
      edited("people.toml", "keys = [\"" + std::string(test::kBobKey),
             "keys = [\"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGFub3RoZXIga2V5IG9mIGJvYiwgb2YgMzIgYnl0ZXMu") !=
      before);
}

TEST_CASE("the policy digest depends on who launched, since the launcher is left out") {
  const Policy policy = Files().policy();
  CHECK(digest(policy, "alice") != digest(policy, "bob"));
}

TEST_CASE("fields of the digest cannot run into each other") {
  Policy policy = Files().policy();
  Role& role = policy.roles[0];
  role.actions[0].run = {"/usr/bin/ship", "a", "b"};
  const std::string apart = digest(policy);
  role.actions[0].run = {"/usr/bin/ship", "a\n- 1:b"};
  CHECK(digest(policy) != apart);
}

}  // namespace
}  // namespace pawl::policy
