// The outer user namespace U0, in which the launcher builds what the session must not be able to change:
// mounts made here are locked in the session's own nested namespace U1. Runs in the launcher as an ordinary
// user.
#pragma once

#include "sandbox/base/error.hpp"
#include "sandbox/identity.hpp"

namespace pawl::sandbox {

// Moves the calling process, which must have one thread, into new user and mount namespaces. An error says
// why this host forbids it, and the remedy.
Result<> enter_outer_namespaces(const Identity& identity);

}  // namespace pawl::sandbox
