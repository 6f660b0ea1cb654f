// The whole launch: from a checked plan and its descriptors to a running pid 1. The calling process is moved
// into the sandbox's outer namespaces for good, so it launches once; it must have one thread, but for that of
// Prepared::network. This is pawl-launch's, and the benchmark's. Order and reasons: launcher.cpp, on one
// screen.
#pragma once

#include <optional>
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
  UniqueFd mounts;    // its mount namespace, kept: taking it apart need not be waited for when pid 1 ends
  UniqueFd terminal;  // master; empty unless the plan has a terminal
  UniqueFd stops;     // pid 1 writes a byte when the command was stopped; empty without an init
  std::vector<UniqueFd> listeners;
  std::vector<Watched> watched;  // for find_appeared(), once pid 1 has ended
  HeldLimits limits;             // the sandbox's cgroup goes with it
};

// pawl-init, from the directory of the running program.
Result<UniqueFd> open_init_program();

// What the client tells besides the plan.
struct FromClient {
  NewTerminal terminal;
  std::vector<std::string> variables;  // NAME=value; the command gets those that its plan inherits
};

// What is ready before the plan is known, besides that the process is in the outer namespaces and in a
// network of the session's own: a third of a launch. Only for a plan of the caller's own identity with such a
// network.
struct Prepared {
  std::vector<UniqueFd> devices;  // clone_devices()
};
Result<Prepared> prepare_launch();

// `descriptors` are those that the plan indexes. Whatever fails, nothing runs afterwards.
Result<Launched> launch(const LaunchPlan& plan, std::vector<UniqueFd> descriptors,
                        const FromClient& client = {}, std::optional<Prepared> prepared = std::nullopt);

}  // namespace pawl::sandbox
