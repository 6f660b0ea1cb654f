// Random people, groups, rules and floors, against every decision set there is: what satisfies a rule that
// meets a floor satisfies the floor, and what satisfies the effective rule satisfies all that it was made of.
#include <catch2/catch.hpp>
#include <functional>
#include <random>

#include "supervisor/policy/authority.hpp"
#include "tests/unit/supervisor/policy/fixture.hpp"

namespace pawl::policy {
namespace {

using std::chrono::seconds;

// One approval, and as whose member it was given.
struct Vote {
  std::string person, group;
  seconds at{0};
};

constexpr const char* kGroups[] = {"a", "b", "c"};
constexpr seconds kTimes[] = {seconds{0}, seconds{60}, seconds{120}};

// From here on everything is written down from the meaning of the words, not from the code.

bool is_member(const Policy& policy, const std::string& entry, const std::string& person) {
  if (!entry.starts_with('@')) return entry == person;
  return policy.find_person(person)->in_group(entry.substr(1));
}

bool hardware_only(const Person& person) {
  return person.keys.size() == 2;
}  // the others have one, of no kind

// May this vote count at all under the rule, for whichever of its groups?
bool counts(const Policy& policy, const Rule& rule, const std::string& launcher, const Vote& vote) {
  if (vote.person == launcher && rule.launcher == LauncherVote::excluded) return false;
  if (rule.key == KeyDemand::hardware && !hardware_only(*policy.find_person(vote.person))) return false;
  for (const std::string& entry : rule.from)
    if (is_member(policy, entry, vote.person)) return true;
  for (const Escalation& step : rule.escalate)
    for (const std::string& entry : step.to)
      if (vote.at >= step.after && is_member(policy, entry, vote.person)) return true;
  return false;
}

// Can the votes be given to the rule's places, each to one of a group that its person is in?
bool fills(const Policy& policy, const std::vector<Vote>& votes, std::vector<std::string> places,
           std::vector<bool> used) {
  if (places.empty()) return true;
  const std::string place = places.back();
  places.pop_back();
  for (std::size_t i = 0; i < votes.size(); ++i) {
    if (used[i] || !is_member(policy, place, votes[i].person)) continue;
    used[i] = true;
    if (fills(policy, votes, places, used)) return true;
    used[i] = false;
  }
  return false;
}

bool satisfies(const Policy& policy, const Rule& rule, const std::string& launcher,
               const std::vector<Vote>& votes) {
  for (const Vote& vote : votes)
    if (!counts(policy, rule, launcher, vote)) return false;
  if (votes.size() < rule.quorum) return false;
  std::vector<std::string> places;
  for (const Least& least : rule.least) places.insert(places.end(), least.count, least.from);
  return fills(policy, votes, places, std::vector<bool>(votes.size(), false));
}

// A decision counts for the group that its statement names, and for no other.
bool satisfies_as_named(const ResolvedRule& rule, const std::vector<Vote>& votes) {
  if (votes.size() < rule.quorum) return false;
  for (const ResolvedGroup& group : rule.groups) {
    std::uint32_t given = 0;
    for (const Vote& vote : votes) given += vote.group == group.name ? 1 : 0;
    if (given < group.least) return false;
  }
  return true;
}

class Draw {
 public:
  explicit Draw(std::uint32_t seed) : random_(seed) {}

  std::size_t below(std::size_t bound) {
    return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random_);
  }

  Policy policy() {
    Policy policy;
    for (const char* name : {"alice", "bob", "carol", "dave"}) {
      Person person{.name = name, .uids = {1000}, .keys = {"ssh-ed25519 " + std::string(name)}};
      if (below(2) == 0) person.keys.push_back("sk-ssh-ed25519@openssh.com " + std::string(name));
      for (const char* group : kGroups)
        if (below(2) == 0) person.groups.emplace_back(group);
      policy.people.push_back(std::move(person));
    }
    return policy;
  }

  std::string entry() {
    static const std::vector<std::string> entries{"@a", "@b", "@c", "alice", "bob"};
    return entries[below(entries.size())];
  }

  Rule rule(const std::string& name) {
    Rule rule{.name = name, .quorum = static_cast<std::uint32_t>(1 + below(3)), .expires = seconds{300}};
    const auto known = [&](const std::string& wanted) {
      bool found = std::ranges::find(rule.from, wanted) != rule.from.end();
      for (const Escalation& step : rule.escalate)
        found = found || std::ranges::find(step.to, wanted) != step.to.end();
      return found;
    };
    std::uint32_t left = rule.quorum;
    for (std::size_t i = 0; i <= below(3); ++i) {
      const std::string from = entry();
      if (known(from)) continue;
      rule.from.push_back(from);
      if (left > 0 && below(2) == 0) {
        rule.least.push_back({from, 1});
        --left;
      }
    }
    for (const seconds after : {kTimes[1], kTimes[2]})
      if (const std::string to = entry(); below(3) == 0 && !known(to)) rule.escalate.push_back({after, {to}});
    if (below(4) == 0) rule.key = KeyDemand::hardware;
    if (below(4) == 0) rule.launcher = LauncherVote::counts;
    return rule;
  }

 private:
  std::mt19937 random_;
};

// Every set of votes by distinct persons that `choices` allows, each with one group and one time.
void for_each_set(const std::vector<std::vector<Vote>>& choices, std::vector<Vote>& votes, std::size_t person,
                  const std::function<void(const std::vector<Vote>&)>& visit) {
  if (person == choices.size()) return visit(votes);
  for_each_set(choices, votes, person + 1, visit);
  for (const Vote& vote : choices[person]) {
    votes.push_back(vote);
    for_each_set(choices, votes, person + 1, visit);
    votes.pop_back();
  }
}

// What the machine lets through under this rule: persons as members of a group that has opened.
std::vector<std::vector<Vote>> choices_under(const ResolvedRule& rule) {
  std::vector<std::vector<Vote>> choices;
  for (const EligiblePerson& person : rule.people) {
    choices.emplace_back();
    for (const ResolvedGroup& group : rule.groups)
      for (const seconds at : kTimes)
        if (group.holds(person.name) && at >= group.after)
          choices.back().push_back({person.name, group.name, at});
  }
  return choices;
}

}  // namespace

TEST_CASE("whatever satisfies a rule that meets a floor satisfies the floor", "[pure]") {
  std::size_t met = 0, tried = 0;
  for (std::uint32_t seed = 0; seed < 2000; ++seed) {
    Draw draw(seed);
    const Policy policy = draw.policy();
    const Rule floor = draw.rule("floor");
    Rule rule = draw.rule("rule");
    if (draw.below(3) == 0) {  // near the floor, so that more of them meet it
      rule = floor;
      rule.name = "rule";
      rule.quorum += static_cast<std::uint32_t>(draw.below(2));
      if (!rule.least.empty() && draw.below(2) == 0) rule.least.pop_back();
    }
    if (!meets(policy, rule, floor)) continue;
    ++met;
    for (const char* launcher : {"alice", "dave"}) {
      const ResolvedRule resolved = resolve(policy, rule, launcher);
      std::vector<Vote> votes;
      for_each_set(choices_under(resolved), votes, 0, [&](const std::vector<Vote>& set) {
        if (!satisfies_as_named(resolved, set)) return;
        ++tried;
        if (!satisfies(policy, floor, launcher, set)) FAIL("seed " << seed << ", launched by " << launcher);
      });
    }
  }
  CHECK(met > 50);
  CHECK(tried > 2000);
}

TEST_CASE("whatever satisfies the strictest of several rules satisfies each", "[pure]") {
  std::size_t tried = 0;
  for (std::uint32_t seed = 0; seed < 300; ++seed) {
    Draw draw(seed + 100'000);
    const Policy policy = draw.policy();
    const std::vector<Rule> rules{draw.rule("one"), draw.rule("two"), draw.rule("three")};
    const std::size_t count = 1 + draw.below(3);
    std::vector<ResolvedRule> resolved;
    for (std::size_t i = 0; i < count; ++i) resolved.push_back(resolve(policy, rules[i], "alice"));
    const ResolvedRule strictest = strictest_of(resolved);
    std::vector<Vote> votes;
    for_each_set(choices_under(strictest), votes, 0, [&](const std::vector<Vote>& set) {
      if (!satisfies_as_named(strictest, set)) return;
      ++tried;
      for (std::size_t i = 0; i < count; ++i)
        if (!satisfies(policy, rules[i], "alice", set)) FAIL("seed " << seed << ", rule " << i);
    });
    // And what is called impossible is.
    if (!enough_people(strictest)) {
      bool possible = false;
      for_each_set(choices_under(strictest), votes, 0, [&](const std::vector<Vote>& set) {
        possible = possible || satisfies_as_named(strictest, set);
      });
      if (possible) FAIL("seed " << seed << ": refused, though it can be met");
    } else if (strictest.people.size() <= 3) {
      bool possible = false;
      for_each_set(choices_under(strictest), votes, 0, [&](const std::vector<Vote>& set) {
        possible = possible || satisfies_as_named(strictest, set);
      });
      if (!possible) FAIL("seed " << seed << ": taken, though it can never be met");
    }
  }
  CHECK(tried > 2000);
}

}  // namespace pawl::policy
