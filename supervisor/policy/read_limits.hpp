// Reads [limits] of a role and of an action. Runs in pawld and people's commands.
#pragma once

#include "supervisor/policy/reader.hpp"
#include "supervisor/policy/role.hpp"

namespace pawl::policy {

// Of a role (Table::limits), or of an action (Table::action_limits), which has no wall_time: its timeout is
// one.
void read_limits(TableReader& reader, Limits& limits);

}  // namespace pawl::policy
