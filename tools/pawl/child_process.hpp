// Starts pawl's own programs: the launcher, and the embedded broker. Runs in pawl.
#pragma once

#include <sys/types.h>

#include <string>

#include "sandbox/base/channel.hpp"
#include "sandbox/base/error.hpp"
#include "sandbox/base/unique_fd.hpp"

namespace pawl::run {

// pawl-launch with `control` as its descriptor 3, in a process group of its own: a Ctrl-C in our terminal is
// ours to forward.
Result<pid_t> start_launcher(const std::string& program, const Channel& control);

// `pawld --embedded`, detached; what it says goes to `log`.
Result<pid_t> start_broker(const std::string& program, const UniqueFd& log);

}  // namespace pawl::run
