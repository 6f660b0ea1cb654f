// A role in words: what the agent will see, reach and may ask, under which approval, and what it cannot.
// Pure. Texts of policy files are quoted (escape sequences made visible): the output goes to terminals.
#pragma once

#include <boost/json/object.hpp>
#include <string>

#include "supervisor/policy/policy.hpp"

namespace pawl::policy {

boost::json::object explain_json(const Policy& policy, const Role& role);
std::string explain_text(const Policy& policy, const Role& role);

}  // namespace pawl::policy
