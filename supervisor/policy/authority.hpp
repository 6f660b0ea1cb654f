// Who must say yes. Resolves rules to persons, and holds the floors of secrets: asked when the policy is
// read, again when an action is proposed, and again when its receipt is consumed. Runs in pawld; pure.
#pragma once

#include <string_view>

#include "sandbox/base/error.hpp"
#include "supervisor/policy/policy.hpp"
#include "supervisor/policy/resolved_rule.hpp"

namespace pawl::policy {

// `launcher`: name of a person of the policy. Refused: an unknown launcher, and a rule that too few persons
// could meet once the launcher is left out.
Result<ResolvedRule> resolve_rule(const Policy& policy, const Rule& rule, std::string_view launcher);

// What a receipt for this action must meet: the action's own rule and the floor of every secret that it uses,
// the strictest of all (resolved_rule.hpp). This, not the action's rule alone, is what decisions are counted
// against.
Result<ResolvedRule> effective_rule(const Policy& policy, const Role& role, const Action& action,
                                    std::string_view launcher);

// Whether every receipt that satisfies `rule` also satisfies `floor`: quorum not smaller; whoever counts for
// the rule counts for the floor, not later ("@self" only where the floor names "@self"); each place that the
// floor keeps for a group is filled by decisions that the rule demands anyway; the launcher counts only if
// the floor lets them; the floor's demands on keys and reasons are the rule's; expiry not later. The error
// says which of these fails. Cooldown and rate say who may ask, not what a receipt is worth: of those the
// stricter holds (strictest_of), and neither needs to repeat the other's.
Result<> meets(const Policy& policy, const Rule& rule, const Rule& floor);

// May this action of this role use the secrets it names: each exists, lists the role and the use, and its
// floor is met by the action's rule. Handed roles draw no secret.
Result<> floor_holds(const Policy& policy, const Role& role, const Action& action);
// May its preview use the secrets that it names: the same for the use "preview:ACTION", and each floor must
// be "none": a preview is made before anyone is asked.
Result<> preview_holds(const Policy& policy, const Role& role, const Action& action);
// May this route carry its secret: the same, and the floor must be "none" (a route is never asked about).
Result<> floor_holds(const Policy& policy, const Role& role, const LlmRoute& route);

// May this person open a session under this role. `launcher` nullptr: the uid belongs to nobody in
// people.toml. System home: only who `launchers` names. Embedded home: everyone, where `launchers` is silent
// about the role.
Result<> may_launch(const Policy& policy, const Role& role, const Person* launcher);

}  // namespace pawl::policy
