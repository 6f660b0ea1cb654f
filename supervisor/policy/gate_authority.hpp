// Who may propose a gate's release, and who must say yes to it. Asked when it is proposed, and again at each
// decision and before its receipt is burned. Runs in pawld; pure.
#pragma once

#include "sandbox/base/bytes.hpp"
#include "sandbox/base/error.hpp"
#include "supervisor/policy/authority.hpp"
#include "supervisor/policy/policy.hpp"

namespace pawl::policy {

// Who may launch the role, and whom the gate's `proposers` name where it has some. nullptr: nobody in
// people.toml.
Result<> may_propose(const Policy& policy, const Role& role, const Gate& gate, const Person* person);

// The gate's own rule for this proposer, standing no longer than the gate lets it. No secret is used, so no
// floor counts besides.
Result<ResolvedRule> effective_rule(const Policy& policy, const Role& role, const Gate& gate,
                                    std::string_view proposer);

}  // namespace pawl::policy
