#include "supervisor/policy/gate.hpp"

#include <boost/json/serialize.hpp>
#include <catch2/catch.hpp>

#include "supervisor/policy/digest.hpp"
#include "supervisor/policy/explain.hpp"
#include "supervisor/policy/gate_authority.hpp"
#include "supervisor/policy/starter.hpp"
#include "tests/unit/supervisor/policy/fixture.hpp"

namespace pawl::policy {
namespace {

using Catch::Contains;

constexpr std::string_view kGate = R"([[gate]]
name = "release"
description = "Ships a commit"
subject = "git"
command = ["./release.sh", { match = "staging|production" }, { match = "-v|-q", allow_dash = true }]
inputs = ["release.sh"]
inputs_max = "64 KiB"
approval = "pair"
expires = "5m"
proposers = ["alice", "@sre"]
)";

test::Files files(std::string_view gate = kGate) {
  test::Files home;
  home.append("roles/shipper.toml", gate);
  home.append("pawl.toml", "\n[launchers]\nshipper = [\"@sre\"]\n");
  return home;
}

const Gate& gate_of(const Policy& policy) { return *policy.find_role("shipper")->find_gate("release"); }

std::string edited(std::string_view from, std::string_view to) {
  std::string text(kGate);
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

std::vector<std::string> command(std::string where = "production", std::string how = "-v") {
  return {"./release.sh", std::move(where), std::move(how)};
}

TEST_CASE("a gate is read with all that it says") {
  const Policy policy = files().policy();
  const Gate& gate = gate_of(policy);
  CHECK(gate.command.size() == 3);
  CHECK(gate.command[1].kind == GateArgument::Kind::pattern);
  CHECK(gate.inputs == std::vector<std::string>{"release.sh"});
  CHECK(gate.inputs_max == 64 * 1024);
  CHECK(gate.expires == std::chrono::minutes(5));
  CHECK(gate.proposers.size() == 2);
}

TEST_CASE("the permission is the ceiling: only what the gate says word for word can be proposed") {
  const Policy policy = files().policy();
  const Gate& gate = gate_of(policy);
  CHECK(check_gate_command(gate, command()));
  CHECK(check_gate_command(gate, command("staging", "-q")));
  for (const auto& argv : std::vector<std::vector<std::string>>{command("prod"),
                                                                command("production "),
                                                                command("production", "-x"),
                                                                {"./release.sh", "production"},
                                                                {"./release.sh", "production", "-v", "-v"},
                                                                {"release.sh", "production", "-v"},
                                                                {}}) {
    CAPTURE(argv);
    CHECK_FALSE(check_gate_command(gate, argv));
  }
  CHECK_THAT(check_gate_command(gate, command("x")).error().trail, Contains("word 1: does not match"));
  CHECK(check_gate_inputs(gate, std::vector<std::string>{"release.sh", "other"}));
  CHECK_FALSE(check_gate_inputs(gate, std::vector<std::string>{"other"}));
}

TEST_CASE("a word starts with a dash, is long or holds an escape only where the gate lets it") {
  const Policy policy = files(edited("staging|production", "(?s).*")).policy();
  const Gate& gate = gate_of(policy);
  CHECK(check_gate_command(gate, command("anything")));
  CHECK_FALSE(check_gate_command(gate, command("-rf")));
  CHECK_FALSE(check_gate_command(gate, command("a\x1b[2J")));
  CHECK_FALSE(check_gate_command(gate, command("\xff")));
  CHECK_FALSE(check_gate_command(gate, command(std::string(4097, 'a'))));
}

TEST_CASE("a gate that makes no sense is refused when it is read") {
  const auto refusals = [](std::string_view from, std::string_view to) {
    return files(edited(from, to)).refusals();
  };
  CHECK_THAT(refusals("subject = \"git\"", "subject = \"hg\""),
             Contains("nothing that a gate can be bound to"));
  CHECK_THAT(refusals("subject = \"git\"\n", ""), Contains("'subject' is missing"));
  CHECK_THAT(refusals("\"./release.sh\", {", "{"), Contains("a pattern in the program's place"));
  CHECK_THAT(refusals("{ match = \"staging|production\" }", "7"), Contains("'command' holds"));
  CHECK_THAT(refusals("staging|production", "staging|("), Contains("bad pattern"));
  CHECK_THAT(refusals("match = \"staging|production\"", "mach = \"x\""), Contains("did you mean 'match'"));
  CHECK_THAT(refusals("\"./release.sh\", {", "\"/bin/sh\", \"-c\", {"), Contains("takes code"));
  CHECK_THAT(refusals("\"pair\"", "\"none\""), Contains("a gate always needs an approval"));
  CHECK_THAT(refusals("\"pair\"", "\"pairs\""), Contains("did you mean 'pair'"));
  CHECK_THAT(refusals("\"alice\", \"@sre\"", "\"alise\""), Contains("nobody is named 'alise'"));
  CHECK_THAT(refusals("\"alice\", \"@sre\"", "\"@self\""), Contains("names nobody"));
  CHECK_THAT(refusals("[\"release.sh\"]", "[\"../release.sh\"]"), Contains("is not a clean path"));
  CHECK_THAT(refusals("name = \"release\"", "name = \"ship\""),
             Contains("a second action or gate named 'ship'"));
  CHECK_THAT(refusals("expires = \"5m\"", "expires = \"25h\""), Contains("expires"));
}

TEST_CASE("who may launch the role and is among its proposers may propose, and nobody else") {
  test::Files home = files(edited("\"alice\", \"@sre\"", "\"alice\""));
  const Policy policy = home.policy();
  const Role& role = *policy.find_role("shipper");
  CHECK(may_propose(policy, role, gate_of(policy), policy.find_person("alice")));
  CHECK_FALSE(may_propose(policy, role, gate_of(policy), policy.find_person("bob")));
  CHECK_FALSE(may_propose(policy, role, gate_of(policy), nullptr));
  home.edit("pawl.toml", "shipper = [\"@sre\"]", "shipper = [\"bob\"]");
  const Policy closed = home.policy();
  CHECK_FALSE(
      may_propose(closed, *closed.find_role("shipper"), gate_of(closed), closed.find_person("alice")));
}

TEST_CASE("a gate's rule leaves the proposer out and stands no longer than the gate says") {
  const Policy policy = files().policy();
  const auto rule = effective_rule(policy, *policy.find_role("shipper"), gate_of(policy), "carol");
  REQUIRE(rule);
  CHECK(rule->quorum == 2);
  CHECK(rule->find("carol") == nullptr);
  CHECK(rule->expires == std::chrono::minutes(5));
  const Policy longer = files(edited("expires = \"5m\"", "expires = \"20m\"")).policy();
  CHECK(effective_rule(longer, *longer.find_role("shipper"), gate_of(longer), "carol")->expires ==
        std::chrono::minutes(10));
}

TEST_CASE("every edit of a gate changes its policy digest") {
  const auto digest = [](const Policy& policy) {
    return policy_digest(policy, *policy.find_role("shipper"), gate_of(policy), "carol").value();
  };
  const Digest before = digest(files().policy());
  for (const auto& [from, to] :
       std::vector<std::pair<std::string_view, std::string_view>>{{"staging|production", "staging|prod"},
                                                                  {"allow_dash = true", "allow_dash = false"},
                                                                  {"\"./release.sh\"", "\"./release\""},
                                                                  {"64 KiB", "65 KiB"},
                                                                  {"expires = \"5m\"", "expires = \"6m\""},
                                                                  {"\"pair\"", "\"floor\""},
                                                                  {"[\"release.sh\"]", "[\"other.sh\"]"},
                                                                  {", \"@sre\"]", "]"}}) {
    CAPTURE(from);
    CHECK(digest(files(edited(from, to)).policy()) != before);
  }
  test::Files other = files();
  other.edit("approvals.toml", "expires = \"10m\"", "expires = \"9m\"");
  CHECK(digest(other.policy()) != before);
  // An edit elsewhere voids nothing.
  test::Files elsewhere = files();
  elsewhere.edit("roles/shipper.toml", "[a-z-]{1,30}", "[a-z-]{1,31}");
  CHECK(digest(elsewhere.policy()) == before);
}

TEST_CASE("explain tells what may be proposed, by whom, and under which approval") {
  const Policy policy = files().policy();
  const Role& role = *policy.find_role("shipper");
  const std::string text = explain_text(policy, role);
  CHECK_THAT(text, Contains("Its people may propose\n  release: Ships a commit\n"));
  CHECK_THAT(text, Contains("for one git commit and once: './release.sh' { 'staging|production' }"));
  CHECK_THAT(text, Contains("with the file 'release.sh' pinned"));
  CHECK_THAT(
      text,
      Contains("approval 'pair': 2 persons of @sre, never the launcher, within 10m, and no longer than 5m"));
  CHECK_THAT(boost::json::serialize(explain_json(policy, role)),
             Contains("\"gates\":[{\"name\":\"release\""));
}

TEST_CASE("the shipped pipeline role is without problems in both homes") {
  const auto policy = build({.kind = HomeKind::system}, system_example());
  REQUIRE(policy);
  const Role& role = *policy->find_role("pipeline");
  CHECK(check_gate_command(*role.find_gate("deploy"), std::vector<std::string>{"./deploy.sh", "production"}));
  CHECK_FALSE(check_gate_command(*role.find_gate("deploy"), std::vector<std::string>{"./deploy.sh", "; rm"}));
  const auto rule = effective_rule(*policy, role, *role.find_gate("deploy"), "alice");
  REQUIRE(rule);
  CHECK(rule->quorum == 2);
  CHECK(may_propose(*policy, role, *role.find_gate("deploy"), policy->find_person("alice")));
}

}  // namespace
}  // namespace pawl::policy
