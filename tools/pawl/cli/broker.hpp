// The broker as pawl-cli's verbs see it. Runs as the person.
#pragma once

#include <vector>

#include "tools/people_client.hpp"

namespace pawl::cli {

// Connected and greeted; never started here: `pawl run` does that.
tools::Outcome<tools::Greeted> reach_broker();

// All pages.
tools::Outcome<std::vector<wire::RequestInfo>> list_requests(const wire::Client& client, bool all);

}  // namespace pawl::cli
