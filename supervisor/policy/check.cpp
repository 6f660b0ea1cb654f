#include "supervisor/policy/check.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "supervisor/policy/authority.hpp"
#include "supervisor/policy/read_lists.hpp"
#include "supervisor/policy/text.hpp"

namespace pawl::policy {
namespace {

std::string advice(std::string_view written, const std::vector<std::string_view>& known,
                   std::string otherwise) {
  const std::string_view near = nearest(written, known);
  return near.empty() ? otherwise : "did you mean '" + std::string(near) + "'?";
}

std::vector<std::string_view> group_names(const Policy& policy) {
  std::vector<std::string_view> groups;
  for (const Person& person : policy.people)
    groups.insert(groups.end(), person.groups.begin(), person.groups.end());
  return groups;
}

void note_unused(const Policy& policy, const Secret& secret, Findings& findings) {
  for (const std::string& role : secret.roles)
    if (policy.find_role(role) == nullptr)
      findings.note_at(kSecretsFile, secret.name + ".roles", "there is no role '" + role + "'");
}

void note_shared_rule(const Policy& policy, const Action& action, const std::string& file,
                      Findings& findings) {
  for (const SecretBinding& binding : action.secrets) {
    const Secret* secret = policy.find_secret(binding.secret);
    if (secret != nullptr && secret->floored() && secret->require == action.approval)
      findings.note_at(file, "action." + action.name + ".approval",
                       "'" + action.approval + "' is also the floor of secret '" + secret->name +
                           "': one edit of that rule weakens both",
                       "give the floor a rule of its own in approvals.toml");
  }
}

void check_action(const Policy& policy, const Role& role, const Action& action, const std::string& file,
                  Findings& findings) {
  const std::string path = "action." + action.name;
  if (action.approval == "none") {
    findings.refuse_at(file, path + ".approval", "an action always needs an approval",
                       "name a rule of approvals.toml");
    return;
  }
  if (!action.approval.empty() && policy.find_rule(action.approval) == nullptr) {
    std::vector<std::string_view> rules;
    for (const Rule& rule : policy.rules) rules.push_back(rule.name);
    findings.refuse_at(file, path + ".approval", "no approval rule '" + action.approval + "'",
                       advice(action.approval, rules, "define [" + action.approval + "] in approvals.toml"));
    return;
  }
  if (action.approval.empty()) return;
  // One secret at a time, so that each refusal is told at its own line.
  for (const SecretBinding& binding : action.secrets) {
    Action alone = action;
    alone.secrets = {binding};
    if (auto held = floor_holds(policy, role, alone); !held)
      findings.refuse_at(file, path + ".secrets." + binding.variable, held.error().trail,
                         held.error().remedy);
  }
  note_shared_rule(policy, action, file, findings);
}

void check_preview(const Policy& policy, const Role& role, const Action& action, const std::string& file,
                   Findings& findings) {
  for (const SecretBinding& binding : action.preview_secrets) {
    Action alone = action;
    alone.preview_secrets = {binding};
    if (auto held = preview_holds(policy, role, alone); !held)
      findings.refuse_at(file, "action." + action.name + ".preview_secrets." + binding.variable,
                         held.error().trail, held.error().remedy);
  }
}

// What takes an action back is given that action's parameters, so it may take no others.
void check_rollback(const Role& role, const Action& action, const std::string& file, Findings& findings) {
  if (action.rollback.empty()) return;
  const std::string path = "action." + action.name + ".rollback";
  const Action* const back = role.find_action(action.rollback);
  if (back == nullptr) {
    std::vector<std::string_view> names;
    for (const Action& other : role.actions) names.push_back(other.name);
    findings.refuse_at(file, path, "this role has no action '" + action.rollback + "'",
                       advice(action.rollback, names, "rollback names another action of the same role"));
    return;
  }
  if (back == &action)
    findings.refuse_at(file, path, "'" + action.name + "' cannot take itself back", "name another action");
  for (const Parameter& parameter : back->parameters) {
    const Parameter* const given = action.find_parameter(parameter.name);
    if (given == nullptr)
      findings.refuse_at(
          file, path,
          "'" + back->name + "' takes '" + parameter.name + "', which '" + action.name + "' does not have",
          "a rollback has the parameters of what it takes back, or fewer");
    else if (given->kind != parameter.kind)
      findings.refuse_at(file, path,
                         "'" + parameter.name + "' is a file in one of '" + action.name + "' and '" +
                             back->name + "' and a text in the other");
  }
}

void check_route(const Policy& policy, const Role& role, const LlmRoute& route, const std::string& file,
                 Findings& findings) {
  const std::string path = "llm." + route.name;
  if (route.upstream.starts_with("http://")) {
    const std::string address = route.upstream.substr(7);
    if (std::ranges::find(policy.settings.plain_http, address) == policy.settings.plain_http.end())
      findings.refuse_at(file, path + ".upstream", "plain http to " + quoted(address) + " is not listed",
                         "use https, or list a loopback address in pawl.toml: plain_http");
  }
  if (auto held = floor_holds(policy, role, route); !held)
    findings.refuse_at(file, path + ".secret", held.error().trail, held.error().remedy);
}

bool is_authority(const std::string& key) { return key.starts_with(kAuthorityMark); }

void check_gate(const Policy& policy, const Gate& gate, const std::string& file, Findings& findings) {
  const std::string path = "gate." + gate.name;
  for (const std::string& entry : gate.proposers)
    check_name(policy, entry, file, path + ".proposers", findings);
  if (gate.approval == "none")
    return findings.refuse_at(file, path + ".approval", "a gate always needs an approval",
                              "name a rule of approvals.toml");
  if (gate.approval.empty() || policy.find_rule(gate.approval) != nullptr) return;
  std::vector<std::string_view> rules;
  for (const Rule& rule : policy.rules) rules.push_back(rule.name);
  findings.refuse_at(file, path + ".approval", "no approval rule '" + gate.approval + "'",
                     advice(gate.approval, rules, "define [" + gate.approval + "] in approvals.toml"));
}

}  // namespace

void check_name(const Policy& policy, const std::string& entry, const std::string& file,
                const std::string& path, Findings& findings) {
  if (entry == "@self") return;
  if (entry.starts_with('@')) {
    const auto groups = group_names(policy);
    const std::string_view group = std::string_view(entry).substr(1);
    if (std::ranges::find(groups, group) == groups.end())
      findings.refuse_at(file, path, "nobody is in group '" + entry + "'",
                         advice(group, groups, "people.toml: groups = [\"" + std::string(group) + "\"]"));
  } else if (policy.find_person(entry) == nullptr) {
    std::vector<std::string_view> people;
    for (const Person& person : policy.people) people.push_back(person.name);
    findings.refuse_at(file, path, "nobody is named '" + entry + "'",
                       advice(entry, people, "people.toml: [" + entry + "]"));
  }
}

void check_people(const Policy& policy, Findings& findings) {
  std::map<uid_t, std::string> uids;
  std::map<std::string, std::string> keys;
  for (const Person& person : policy.people) {
    for (const uid_t uid : person.uids)
      if (const auto [held, first] = uids.emplace(uid, person.name); !first)
        findings.refuse_at(kPeopleFile, person.name + ".uids",
                           "uid " + std::to_string(uid) + " already belongs to " + held->second,
                           "one uid, one person");
    for (const std::string& key : person.keys)
      if (const auto [held, first] = keys.emplace(key, person.name); !first && !is_authority(key))
        findings.refuse_at(kPeopleFile, person.name + ".keys",
                           "a key that already belongs to " + held->second,
                           "one key, one person: a quorum counts people");
  }
  // Whoever signs with an authority's key as their own could also issue certificates to the others.
  for (const auto& [key, person] : keys)
    if (is_authority(key) && keys.contains(key.substr(kAuthorityMark.size())))
      findings.refuse_at(
          kPeopleFile, person + ".keys",
          "the authority's key is also " + keys.at(key.substr(kAuthorityMark.size())) + "'s own",
          "give the authority a key that nobody signs decisions with");
}

void check_secrets(const Policy& policy, Findings& findings) {
  std::map<std::pair<SecretSource, std::string>, std::string> sources;
  for (const Secret& secret : policy.secrets) {
    if (secret.floored() && policy.find_rule(secret.require) == nullptr) {
      std::vector<std::string_view> rules{"none"};
      for (const Rule& rule : policy.rules) rules.push_back(rule.name);
      findings.refuse_at(kSecretsFile, secret.name + ".require", "no approval rule '" + secret.require + "'",
                         advice(secret.require, rules, "define it in approvals.toml"));
    }
    const bool route =
        std::ranges::any_of(secret.uses, [](const std::string& use) { return use.starts_with("llm:"); });
    if (secret.floored() && route)
      findings.refuse_at(kSecretsFile, secret.name + ".uses",
                         "a model route is never asked about, so it cannot meet '" + secret.require + "'",
                         "a secret of its own for the route, with require = \"none\"");
    const bool preview =
        std::ranges::any_of(secret.uses, [](const std::string& use) { return use.starts_with("preview:"); });
    if (secret.floored() && preview)
      findings.refuse_at(
          kSecretsFile, secret.name + ".uses",
          "a preview is made before anyone is asked, so it cannot meet '" + secret.require + "'",
          "a secret of its own for the preview, which can only look, with require = \"none\"");
    // Otherwise a second name with a lower floor would open the same value.
    if (!secret.location.empty())
      if (const auto [held, first] = sources.emplace(std::pair(secret.source, secret.location), secret.name);
          !first)
        findings.refuse_at(kSecretsFile, secret.name,
                           "'" + secret.name + "' has the same source as '" + held->second + "'",
                           "one value, one name, one floor");
    note_unused(policy, secret, findings);
  }
}

void check_settings(const Policy& policy, Findings& findings) {
  for (const auto& [role, people] : policy.settings.launchers) {
    const std::string path = "launchers." + role;
    if (role != kHandedRoles && policy.find_role(role) == nullptr)
      findings.note_at(kSettingsFile, path, "there is no role '" + role + "'");
    for (const std::string& entry : people) check_name(policy, entry, kSettingsFile, path, findings);
  }
  for (const auto& [role, people] : policy.settings.killers) {
    const std::string path = "killers." + role;
    if (role != kEverything && policy.find_role(role) == nullptr)
      findings.note_at(kSettingsFile, path, "there is no role '" + role + "'");
    if (people.empty())
      findings.refuse_at(kSettingsFile, path, "nobody could stop it",
                         "leave it out: any enrolled person may");
    for (const std::string& entry : people) check_name(policy, entry, kSettingsFile, path, findings);
  }
  if (policy.settings.enrollers) {
    if (policy.settings.enrollers->empty())
      findings.refuse_at(kSettingsFile, "enrollers", "nobody could vouch for anybody",
                         "leave it out: any enrolled person may");
    for (const std::string& entry : *policy.settings.enrollers)
      check_name(policy, entry, kSettingsFile, "enrollers", findings);
  }
  if (!policy.settings.first.empty())
    check_name(policy, policy.settings.first, kSettingsFile, "first", findings);
}

void check_role(const Policy& policy, const Role& role, const std::string& file, Findings& findings) {
  for (const LlmRoute& route : role.llm) check_route(policy, role, route, file, findings);
  for (const Action& action : role.actions) {
    check_action(policy, role, action, file, findings);
    check_preview(policy, role, action, file, findings);
    check_rollback(role, action, file, findings);
  }
  for (const Gate& gate : role.gates) check_gate(policy, gate, file, findings);
}

}  // namespace pawl::policy
