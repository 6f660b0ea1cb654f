// The policy digest of a decision statement: names everything that this action's approval rests on, and
// nothing else, so that an edit elsewhere voids nothing. Pure.
#pragma once

#include <string>
#include <string_view>

#include "sandbox/base/bytes.hpp"
#include "sandbox/base/error.hpp"
#include "supervisor/policy/policy.hpp"

namespace pawl::policy {

// The bytes that are hashed: length-prefixed fields of the role (sandbox, environment, limits, this action),
// the effective rule for this launcher, its members, their keys and groups, and for each secret used its
// source, roles, uses and floor. A version line opens it. For `pawl policy diff` and for tests.
Result<std::string> policy_digest_input(const Policy& policy, const Role& role, const Action& action,
                                        std::string_view launcher);
// SHA-256 of that.
Result<Digest> policy_digest(const Policy& policy, const Role& role, const Action& action,
                             std::string_view launcher);
// Of a gate: what it lets ask for, its rule, the rule's members for this proposer and their keys.
Result<Digest> policy_digest(const Policy& policy, const Role& role, const Gate& gate,
                             std::string_view proposer);

}  // namespace pawl::policy
