#include "supervisor/policy/resolved_rule.hpp"

#include <algorithm>
#include <numeric>
#include <optional>

#include "supervisor/policy/assignment.hpp"
#include "supervisor/policy/hardware_key.hpp"

namespace pawl::policy {
namespace {

using std::chrono::seconds;
using Names = std::vector<std::string>;

bool holds_all(const Names& names, const Names& wanted) {
  return std::ranges::all_of(
      wanted, [&](const std::string& name) { return std::ranges::find(names, name) != names.end(); });
}

Names names_of(const std::vector<EligiblePerson>& people) {
  Names names;
  for (const EligiblePerson& person : people) names.push_back(person.name);
  return names;
}

void keep_keys(EligiblePerson& person, KeyDemand demand) {
  if (demand == KeyDemand::hardware)
    std::erase_if(person.keys, [](const std::string& key) { return !is_hardware_line(key); });
}

void add_group(ResolvedRule& rule, ResolvedGroup group, const Policy& policy, std::string_view launcher) {
  for (const EligiblePerson& person : rule.people) {
    const bool self = person.name == launcher;
    const bool named = group.name == "@self" ? self
                       : group.name.starts_with('@')
                           ? policy.find_person(person.name)->in_group(std::string_view(group.name).substr(1))
                           : group.name == person.name;
    if (named) group.members.push_back(person.name);
  }
  if (!group.members.empty() || group.least > 0) rule.groups.push_back(std::move(group));
}

// From when on all the rules count this person.
std::optional<seconds> all_open_for(const std::vector<ResolvedRule>& rules, std::string_view person) {
  seconds latest{0};
  for (const ResolvedRule& rule : rules) {
    const auto opens = rule.opens_for(person);
    if (!opens) return std::nullopt;
    latest = std::max(latest, *opens);
  }
  return latest;
}

// Scalars: the stricter of each.
ResolvedRule bounds_of(const std::vector<ResolvedRule>& rules) {
  ResolvedRule out{.name = rules.front().name,
                   .quorum = rules.front().quorum,
                   .expires = rules.front().expires,
                   .launcher = rules.front().launcher};
  for (const ResolvedRule& rule : rules) {
    out.quorum = std::max({out.quorum, rule.quorum, rule.sum_of_leasts()});
    out.expires = std::min(out.expires, rule.expires);
    out.cooldown = std::max(out.cooldown, rule.cooldown);
    if (rule.launcher == LauncherVote::excluded) out.launcher = LauncherVote::excluded;
    if (rule.key == KeyDemand::hardware) out.key = KeyDemand::hardware;
    if (rule.emergency == Emergency::yes) out.emergency = Emergency::yes;
    for (const RequestRate& rate : rule.rates)
      if (std::ranges::none_of(out.rates, [&](const RequestRate& known) {
            return known.requests == rate.requests && known.within == rate.within;
          }))
        out.rates.push_back(rate);
  }
  return out;
}

class Combination {
 public:
  explicit Combination(const std::vector<ResolvedRule>& rules) : rules_(rules), out_(bounds_of(rules)) {}

  ResolvedRule take() && {
    for (const EligiblePerson& person : rules_.front().people) add_person(person);
    for (const ResolvedRule& rule : rules_)
      for (const ResolvedGroup& group : rule.groups) add_group(group, &rule == &rules_.front());
    for (const ResolvedRule& rule : rules_) demand_leasts(rule);
    std::erase_if(out_.groups,
                  [](const ResolvedGroup& group) { return group.members.empty() && group.least == 0; });
    std::erase_if(out_.people,
                  [&](const EligiblePerson& person) { return !out_.opens_for(person.name).has_value(); });
    return std::move(out_);
  }

 private:
  void add_person(EligiblePerson person) {
    const auto opens = all_open_for(rules_, person.name);
    keep_keys(person, out_.key);
    if (opens && *opens < out_.expires && !person.keys.empty()) out_.people.push_back(std::move(person));
  }

  // Members of `group` whom all rules count by `after`.
  Names members_by(const Names& members, seconds after) const {
    Names counted;
    for (const std::string& name : members)
      if (out_.find(name) != nullptr && *all_open_for(rules_, name) <= after) counted.push_back(name);
    return counted;
  }

  bool counted_elsewhere(const Names& members, seconds after) const {
    return std::ranges::all_of(members, [&](const std::string& name) {
      const auto opens = out_.opens_for(name);
      return opens && *opens <= after;
    });
  }

  // The first rule's groups stay as they are named there; of the others only what brings somebody in.
  void add_group(const ResolvedGroup& group, bool own) {
    ResolvedGroup added{.name = group.name, .after = group.after};
    added.members = members_by(group.members, group.after);
    const auto known = std::ranges::find(out_.groups, group.name, &ResolvedGroup::name);
    if (known == out_.groups.end()) {
      if (own || !counted_elsewhere(added.members, group.after)) out_.groups.push_back(std::move(added));
      return;
    }
    if (holds_all(known->members, added.members)) return;
    known->after = std::max(known->after, group.after);
    known->members = members_by(group.members, known->after);
  }

  // What a decision may stand for in the combined rule: a place that a group's `least` keeps, or any other.
  struct Place {
    const Names* members;
  };

  void demand_leasts(const ResolvedRule& rule) {
    const Names everybody = names_of(out_.people);
    std::vector<Place> places;
    for (const ResolvedGroup& group : out_.groups) places.insert(places.end(), group.least, {&group.members});
    places.resize(std::max<std::size_t>(places.size(), out_.quorum), {&everybody});
    std::vector<const ResolvedGroup*> demands;
    for (const ResolvedGroup& group : rule.groups) demands.insert(demands.end(), group.least, &group);
    const auto unmet =
        unmet_demands(places.size(), demands.size(), [&](std::size_t place, std::size_t demand) {
          return holds_all(demands[demand]->members, *places[place].members);
        });
    std::vector<const ResolvedGroup*> lacking;
    for (const std::size_t index : unmet) lacking.push_back(demands[index]);
    for (const ResolvedGroup* group : lacking) demand_one_more(*group);
    out_.quorum = std::max(out_.quorum, out_.sum_of_leasts());
  }

  void demand_one_more(const ResolvedGroup& group) {
    auto known = std::ranges::find(out_.groups, group.name, &ResolvedGroup::name);
    if (known == out_.groups.end())
      known = out_.groups.insert(
          out_.groups.end(),
          {.name = group.name, .after = group.after, .members = members_by(group.members, group.after)});
    ++known->least;
  }

  const std::vector<ResolvedRule>& rules_;
  ResolvedRule out_;
};

}  // namespace

bool ResolvedGroup::holds(std::string_view person) const {
  return std::ranges::find(members, person) != members.end();
}

const EligiblePerson* ResolvedRule::find(std::string_view person) const {
  const auto found = std::ranges::find(people, person, &EligiblePerson::name);
  return found != people.end() ? &*found : nullptr;
}

const ResolvedGroup* ResolvedRule::find_group(std::string_view group) const {
  const auto found = std::ranges::find(groups, group, &ResolvedGroup::name);
  return found != groups.end() ? &*found : nullptr;
}

std::optional<seconds> ResolvedRule::opens_for(std::string_view person) const {
  std::optional<seconds> earliest;
  for (const ResolvedGroup& group : groups)
    if (group.holds(person) && (!earliest || group.after < *earliest)) earliest = group.after;
  return earliest;
}

std::uint32_t ResolvedRule::sum_of_leasts() const {
  return std::accumulate(groups.begin(), groups.end(), std::uint32_t{0},
                         [](std::uint32_t sum, const ResolvedGroup& group) { return sum + group.least; });
}

ResolvedRule resolve(const Policy& policy, const Rule& rule, std::string_view launcher) {
  ResolvedRule resolved{.name = rule.name,
                        .quorum = rule.quorum,
                        .expires = rule.expires,
                        .launcher = rule.launcher,
                        .key = rule.key,
                        .emergency = rule.emergency,
                        .cooldown = rule.cooldown,
                        .rates = rule.rates};
  for (const Person& person : policy.people) {
    EligiblePerson eligible{.name = person.name, .keys = person.keys};
    keep_keys(eligible, rule.key);
    if (eligible.keys.empty() || (person.name == launcher && rule.launcher == LauncherVote::excluded))
      continue;
    resolved.people.push_back(std::move(eligible));
  }
  std::ranges::sort(resolved.people, {}, &EligiblePerson::name);
  for (const std::string& entry : rule.from)
    add_group(resolved, {.name = entry, .least = rule.least_of(entry)}, policy, launcher);
  for (const Escalation& step : rule.escalate)
    for (const std::string& entry : step.to)
      add_group(resolved, {.name = entry, .after = step.after}, policy, launcher);
  std::erase_if(resolved.people,
                [&](const EligiblePerson& person) { return !resolved.opens_for(person.name).has_value(); });
  return resolved;
}

ResolvedRule strictest_of(const std::vector<ResolvedRule>& rules) { return Combination(rules).take(); }

Result<> enough_people(const ResolvedRule& rule) {
  const std::string left_out = rule.launcher == LauncherVote::excluded ? ", the launcher left out" : "";
  const std::string keys = rule.key == KeyDemand::hardware ? "security keys" : "keys";
  std::vector<const ResolvedGroup*> demands;
  for (const ResolvedGroup& group : rule.groups) demands.insert(demands.end(), group.least, &group);
  const auto unmet =
      unmet_demands(rule.people.size(), demands.size(), [&](std::size_t person, std::size_t demand) {
        return demands[demand]->holds(rule.people[person].name);
      });
  if (!unmet.empty()) {
    const ResolvedGroup& group = *demands[unmet.front()];
    return refuse("approval '" + rule.name + "' needs " + std::to_string(group.least) + " of " + group.name +
                      " besides what it needs of other groups, but too few of its " +
                      std::to_string(group.members.size()) + " eligible people are left" + left_out,
                  "put more people with " + keys + " into " + group.name + " in people.toml");
  }
  if (rule.quorum >= 1 && rule.people.size() >= rule.quorum) return {};
  return refuse("approval '" + rule.name + "' needs " + std::to_string(rule.quorum) + " of " +
                    std::to_string(rule.people.size()) + " eligible people" + left_out,
                "enrol more reviewers with " + keys + " in people.toml");
}

}  // namespace pawl::policy
