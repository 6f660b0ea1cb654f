#include "supervisor/policy/authority.hpp"

#include <algorithm>

#include "supervisor/policy/text.hpp"

namespace pawl::policy {
namespace {

bool names(const std::string& entry, const Person& person) {
  return entry.starts_with('@') ? person.in_group(std::string_view(entry).substr(1)) : entry == person.name;
}

bool has_self(const Rule& rule) { return std::ranges::find(rule.from, "@self") != rule.from.end(); }

bool counts(const Rule& rule, const Person& person) {
  return std::ranges::any_of(rule.from, [&](const std::string& entry) { return names(entry, person); });
}

Result<const Rule*> rule_named(const Policy& policy, const std::string& name) {
  const Rule* rule = policy.find_rule(name);
  if (rule == nullptr)
    return refuse("no approval rule '" + name + "'", "define [" + name + "] in approvals.toml");
  return rule;
}

// The secret is there, and lists this role and this use.
Result<const Secret*> listed_secret(const Policy& policy, const Role& role, const std::string& name,
                                    const std::string& use) {
  if (role.origin == RoleOrigin::handed)
    return refuse("a role given by --policy draws no secret, but names '" + name + "'",
                  "install the role in " + policy.home.config + "/roles");
  const Secret* secret = policy.find_secret(name);
  if (secret == nullptr) return refuse("no secret '" + name + "'", "define [" + name + "] in secrets.toml");
  if (!secret->lists_role(role.name))
    return refuse("secret '" + name + "' may not be used by role '" + role.name + "'",
                  "secrets.toml: roles of [" + name + "]");
  if (!secret->lists_use(use))
    return refuse("secret '" + name + "' may not be used for '" + use + "'",
                  "secrets.toml: uses of [" + name + "]");
  return secret;
}

// The rules that a receipt for this action must satisfy, the action's own first.
Result<std::vector<const Rule*>> demands(const Policy& policy, const Role& role, const Action& action) {
  std::vector<const Rule*> rules{TRY(rule_named(policy, action.approval))};
  for (const SecretBinding& binding : action.secrets) {
    const Secret* secret = TRY(listed_secret(policy, role, binding.secret, action.use()));
    if (secret->floored()) rules.push_back(TRY(rule_named(policy, secret->require)));
  }
  return rules;
}

Result<> enough_people(const ResolvedRule& rule) {
  if (rule.quorum >= 1 && rule.people.size() >= rule.quorum) return {};
  return refuse("approval '" + rule.name + "' needs " + std::to_string(rule.quorum) + " of " +
                    std::to_string(rule.people.size()) + " eligible people" +
                    (rule.launcher == LauncherVote::excluded ? ", the launcher left out" : ""),
                "enrol more reviewers with keys in people.toml");
}

ResolvedRule resolve(const Policy& policy, const Rule& rule, std::string_view launcher) {
  ResolvedRule resolved{
      .name = rule.name, .quorum = rule.quorum, .expires = rule.expires, .launcher = rule.launcher};
  for (const Person& person : policy.people) {
    const bool self = person.name == launcher;
    if (person.keys.empty() || (self && rule.launcher == LauncherVote::excluded)) continue;
    EligiblePerson eligible{.name = person.name, .keys = person.keys};
    for (const std::string& entry : rule.from)
      if (entry == "@self" ? self : names(entry, person)) eligible.via.push_back(entry);
    if (!eligible.via.empty()) resolved.people.push_back(std::move(eligible));
  }
  std::ranges::sort(resolved.people, {}, &EligiblePerson::name);
  return resolved;
}

// Keeps in `rule` only what `other` also accepts.
void tighten(ResolvedRule& rule, const ResolvedRule& other) {
  rule.quorum = std::max(rule.quorum, other.quorum);
  rule.expires = std::min(rule.expires, other.expires);
  if (other.launcher == LauncherVote::excluded) rule.launcher = LauncherVote::excluded;
  std::erase_if(rule.people,
                [&](const EligiblePerson& person) { return other.find(person.name) == nullptr; });
}

Result<> known_launcher(const Policy& policy, std::string_view launcher) {
  if (policy.find_person(launcher) != nullptr) return {};
  return refuse("the launcher is nobody in people.toml",
                "a session of a person whom pawl does not know gets no receipt");
}

}  // namespace

const EligiblePerson* ResolvedRule::find(std::string_view person) const {
  const auto found = std::ranges::find(people, person, &EligiblePerson::name);
  return found != people.end() ? &*found : nullptr;
}

Result<ResolvedRule> resolve_rule(const Policy& policy, const Rule& rule, std::string_view launcher) {
  TRY(known_launcher(policy, launcher));
  ResolvedRule resolved = resolve(policy, rule, launcher);
  TRY(enough_people(resolved));
  return resolved;
}

Result<ResolvedRule> effective_rule(const Policy& policy, const Role& role, const Action& action,
                                    std::string_view launcher) {
  TRY(known_launcher(policy, launcher));
  const auto rules = TRY(demands(policy, role, action));
  ResolvedRule effective = resolve(policy, *rules.front(), launcher);
  for (const Rule* floor : rules) tighten(effective, resolve(policy, *floor, launcher));
  TRY(enough_people(effective));
  return effective;
}

Result<> meets(const Policy& policy, const Rule& rule, const Rule& floor) {
  const std::string below = "approval '" + rule.name + "' is below '" + floor.name + "': ";
  if (rule.quorum < floor.quorum)
    return refuse(below + std::to_string(rule.quorum) + " of its people suffice, " +
                  std::to_string(floor.quorum) + " are required");
  if (rule.launcher == LauncherVote::counts && floor.launcher == LauncherVote::excluded)
    return refuse(below + "it counts the launcher");
  if (rule.expires > floor.expires)
    return refuse(below + "it stands for " + duration_in_words(rule.expires) + ", at most " +
                  duration_in_words(floor.expires) + " are allowed");
  if (has_self(rule) && !has_self(floor)) return refuse(below + "it counts '@self'");
  for (const Person& person : policy.people)
    if (counts(rule, person) && !counts(floor, person)) return refuse(below + "it counts " + person.name);
  return {};
}

Result<> floor_holds(const Policy& policy, const Role& role, const Action& action) {
  const auto rules = TRY(demands(policy, role, action));
  for (const Rule* floor : rules) TRY(meets(policy, *rules.front(), *floor));
  return {};
}

Result<> preview_holds(const Policy& policy, const Role& role, const Action& action) {
  for (const SecretBinding& binding : action.preview_secrets) {
    const Secret* secret = TRY(listed_secret(policy, role, binding.secret, action.preview_use()));
    if (secret->floored())
      return refuse("secret '" + secret->name + "' requires '" + secret->require +
                        "', and a preview is made before anyone is asked",
                    "previews are given only secrets with require = \"none\"");
  }
  return {};
}

Result<> floor_holds(const Policy& policy, const Role& role, const LlmRoute& route) {
  if (route.secret.empty()) return {};
  const Secret* secret = TRY(listed_secret(policy, role, route.secret, route.use()));
  if (secret->floored())
    return refuse("secret '" + secret->name + "' requires '" + secret->require +
                      "', and a model route is never asked about",
                  "routes carry only secrets with require = \"none\"");
  return {};
}

Result<> may_launch(const Policy& policy, const Role& role, const Person* launcher) {
  const std::string key = role.origin == RoleOrigin::handed ? kHandedRoles : role.name;
  const auto listed = policy.settings.launchers.find(key);
  if (listed == policy.settings.launchers.end()) {
    if (policy.home.kind == HomeKind::embedded) return {};
    return refuse("nobody may launch role '" + key + "'", "pawl.toml: launchers." + key + " = [\"@group\"]");
  }
  if (launcher == nullptr)
    return refuse(
        "role '" + key + "' is for the people that pawl.toml lists, and this user is nobody in people.toml",
        "people.toml: add the uid to a person");
  if (std::ranges::any_of(listed->second, [&](const std::string& entry) { return names(entry, *launcher); }))
    return {};
  return refuse(launcher->name + " may not launch role '" + key + "'", "pawl.toml: launchers." + key);
}

}  // namespace pawl::policy
