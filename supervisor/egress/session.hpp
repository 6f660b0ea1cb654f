// One session's egress, from EgressSetup to the end of the control channel. Runs in pawl-egress: its own
// process, empty root, empty network namespace, no right to open anything.
#pragma once

#include "sandbox/base/channel.hpp"
#include "supervisor/egress/limits.hpp"

namespace pawl::egress {

// Reads EgressSetup from `control` and serves until pawld closes it, which is success: the agent's
// connections are cut then, and further ones refused until the broker starts a new egress with the same
// listeners.
Result<> serve_session(Channel control, const Limits& limits);

}  // namespace pawl::egress
