// Steps of a probe in processes of their own: what they do to themselves (namespaces, filters, lost rights)
// ends with them. Runs in pawl-probe, which has one thread.
#pragma once

#include <functional>

#include "sandbox/base/error.hpp"
#include "tools/pawl/probe/probe.hpp"

namespace pawl::probe {

using Task = std::function<Result<>()>;

// The task's own result. A child that dies without one is an error that names the signal.
Result<> in_child(const Task& task);
// The status, as of wait(2), of a child that runs the task and exits with 0 or 1.
Result<int> status_of(const Task& task);

// unshare(2).
Result<> enter(int namespaces, const char* step);
// A new user namespace with its ids mapped, and what else is named besides.
Result<> enter_as_user(const Ground& ground, int namespaces);

}  // namespace pawl::probe
