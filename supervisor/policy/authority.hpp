// Who must say yes. Resolves rules to persons, and holds the floors of secrets: asked when the policy is
// read, again when an action is proposed, and again when its receipt is consumed. Runs in pawld; pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/base/error.hpp"
#include "supervisor/policy/policy.hpp"

namespace pawl::policy {

struct EligiblePerson {
  std::string name;
  std::vector<std::string> keys;  // canonical OpenSSH public keys, at least one
  std::vector<std::string> via;   // entries of `from` that name them: "@sre", "alice", "@self"
};

// A rule for one launcher: exactly the persons whose decisions count. The launcher is not among them where
// the rule excludes them.
struct ResolvedRule {
  std::string name;
  std::uint32_t quorum = 1;
  std::chrono::seconds expires{0};
  LauncherVote launcher = LauncherVote::excluded;
  std::vector<EligiblePerson> people;  // by name, each once

  const EligiblePerson* find(std::string_view person) const;
};

// `launcher`: name of a person of the policy. Refused: an unknown launcher, and a rule that too few persons
// could meet once the launcher is left out.
Result<ResolvedRule> resolve_rule(const Policy& policy, const Rule& rule, std::string_view launcher);

// What a receipt for this action must meet: the action's own rule and the floor of every secret that it uses,
// the stricter of each: highest quorum, only persons whom all of them name, shortest expiry, the launcher
// only where all let them. This, not the action's rule alone, is what decisions are counted against.
Result<ResolvedRule> effective_rule(const Policy& policy, const Role& role, const Action& action,
                                    std::string_view launcher);

// Whether every receipt that satisfies `rule` also satisfies `floor`: quorum not smaller; whoever counts for
// the rule counts for the floor ("@self" only where the floor names "@self"); the launcher counts only if the
// floor lets them; expiry not later. The error says which of these fails.
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
