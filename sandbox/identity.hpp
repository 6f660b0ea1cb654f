// As whom a sandbox runs: the caller's own ids, or those of the plan, taken on before anything is built. Runs
// in the launcher, with whatever privileges it was started with; afterwards it has none.
#pragma once

#include <sys/types.h>

#include "sandbox/base/error.hpp"
#include "sandbox/plan.hpp"

namespace pawl::sandbox {

struct Identity {
  uid_t uid = 0;
  gid_t gid = 0;
};

enum class IdentityChange : std::uint8_t { stay, switch_ids };

// What the plan asks for, given who runs now. Refuses uid 0 and gid 0: they are never mapped into a sandbox.
Result<IdentityChange> check_identity(const LaunchPlan& plan);

// Takes on the plan's ids, without supplementary groups and without capabilities, or keeps the caller's. As
// an ordinary user supplementary groups stay: dropping them takes CAP_SETGID.
Result<Identity> take_identity(const LaunchPlan& plan);

}  // namespace pawl::sandbox
