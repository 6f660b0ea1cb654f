#include "supervisor/approval/evidence.hpp"

#include <catch2/catch.hpp>
#include <functional>

#include "supervisor/receipt/dsse.hpp"
#include "tests/support/issuer.hpp"
#include "tests/unit/supervisor/approval/world.hpp"

using namespace pawl;
using approval::State;
using receipt::Statement;
using receipt::Verdict;
using test::World;

TEST_CASE("a decision counts only for exactly what was asked") {
  using Change = std::function<void(Statement&)>;
  const Change changes[] = {
      [](auto& s) { s.binding.request[0] = s.binding.request[0] == '0' ? '1' : '0'; },
      [](auto& s) { s.binding.audience = "other-broker"; },
      [](auto& s) { s.binding.document[0] ^= 1; },
      [](auto& s) { s.binding.role = "coder"; },
      [](auto& s) { s.binding.session = std::string(64, 'b'); },
      [](auto& s) { s.binding.agent = "x"; },
      [](auto& s) { s.binding.launcher = "mallory"; },
      [](auto& s) { s.binding.policy[0] ^= 1; },
      [](auto& s) { s.binding.preview = Digest{}; },
      [](auto& s) { s.binding.rendered[0] ^= 1; },
      [](auto& s) { s.binding.renderer = 2; },
      [](auto& s) { s.binding.issued -= 1; },
      [](auto& s) { s.binding.expires += 3600; },
      [](auto& s) { s.group = "@oncall"; },
      [](auto& s) { s.group = "@dev"; },
      [](auto& s) { s.person = "bob"; },
      [](auto& s) { s.person = "nobody"; },
      [](auto& s) { s.time -= 3600; },
      [](auto& s) { s.time += 3600; },
  };
  World world;
  const std::string id = world.ask();
  for (const Change& change : changes) {
    Statement statement = world.statement(id, "alice");
    change(statement);
    CAPTURE(&change - changes);
    CHECK_FALSE(world.decide_with(id, world.keys.at("alice").decide(statement)));
  }
  CHECK(world.queue.find(id).value()->decisions.empty());
  CHECK(world.decide(id, "alice"));
}

TEST_CASE("a verdict signed in the other verdict's namespace is refused") {
  World world;
  const std::string id = world.ask();
  const Verdict verdict = GENERATE(Verdict::approve, Verdict::deny);
  receipt::SignedDecision decision = world.keys.at("alice").decide(world.statement(id, "alice", verdict));
  decision.signature = world.keys.at("alice").sign_statement(
      decision.statement, verdict == Verdict::approve ? Verdict::deny : Verdict::approve);
  CHECK_FALSE(world.decide_with(id, decision));
}

TEST_CASE("a key that is not enrolled for the person is refused, whosever it is") {
  World world;
  const std::string id = world.ask();
  const std::string signer = GENERATE("mallory", "bob", "carol");
  CHECK_FALSE(world.decide_with(id, world.keys.at(signer).decide(world.statement(id, "alice"))));
}

TEST_CASE("a key enrolled after the request was made does not count, nor one removed since") {
  World world;
  const std::string id = world.ask();
  approval::Member& alice = world.current.rule.from[0].members[0];
  SECTION("enrolled since") {
    alice.keys.push_back(world.keys.at("mallory").line());
    CHECK_FALSE(world.decide_with(id, world.keys.at("mallory").decide(world.statement(id, "alice"))));
  }
  SECTION("removed since") {
    alice.keys.erase(alice.keys.begin());
    CHECK_FALSE(world.decide(id, "alice"));
    CHECK(world.decide_with(id, world.keys.at("alice2").decide(world.statement(id, "alice"))));
  }
  SECTION("left the group") {
    std::erase_if(world.current.rule.from[0].members,
                  [](const auto& member) { return member.person == "alice"; });
    CHECK_FALSE(world.decide(id, "alice"));
  }
}

TEST_CASE("who launched the agent cannot approve, but may deny") {
  World world;
  const std::string id = world.ask();
  CHECK_FALSE(world.decide(id, "carol"));
  CHECK(world.decide(id, "carol", Verdict::deny));
  CHECK(world.state(id) == State::denied);
}

TEST_CASE("who launched the agent approves where the rule allows it") {
  World world;
  world.current.rule = {"solo", 1, {{"@self", {{"carol", {world.keys.at("carol").line()}}}}}, true, 900};
  const std::string id = world.ask();
  Statement statement = world.statement(id, "carol");
  statement.group = "@self";
  CHECK(world.decide_with(id, world.keys.at("carol").decide(statement)));
  CHECK(world.consume(id));
}

namespace {

// alice's decision by a certificate of the authority that stands at her and at bob.
struct Certified {
  World world;
  test::Signer authority{9}, laptop{8};
  std::string id;

  Certified() {
    for (approval::Group& group : world.current.rule.from)
      for (approval::Member& member : group.members)
        if (member.person == "alice" || member.person == "bob")
          member.keys = {"cert-authority " + authority.line()};
    id = world.ask();
  }
  receipt::SignedDecision decide(const std::string& person, const test::Issue& what) const {
    const std::string bytes = receipt::write_statement(world.statement(id, person)).value();
    return {bytes,
            laptop.sign_certified(test::issue(authority, laptop.key(), what), receipt::kApproveNamespace,
                                  receipt::pre_authentication_encoding(bytes)),
            person, ""};
  }
  std::uint64_t now() const { return static_cast<std::uint64_t>(world.now / 1000); }
};

}  // namespace

TEST_CASE("a certificate counts for the person whose line names its authority and whose name it bears") {
  Certified story;
  const test::Issue alices{.principals = {"alice"}, .valid_before = story.now() + 60};
  const test::Issue bobs{.principals = {"bob"}, .valid_before = story.now() + 60};
  CHECK_FALSE(story.world.decide_with(story.id, story.decide("bob", alices)));
  CHECK_FALSE(story.world.decide_with(story.id, story.decide("dave", alices)));
  CHECK(story.world.decide_with(story.id, story.decide("alice", alices)));
  // One key, two names: what counts is the name that the authority vouches for.
  CHECK_FALSE(story.world.decide_with(story.id, story.decide("alice", alices)));
  CHECK(story.world.decide_with(story.id, story.decide("bob", bobs)));
  const approval::Request& request = *story.world.queue.find(story.id).value();
  CHECK(request.decisions[0].evidence.key == "cert-authority " + story.authority.line());
  CHECK(story.world.consume(story.id));
}

TEST_CASE("a certificate must hold when the decision comes, not when it is spent") {
  Certified story;
  const test::Issue alices{.principals = {"alice"}, .valid_before = story.now() + 10};
  const test::Issue bobs{.principals = {"bob"}, .valid_before = story.now() + 10};
  const receipt::SignedDecision first = story.decide("alice", alices), second = story.decide("bob", bobs);
  story.world.now += 9'999;
  CHECK(story.world.decide_with(story.id, first));
  story.world.now += 1;
  // The statement's own time lies within the certificate's, but it came too late.
  CHECK_FALSE(story.world.decide_with(story.id, second));
  CHECK(story.world.decide_with(
      story.id, story.decide("bob", {.principals = {"bob"}, .valid_before = story.now() + 1})));
  story.world.now += 60'000;
  story.world.restart();
  CHECK(story.world.consume(story.id));
  CHECK(story.world.verify_log());
}

TEST_CASE("an authority that is removed since takes its certificates with it") {
  Certified story;
  for (approval::Member& member : story.world.current.rule.from[0].members)
    if (member.person == "alice") member.keys = {story.world.keys.at("alice").line()};
  CHECK_FALSE(story.world.decide_with(
      story.id, story.decide("alice", {.principals = {"alice"}, .valid_before = story.now() + 60})));
}

TEST_CASE("a decision that is malformed in any byte is refused") {
  World world;
  const std::string id = world.ask();
  const receipt::SignedDecision good = world.keys.at("alice").decide(world.statement(id, "alice"));
  for (std::size_t at = 0; at < good.statement.size(); ++at) {
    receipt::SignedDecision bad = good;
    bad.statement[at] = static_cast<char>(bad.statement[at] ^ 1);
    CHECK_FALSE(world.decide_with(id, bad));
  }
  for (std::size_t at = 0; at < good.signature.size(); ++at) {
    receipt::SignedDecision bad = good;
    bad.signature[at] = static_cast<char>(bad.signature[at] ^ 1);
    CHECK_FALSE(world.decide_with(id, bad));
  }
  CHECK(world.decide_with(id, good));
}
