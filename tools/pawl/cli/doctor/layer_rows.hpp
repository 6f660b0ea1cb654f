// The rows of the layers of sandbox/host_layer.hpp: each tried by a process of pawl-probe. Runs as the
// person.
#pragma once

#include <vector>

#include "supervisor/wire/paths.hpp"
#include "tools/pawl/cli/doctor/finding.hpp"

namespace pawl::cli {

std::vector<Row> layer_rows(const wire::Paths& paths);

}  // namespace pawl::cli
