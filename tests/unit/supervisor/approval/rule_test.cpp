#include "supervisor/approval/rule.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/supervisor/approval/world.hpp"

using namespace pawl;
using approval::check_rule;
using approval::Rule;

namespace {

Rule sample() { return test::World().current.rule; }

std::string why_not(const Rule& rule, std::string_view launcher = "carol") {
  const auto checked = check_rule(rule, launcher);
  return checked ? "" : checked.error().text();
}

}  // namespace

TEST_CASE("a rule that enough persons can meet is taken") { CHECK(why_not(sample()) == ""); }

TEST_CASE("a quorum of 0 is refused") {
  Rule rule = sample();
  rule.quorum = 0;
  CHECK(why_not(rule).find("quorum of 0") != std::string::npos);
}

TEST_CASE("a quorum counts persons, not keys or groups, and not the launcher") {
  Rule rule = sample();  // alice (two keys), bob (two groups), carol (launched), dave
  rule.quorum = 3;
  CHECK(why_not(rule) == "");
  rule.quorum = 4;
  CHECK(why_not(rule).find("only 3 could") != std::string::npos);
  rule.allow_launcher = true;
  CHECK(why_not(rule) == "");
  CHECK(why_not(rule, "stranger") == "");
  rule.quorum = 5;
  CHECK(why_not(rule) != "");
}

TEST_CASE("a person without a key does not count") {
  Rule rule{"two-person", 1, {{"@sre", {{"alice", {}}}}}, false, 900};
  CHECK(why_not(rule) != "");
}

TEST_CASE("one key in two persons' hands is refused") {
  Rule rule = sample();
  rule.from[1].members[1].keys = {test::Signer(1).line() + " another comment"};
  CHECK(why_not(rule).find("belongs to alice and to dave") != std::string::npos);
}

TEST_CASE("an authority may certify many persons, but its key is nobody's own") {
  const std::string authority = "cert-authority " + test::Signer(9).line();
  Rule rule = sample();
  rule.from[0].members[0].keys = {authority};
  rule.from[0].members[1].keys = {authority, test::Signer(3).line()};
  CHECK(why_not(rule) == "");
  SECTION("another's own") { rule.from[1].members[1].keys = {test::Signer(9).line()}; }
  SECTION("one's own, too") { rule.from[0].members[0].keys.push_back(test::Signer(9).line()); }
  SECTION("one's own before") {
    rule.from[0].members[0].keys.insert(rule.from[0].members[0].keys.begin(), test::Signer(9).line());
  }
  CHECK(why_not(rule).find("the key SHA256:") != std::string::npos);
}

TEST_CASE("an incoherent rule is refused") {
  Rule rule = sample();
  SECTION("same-named groups") { rule.from[1].name = "@sre"; }
  SECTION("a person twice in a group") { rule.from[0].members.push_back(rule.from[0].members[0]); }
  SECTION("a key that is none") { rule.from[0].members[0].keys[0] = "ssh-ed25519 AAAA"; }
  SECTION("a person that is a pattern") { rule.from[0].members[0].person = "*"; }
  SECTION("a nameless group") { rule.from[0].name = ""; }
  SECTION("a nameless rule") { rule.name = ""; }
  SECTION("no groups") { rule.from.clear(); }
  SECTION("no time to decide") { rule.expires = 0; }
  CHECK(why_not(rule) != "");
}

TEST_CASE("a member is found in its group only") {
  const Rule rule = sample();
  CHECK(approval::find_member(rule, "@sre", "alice") != nullptr);
  CHECK(approval::find_member(rule, "@oncall", "alice") == nullptr);
  CHECK(approval::find_member(rule, "@dev", "alice") == nullptr);
}
