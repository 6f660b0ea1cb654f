// Why a host holds no limits on a session, and what mends it: its control groups, judged by their layout
// before the errno. Pure. Runs where host_remedies.hpp does, which asks it.
#pragma once

#include "sandbox/host_evidence.hpp"
#include "sandbox/host_remedies.hpp"

namespace pawl::sandbox {

Diagnosis diagnose_limits(int errnum, const HostEvidence& evidence);

}  // namespace pawl::sandbox
