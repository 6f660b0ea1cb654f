// The whole launch: from a checked plan and its descriptors to a running pid 1. The calling process is moved
// into the sandbox's outer namespaces for good, so it launches once; it must have one thread. This is
// pawl-launch's, and the benchmark's. Order and reasons: launcher.cpp, on one screen.
#pragma once

#include <vector>

#include "sandbox/appeared.hpp"
#include "sandbox/base/error.hpp"
#include "sandbox/base/unique_fd.hpp"
#include "sandbox/cgroup.hpp"
#include "sandbox/plan.hpp"
#include "sandbox/pty.hpp"

namespace pawl::sandbox {

struct Launched {
  UniqueFd pidfd;     // of pid 1 of the sandbox, a child of this process
  UniqueFd terminal;  // master; empty unless the plan has a terminal
  UniqueFd stops;     // pid 1 writes a byte when the command was stopped; empty without an init
  std::vector<UniqueFd> listeners;
  std::vector<Watched> watched;  // for find_appeared(), once pid 1 has ended
  HeldLimits limits;             // the sandbox's cgroup goes with it
};

// pawl-init, from the directory of the running program.
Result<UniqueFd> open_init_program();

// `descriptors` are those that the plan indexes. Whatever fails, nothing runs afterwards.
Result<Launched> launch(const LaunchPlan& plan, std::vector<UniqueFd> descriptors,
                        const NewTerminal& terminal = {});

}  // namespace pawl::sandbox
