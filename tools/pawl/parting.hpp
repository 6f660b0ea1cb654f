// Leaving a session that goes on: by which keys, and what the person is told. Runs in pawl.
#pragma once

#include <string>

#include "tools/pawl/detach_keys.hpp"

namespace pawl::run {

// The option's, else those of $PAWL_DETACH_KEYS, else the usual ones.
Result<DetachKeys> detach_keys(const std::string& option);

// As ids are shown, and taken everywhere.
std::string short_id(const std::string& id);

// How to come back, on stderr.
void tell_parting(const std::string& id);
// That the person's own systemd ends what it holds when they log out, on stderr; nothing where it lingers.
void tell_until_logout();

}  // namespace pawl::run
