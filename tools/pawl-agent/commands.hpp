// The verbs of pawl-agent's command line, from parsed arguments to exit code. Runs in the sandbox.
#pragma once

#include <string>

#include "tools/pawl-agent/arguments.hpp"

namespace pawl::agent {

// Where output goes, and where the broker is: a test brings its own.
struct Surroundings {
  std::string socket;
  int out = 1;
  int err = 2;
};

tools::ExitCode run_command(const Command& command, const Surroundings& surroundings);

}  // namespace pawl::agent
