// Single system calls that a role judges otherwise than its set does. What a role may allow is a table: what
// the default or the build set has, with their argument checks, and a few calls that reach no further than
// the session. All others stay refused whatever a file says. Runs in the launcher and in the policy reader.
#pragma once

#include <string>
#include <vector>

#include "sandbox/plan.hpp"
#include "sandbox/seccomp_profile.hpp"

namespace pawl::sandbox {

// Why the change cannot be had, for people; empty when it can.
std::string complaint_about(const SyscallChange& change);

// The row that holds instead of the set's own. The change has no complaint.
Row row_of(const SyscallChange& change);

}  // namespace pawl::sandbox
