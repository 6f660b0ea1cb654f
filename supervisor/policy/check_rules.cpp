// Rules of approvals.toml that nobody could meet, or that say less than they seem to.
#include <algorithm>
#include <set>

#include "supervisor/policy/authority.hpp"
#include "supervisor/policy/check.hpp"
#include "supervisor/policy/hardware_key.hpp"
#include "supervisor/policy/read_lists.hpp"

namespace pawl::policy {
namespace {

bool counts(const Rule& rule, const Person& person) {
  return std::ranges::any_of(person.keys, [&](const std::string& key) {
    return rule.key == KeyDemand::any || is_hardware_line(key);
  });
}

std::string keys_of(const Rule& rule) { return rule.key == KeyDemand::hardware ? "security keys" : "keys"; }

std::vector<std::string> entries_of(const Rule& rule) {
  std::vector<std::string> entries = rule.from;
  for (const Escalation& step : rule.escalate) entries.insert(entries.end(), step.to.begin(), step.to.end());
  return entries;
}

// More than the group has. (Who launches may be one of them: that is judged with the whole rule.)
void check_least(const Policy& policy, const Rule& rule, const Least& least, Findings& findings) {
  const auto members =
      static_cast<std::size_t>(std::ranges::count_if(policy.people, [&](const Person& person) {
        const bool named = least.from.starts_with('@')
                               ? person.in_group(std::string_view(least.from).substr(1))
                               : least.from == person.name;
        return named && counts(rule, person);
      }));
  const std::size_t most = least.from == "@self" ? 1 : members;
  if (least.count > most)
    findings.refuse_at(kApprovalsFile, rule.name + ".from",
                       "'" + rule.name + "' needs " + std::to_string(least.count) + " of '" + least.from +
                           "', of whom " + std::to_string(most) + " have " + keys_of(rule),
                       "lower 'least', or give more of them " + keys_of(rule) + " in people.toml");
}

// Power for emergencies is given to a group of its own: nobody has it by being in a group for daily work.
void check_emergency(const Policy& policy, const Rule& rule, Findings& findings) {
  if (rule.emergency == Emergency::no) return;
  for (const std::string& entry : entries_of(rule)) {
    if (entry == "@self") continue;  // one person alone: there is no other group
    std::string why;
    for (const Rule& other : policy.rules) {
      const auto theirs = entries_of(other);
      if (other.emergency == Emergency::no && std::ranges::find(theirs, entry) != theirs.end())
        why = "shares '" + entry + "' with '" + other.name + "'";
    }
    if (!entry.starts_with('@')) why = "names a person: '" + entry + "'";
    if (!why.empty())
      findings.refuse_at(kApprovalsFile, rule.name + ".emergency",
                         "the emergency rule '" + rule.name + "' " + why,
                         "give it a group of its own in people.toml, which no other rule names");
  }
}

// Somebody who could launch could also get this approval.
bool satisfiable(const Policy& policy, const Rule& rule) {
  return std::ranges::any_of(policy.people, [&](const Person& launcher) {
    return !launcher.uids.empty() && resolve_rule(policy, rule, launcher.name).has_value();
  });
}

void check_self(const Policy& policy, const Rule& rule, Findings& findings) {
  if (policy.home.kind != HomeKind::system) return;
  if (std::ranges::find(rule.from, "@self") != rule.from.end())
    findings.refuse_at(kApprovalsFile, rule.name + ".from", "'@self' is refused by the system broker",
                       "name the reviewers; self-approval is for one person on their own machine");
  if (rule.launcher == LauncherVote::counts)
    findings.refuse_at(kApprovalsFile, rule.name + ".allow_launcher",
                       "allow_launcher is refused by the system broker",
                       "remove it: nobody approves what their own session asks");
}

// Why each launcher that there is finds too few others: as it is for one of them.
std::string why_unsatisfiable(const Policy& policy, const Rule& rule) {
  const std::string left_out = rule.launcher == LauncherVote::excluded ? ", the launcher left out" : "";
  const std::string fewer =
      "fewer than " + std::to_string(rule.quorum) + " of its people have " + keys_of(rule) + left_out;
  for (const Person& launcher : policy.people) {
    if (launcher.uids.empty()) continue;
    const ResolvedRule resolved = resolve(policy, rule, launcher.name);
    if (resolved.people.size() >= rule.quorum)
      return "its groups share too few people with " + keys_of(rule) + " for what it needs of each" +
             left_out;
  }
  return fewer;
}

void check_rule(const Policy& policy, const Rule& rule, Findings& findings) {
  const std::size_t before = findings.problems.size();
  for (const std::string& entry : rule.from)
    check_name(policy, entry, kApprovalsFile, rule.name + ".from", findings);
  for (const Escalation& step : rule.escalate)
    for (const std::string& entry : step.to)
      check_name(policy, entry, kApprovalsFile, rule.name + ".escalate", findings);
  check_self(policy, rule, findings);
  check_emergency(policy, rule, findings);
  for (const Least& least : rule.least) check_least(policy, rule, least, findings);
  // Quorum 0 and empty lists were reported where they were read.
  if (findings.problems.size() != before || rule.quorum == 0 || rule.from.empty()) return;
  if (satisfiable(policy, rule)) return;
  const bool launchers =
      std::ranges::any_of(policy.people, [](const Person& person) { return !person.uids.empty(); });
  const std::string why = launchers ? why_unsatisfiable(policy, rule)
                                    : "nobody in people.toml has a uid, so every launcher is unknown";
  findings.refuse_at(kApprovalsFile, rule.name + ".quorum",
                     "approval '" + rule.name + "' can never be given: " + why,
                     launchers ? "enrol more reviewers with " + keys_of(rule) : "people.toml: uids = [...]");
}

}  // namespace

void check_rules(const Policy& policy, Findings& findings) {
  for (const Rule& rule : policy.rules) check_rule(policy, rule, findings);
}

}  // namespace pawl::policy
