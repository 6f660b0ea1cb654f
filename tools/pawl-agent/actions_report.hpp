// What this session may ask for: in words and as JSON. Pure; the texts come from the role.
#pragma once

#include <boost/json/array.hpp>
#include <string>

#include "supervisor/wire/agent_messages.hpp"

namespace pawl::agent {

std::string describe(const wire::AgentWelcome& welcome);
boost::json::array actions_json(const wire::AgentWelcome& welcome);

}  // namespace pawl::agent
