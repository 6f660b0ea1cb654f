// Starts pawl-egress and pawl-dial as the launcher does: descriptor 3, no environment, and a system call
// filter.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "sandbox/base/error.hpp"
#include "sandbox/plan.hpp"

namespace pawl::test {

struct Program {
  std::vector<std::string> argv;
  std::optional<sandbox::SyscallProfile>
      filter;  // then argv[0] is started by execveat(2), as under the launcher
};

// Ends by itself after a minute at the latest. `control` becomes descriptor 3.
pid_t start(const Program& program, int control);
// Waits; success is status 0.
Result<> end_of(pid_t program);

}  // namespace pawl::test
