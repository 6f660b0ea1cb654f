// Finds the broker for `pawl run`; an embedded one is started on demand, the system one never. Runs in pawl.
#pragma once

#include "tools/people_client.hpp"

namespace pawl::run {

// Connected and greeted. Bounded: a broker that does not come up within 10 s is a trouble.
tools::Outcome<tools::Greeted> reach_broker();

// Starts `pawld --embedded` and returns at once. Starting a second one is harmless: it finds the first and
// ends.
tools::Outcome<pid_t> start_embedded(const wire::Paths& paths);

}  // namespace pawl::run
