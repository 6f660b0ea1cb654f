// The effective rule of a policy in the approval machine's terms. Runs in pawld; pure.
#pragma once

#include "supervisor/approval/rule.hpp"
#include "supervisor/policy/authority.hpp"

namespace pawl::broker {

// One group for each name through which persons count.
approval::Rule rule_of(const policy::ResolvedRule& resolved);

}  // namespace pawl::broker
