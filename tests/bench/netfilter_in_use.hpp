#pragma once

#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>

#include "sandbox/capture.hpp"
#include "sandbox/netns.hpp"

namespace pawl::bench {

// Netfilter is off in a kernel until somebody has rules, and switching it on rewrites the kernel's code: 2
// ms. So it is on meanwhile, as it is where another session or a firewall has any.
class NetfilterInUse {
 public:
  NetfilterInUse() : holder_(::fork()) {
    if (holder_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const bool done = ::unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0 && sandbox::bring_loopback_up() &&
                      sandbox::capture_traffic();
    if (!done) std::fprintf(stderr, "launch-bench: no rules to capture connections here\n");
    for (;;) ::pause();
  }
  NetfilterInUse(const NetfilterInUse&) = delete;
  ~NetfilterInUse() {
    ::kill(holder_, SIGKILL);
    ::waitpid(holder_, nullptr, 0);
  }

 private:
  pid_t holder_;
};

}  // namespace pawl::bench
