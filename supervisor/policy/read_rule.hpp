// One [NAME] table of approvals.toml → an approval rule, as far as it alone can be judged. Runs in pawld and
// people's commands.
#pragma once

#include "supervisor/policy/approvals.hpp"
#include "supervisor/policy/reader.hpp"

namespace pawl::policy {

// What was understood; whatever was not is in `findings`.
Rule read_rule(const Entry& entry, Findings& findings);

}  // namespace pawl::policy
