// The sweeper: a small process that takes a session's cgroup away once its launcher is gone, for whatever
// reason: a killed launcher cannot, and one that changed its identity may not. It holds that cgroup and
// nothing else, and reads nobody's bytes.
#pragma once

#include <string>

#include "sandbox/base/error.hpp"
#include "sandbox/base/unique_fd.hpp"

namespace pawl::sandbox {

// Forks it. It acts when what is returned, and all copies of it, are closed.
Result<UniqueFd> start_sweeper(int parent, const std::string& name);

// Kills what is left in the cgroup `name` of the directory `parent`, and removes it. Waits a bounded time.
void sweep(int parent, const char* name) noexcept;

}  // namespace pawl::sandbox
