#include "supervisor/policy/gate_authority.hpp"

#include <algorithm>

namespace pawl::policy {

Result<> may_propose(const Policy& policy, const Role& role, const Gate& gate, const Person* person) {
  if (person == nullptr) return refuse("people.toml does not know you", "ask the operator to add your uid");
  TRY(may_launch(policy, role, person));
  const bool named = std::ranges::any_of(gate.proposers, [&](const std::string& entry) {
    return entry.starts_with('@') ? person->in_group(std::string_view(entry).substr(1))
                                  : entry == person->name;
  });
  if (gate.proposers.empty() || named) return {};
  return refuse(person->name + " may not propose '" + gate.name + "' of role '" + role.name + "'",
                "its proposers stand in the role's file");
}

Result<ResolvedRule> effective_rule(const Policy& policy, const Role& role, const Gate& gate,
                                    std::string_view proposer) {
  // An action that uses nothing: what is demanded of everything asked for is demanded of it.
  Action bare;
  bare.name = gate.name;
  bare.approval = gate.approval;
  ResolvedRule rule = TRY(effective_rule(policy, role, bare, proposer));
  if (gate.expires.count() != 0) rule.expires = std::min(rule.expires, gate.expires);
  return rule;
}

}  // namespace pawl::policy
