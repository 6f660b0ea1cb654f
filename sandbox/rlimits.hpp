// The resource limits (setrlimit(2)) that a sandbox's processes get before they are executed. Made in the
// launcher from the plan, set by the child; hard limits that nothing inside can raise.
#pragma once

#include <sys/resource.h>

#include <cstdint>
#include <vector>

#include "sandbox/base/error.hpp"
#include "sandbox/plan.hpp"

namespace pawl::sandbox {

struct ResourceLimit {
  int resource = RLIMIT_CORE;
  rlimit value{};  // soft and hard alike
};

// Never above what the caller itself may have. Commands never get RLIMIT_AS or RLIMIT_DATA: runtimes reserve
// memory that they do not use, and a limit on it is the cgroup's. Pawl's own programs, whose needs are known
// and who read the agent's bytes, get the latter on every host: it holds their private memory.
enum class Runs : std::uint8_t { command, service };
Result<std::vector<ResourceLimit>> resource_limits(const Limits& limits, std::uint64_t open_files,
                                                   Runs runs = Runs::command);

}  // namespace pawl::sandbox
