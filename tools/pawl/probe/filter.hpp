// The filter of agents, on the calling process. Runs in pawl-probe.
#pragma once

#include "sandbox/base/error.hpp"

namespace pawl::probe {

// no_new_privs, then the standard profile.
Result<> forbid_and_filter();

}  // namespace pawl::probe
