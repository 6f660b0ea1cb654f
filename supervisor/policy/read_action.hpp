// One [[action]] of a role file → Action. Runs in pawld and people's commands.
#pragma once

#include <string>

#include "supervisor/policy/reader.hpp"
#include "supervisor/policy/role.hpp"

namespace pawl::policy {

// Appends to role.actions what was understood; the rest is in `findings`.
void read_action(const Node& node, const std::string& file, Findings& findings, Role& role);

}  // namespace pawl::policy
