// The rows of roles: each launched once, through pawl-launch, with the plan that it lowers to. Runs as the
// person; the command inside is pawl's own.
#pragma once

#include <vector>

#include "supervisor/policy/policy.hpp"
#include "supervisor/wire/paths.hpp"
#include "tools/pawl/cli/doctor/finding.hpp"

namespace pawl::cli {

// `only` empty: all of the policy.
std::vector<Row> role_rows(const wire::Paths& paths, const policy::Policy& policy, const std::string& only);

}  // namespace pawl::cli
