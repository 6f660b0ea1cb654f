// roles/NAME.toml → Role, as far as one file alone can be judged. Runs in pawld and people's commands.
#pragma once

#include <string>

#include "supervisor/policy/reader.hpp"
#include "supervisor/policy/role.hpp"

namespace pawl::policy {

// What was understood; whatever was not is in `findings`, and then the role must not be used. `file` names
// places.
Role read_role(const std::string& file, const Node& root, Findings& findings);

}  // namespace pawl::policy
