// Processes by descriptor (pidfd_open(2)): never a number that another process may have by now.
#pragma once

#include <sys/types.h>

#include "sandbox/base/error.hpp"
#include "sandbox/base/unique_fd.hpp"

namespace pawl {

// ESRCH keeps its errnum: the process is gone already.
Result<> send_signal(const UniqueFd& pidfd, int number);
// Reaps the child behind the pidfd; the status as wait(2) gives it. Blocks until it has ended.
Result<int> wait_for(const UniqueFd& pidfd);

}  // namespace pawl
