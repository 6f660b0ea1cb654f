// Random rules, persons, groups and decisions: the machine's verdict is the one that follows from the words,
// written down here without looking at the code.
#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <set>

#include "tests/unit/supervisor/approval/world.hpp"

using namespace pawl;
using approval::State;
using receipt::Verdict;
using test::World;

namespace {

const std::vector<std::string> kPeople{"alice", "bob", "carol", "dave"};
const std::vector<std::string> kGroups{"@a", "@b", "@c"};

class Trial {
 public:
  explicit Trial(std::uint32_t seed) : random_(seed) {}

  void run() {
    make_rule();
    // Refused rules are another property's: strictness and check_rule.
    if (!approval::check_rule(rule_, "carol")) return;
    world_.current.rule = rule_;
    id_ = world_.ask();
    asked_ = world_.now;
    for (int i = 0; i < 8; ++i) decide();
    const State expected = denied_ ? State::denied : enough() ? State::approved : State::pending;
    REQUIRE(world_.state(id_) == expected);
    REQUIRE(world_.consume(id_).has_value() == (expected == State::approved));
    const auto report = world_.verify_log();
    INFO((report ? "" : report.error().text()));
    REQUIRE(report);
    approved_ = expected == State::approved;
  }

  bool approved() const { return approved_; }

 private:
  std::size_t below(std::size_t bound) {
    return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random_);
  }

  void make_rule() {
    rule_ = {.name = "rule", .quorum = static_cast<std::uint32_t>(1 + below(3)), .expires = 900};
    std::uint32_t left = rule_.quorum;
    for (const std::string& name : kGroups) {
      approval::Group group{.name = name};
      for (const std::string& person : kPeople)
        if (below(2) == 0) group.members.push_back({person, {world_.keys.at(person).line()}});
      if (left > 0 && below(3) == 0) group.least = 1 + static_cast<std::uint32_t>(below(left));
      left -= group.least;
      if (below(3) == 0) group.after = 60;
      rule_.from.push_back(std::move(group));
    }
    rule_.allow_launcher = below(3) == 0;
    rule_.emergency = below(3) == 0;
  }

  void decide() {
    world_.now += static_cast<std::int64_t>(below(30'000));
    const std::string& person = kPeople[below(kPeople.size())];
    const std::string& group = kGroups[below(kGroups.size())];
    const Verdict verdict = below(25) == 0 ? Verdict::deny : Verdict::approve;
    receipt::Statement statement = world_.statement(id_, person, verdict);
    statement.group = group;
    if (verdict == Verdict::approve) statement.reason = below(3) == 0 ? "" : "it burns";
    const bool expected = admitted(statement);
    const bool taken = world_.decide_with(id_, world_.keys.at(person).decide(statement)).has_value();
    INFO(person << " as " << group << " at " << world_.now - asked_);
    REQUIRE(taken == expected);
    if (!taken) return;
    if (verdict == Verdict::deny)
      denied_ = true;
    else
      said_[person] = group;
  }

  bool admitted(const receipt::Statement& statement) const {
    const auto group = std::ranges::find(rule_.from, statement.group, &approval::Group::name);
    bool member = false;
    for (const approval::Member& each : group->members) member = member || each.person == statement.person;
    if (!member || denied_) return false;
    if (statement.verdict == Verdict::deny) return true;
    if (enough()) return false;  // approved already
    if (said_.contains(statement.person)) return false;
    if (statement.person == "carol" && !rule_.allow_launcher) return false;
    if (world_.now < asked_ / 1000 * 1000 + group->after * 1000) return false;
    return !rule_.emergency || !statement.reason.empty();
  }

  bool enough() const {
    if (said_.size() < rule_.quorum) return false;
    for (const approval::Group& group : rule_.from) {
      std::uint32_t given = 0;
      for (const auto& [person, named] : said_) given += named == group.name ? 1 : 0;
      if (given < group.least) return false;
    }
    return true;
  }

  std::mt19937 random_;
  World world_;
  approval::Rule rule_;
  std::string id_;
  std::int64_t asked_ = 0;
  std::map<std::string, std::string> said_;  // who approved, as whose member
  bool denied_ = false;
  bool approved_ = false;
};

}  // namespace

TEST_CASE("for random rules and decisions the verdict is the one that the words give", "[pure]") {
  std::size_t approved = 0;
  for (std::uint32_t seed = 0; seed < 1500; ++seed) {
    CAPTURE(seed);
    Trial trial(seed);
    trial.run();
    approved += trial.approved() ? 1 : 0;
  }
  CHECK(approved > 100);
}
