// One [[gate]] of a role file → Gate. Runs in pawld and people's commands.
#pragma once

#include <string>

#include "supervisor/policy/reader.hpp"
#include "supervisor/policy/role.hpp"

namespace pawl::policy {

// Appends to role.gates what was understood; the rest is in `findings`. After the role's actions: a gate and
// an action share their names' space.
void read_gate(const Node& node, const std::string& file, Findings& findings, Role& role);

}  // namespace pawl::policy
