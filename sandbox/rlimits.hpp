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

// Never above what the caller itself may have. Never RLIMIT_AS: runtimes reserve address space that they do
// not use, and a memory limit is the cgroup's.
Result<std::vector<ResourceLimit>> resource_limits(const Limits& limits, std::uint64_t open_files);

}  // namespace pawl::sandbox
