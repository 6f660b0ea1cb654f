#include "supervisor/policy/authority.hpp"

#include <algorithm>

#include "supervisor/policy/text.hpp"

namespace pawl::policy {
namespace {

bool names(const std::string& entry, const Person& person) {
  return entry.starts_with('@') ? person.in_group(std::string_view(entry).substr(1)) : entry == person.name;
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

Result<> known_launcher(const Policy& policy, std::string_view launcher) {
  if (policy.find_person(launcher) != nullptr) return {};
  return refuse("the launcher is nobody in people.toml",
                "a session of a person whom pawl does not know gets no receipt");
}

}  // namespace

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
  std::vector<ResolvedRule> resolved;
  for (const Rule* rule : rules) resolved.push_back(resolve(policy, *rule, launcher));
  ResolvedRule effective = strictest_of(resolved);
  TRY(enough_people(effective));
  return effective;
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
