// Starts pawl's own programs: the launcher, and the embedded broker. Runs in pawl.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "sandbox/base/channel.hpp"
#include "sandbox/base/error.hpp"
#include "sandbox/base/unique_fd.hpp"

namespace pawl::run {

// pawl-launch with `control` as its descriptor 3, in a process group of its own: a Ctrl-C in our terminal is
// ours to forward. Its environment is empty: when root starts a session, the launcher takes on the uid of the
// workspace's owner, who could read it.
Result<> start_launcher(const Channel& control);

// `pawld --embedded`, detached; what it says goes to `log`.
Result<pid_t> start_broker(const std::string& program, const UniqueFd& log);

// A program with our standard streams, waited for. As system(3) does it, what is typed to end it does not end
// us; its own end is nobody's business.
Result<> run_in_front(const std::string& program, const std::vector<std::string>& arguments);

}  // namespace pawl::run
