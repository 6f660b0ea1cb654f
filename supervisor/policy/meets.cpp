// Whether a rule is at least as strict as a floor, whoever launched and whoever decides.
#include <algorithm>
#include <optional>
#include <set>

#include "supervisor/policy/assignment.hpp"
#include "supervisor/policy/authority.hpp"
#include "supervisor/policy/text.hpp"

namespace pawl::policy {
namespace {

using std::chrono::seconds;
using Names = std::set<std::string>;

bool has_self(const Rule& rule) { return std::ranges::find(rule.from, "@self") != rule.from.end(); }

// Whom an entry names, with keys or without; the launcher, whoever that is, is "@self".
Names named_by(const Policy& policy, const std::string& entry) {
  if (entry == "@self" || !entry.starts_with('@')) return {entry};
  Names names;
  for (const Person& person : policy.people)
    if (person.in_group(std::string_view(entry).substr(1))) names.insert(person.name);
  return names;
}

// From when on the rule counts this person.
std::optional<seconds> opens_for(const Policy& policy, const Rule& rule, const std::string& person) {
  const auto any_names = [&](const std::vector<std::string>& entries) {
    return std::ranges::any_of(
        entries, [&](const std::string& entry) { return named_by(policy, entry).contains(person); });
  };
  if (any_names(rule.from)) return seconds{0};
  std::optional<seconds> earliest;
  for (const Escalation& step : rule.escalate)
    if (any_names(step.to) && (!earliest || step.after < *earliest)) earliest = step.after;
  return earliest;
}

Names everybody_of(const Policy& policy, const Rule& rule) {
  Names all;
  for (const std::string& entry : rule.from) all.merge(named_by(policy, entry));
  for (const Escalation& step : rule.escalate)
    for (const std::string& entry : step.to) all.merge(named_by(policy, entry));
  return all;
}

std::uint32_t quorum_of(const Rule& rule) {
  std::uint32_t sum = 0;
  for (const Least& least : rule.least) sum += least.count;
  return std::max(rule.quorum, sum);
}

// Each decision that the rule demands is of somebody among certain people. Those are given to the places
// that the floor keeps for its groups; an entry whose place stays empty is what lacks.
std::optional<std::string> unkept_place(const Policy& policy, const Rule& rule, const Rule& floor) {
  std::vector<Names> demanded;
  for (const Least& least : rule.least)
    demanded.insert(demanded.end(), least.count, named_by(policy, least.from));
  demanded.resize(std::max<std::size_t>(demanded.size(), quorum_of(rule)), everybody_of(policy, rule));
  std::vector<std::string> entries;
  std::vector<Names> places;
  for (const Least& least : floor.least) {
    entries.insert(entries.end(), least.count, least.from);
    places.insert(places.end(), least.count, named_by(policy, least.from));
  }
  const auto unmet =
      unmet_demands(demanded.size(), places.size(), [&](std::size_t decision, std::size_t place) {
        return std::ranges::includes(places[place], demanded[decision]);
      });
  if (unmet.empty()) return std::nullopt;
  return entries[unmet.front()];
}

std::string when(seconds time) {
  return time.count() == 0 ? "at once" : "from " + duration_in_words(time) + " on";
}

}  // namespace

Result<> meets(const Policy& policy, const Rule& rule, const Rule& floor) {
  const std::string below = "approval '" + rule.name + "' is below '" + floor.name + "': ";
  if (quorum_of(rule) < quorum_of(floor))
    return refuse(below + std::to_string(quorum_of(rule)) + " of its people suffice, " +
                  std::to_string(quorum_of(floor)) + " are required");
  if (rule.launcher == LauncherVote::counts && floor.launcher == LauncherVote::excluded)
    return refuse(below + "it counts the launcher");
  if (rule.expires > floor.expires)
    return refuse(below + "it stands for " + duration_in_words(rule.expires) + ", at most " +
                  duration_in_words(floor.expires) + " are allowed");
  if (floor.key == KeyDemand::hardware && rule.key != KeyDemand::hardware)
    return refuse(below + "it counts keys that are no security keys",
                  "approvals.toml: require_key = \"hardware\" in [" + rule.name + "]");
  if (floor.emergency == Emergency::yes && rule.emergency == Emergency::no)
    return refuse(below + "it takes approvals without a reason",
                  "give the floor a rule that is not for emergencies");
  if (has_self(rule) && !has_self(floor)) return refuse(below + "it counts '@self'");
  for (const Person& person : policy.people) {
    const auto counted = opens_for(policy, rule, person.name);
    if (!counted) continue;
    const auto allowed = opens_for(policy, floor, person.name);
    if (!allowed) return refuse(below + "it counts " + person.name);
    if (*counted < *allowed)
      return refuse(below + "it counts " + person.name + " " + when(*counted) + ", which is allowed " +
                    when(*allowed));
  }
  if (const auto entry = unkept_place(policy, rule, floor))
    return refuse(below + "it can be met without the " + std::to_string(floor.least_of(*entry)) + " of " +
                      *entry + " that are required",
                  "approvals.toml: { group = \"" + *entry + "\", least = " +
                      std::to_string(floor.least_of(*entry)) + " } in from of [" + rule.name + "]");
  return {};
}

}  // namespace pawl::policy
