// How a request stands, for the agent: in words, as JSON, as an exit code. Pure.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <string_view>

#include "supervisor/wire/agent_messages.hpp"
#include "tools/exit_code.hpp"

namespace pawl::agent {

inline constexpr std::size_t kShownId = 12;  // characters

std::string_view word(wire::RequestState state);
tools::ExitCode exit_code_of(const wire::RequestStatus& status);
// One line: "denied by alice: use a rolling update".
std::string describe(const wire::RequestStatus& status);
// The same, output included.
boost::json::object to_json(const wire::RequestStatus& status);

}  // namespace pawl::agent
