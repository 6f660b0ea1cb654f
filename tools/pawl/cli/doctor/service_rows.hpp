// The rows of what a session needs besides the kernel: policy, broker, a clock, room on the disk. Runs as the
// person. A broker that had to be started for it is stopped again.
#pragma once

#include <vector>

#include "supervisor/policy/policy.hpp"
#include "supervisor/wire/paths.hpp"
#include "tools/pawl/cli/doctor/finding.hpp"

namespace pawl::cli {

Row broker_row(const wire::Paths& paths);
Row policy_row(const wire::Paths& paths, const policy::Home& home);
Row clock_row(const wire::Paths& paths);
Row disk_row();

}  // namespace pawl::cli
