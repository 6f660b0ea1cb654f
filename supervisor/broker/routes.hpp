// A role's model routes as a session's egress is told them, and as its ledger entry keeps them. Pure, but for
// the placeholders, which are random. Runs in pawld.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <vector>

#include "sandbox/base/error.hpp"
#include "supervisor/policy/role.hpp"
#include "supervisor/wire/service_messages.hpp"

namespace pawl::broker {

// Without a placeholder.
wire::Route route_of(const policy::LlmRoute& llm);
// All of a role, in the order of its listeners, each with a new placeholder.
std::vector<wire::Route> routes_of(const policy::Role& role);
// Nothing of a route but its placeholder may differ from what the session was opened with.
bool same_route(const wire::Route& opened, const wire::Route& current);

// In and out of the ledger's session entry. An entry of before there were any, or a damaged one, has none:
// then nothing is served.
boost::json::array routes_to_json(const std::vector<wire::Route>& routes);
std::vector<wire::Route> routes_from_json(const boost::json::object& session_entry);

}  // namespace pawl::broker
