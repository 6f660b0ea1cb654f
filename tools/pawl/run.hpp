// `pawl run`: from a command line to the command's exit code. Runs as the person; holds no secret.
#pragma once

#include "tools/pawl/run_arguments.hpp"
#include "tools/trouble.hpp"

namespace pawl::run {

// Troubles of every layer come with 125, or 124 when the wall time and 137 when the memory limit was reached.
tools::Outcome<int> run(const RunCommand& command);

}  // namespace pawl::run
