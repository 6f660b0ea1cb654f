// `pawl attach`: back to a detached session. Runs as the person; reads what the session's holder says, who is
// the same person, and shows what the command writes.
#pragma once

#include "tools/pawl/run_arguments.hpp"

namespace pawl::run {

// The exit code: the command's, or 0 when the session was left running. Troubles carry 125 or 124.
tools::Outcome<int> attach(const AttachCommand& command);

}  // namespace pawl::run
