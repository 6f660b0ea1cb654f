// The broker's answers as JSON for scripts: full ids, times in RFC 3339, texts as they are (JSON escapes
// them). Pure.
#pragma once

#include <boost/json/object.hpp>

#include "supervisor/wire/people_messages.hpp"

namespace pawl::cli {

std::string_view word(wire::RequestState state);
boost::json::object json_of(const wire::RequestInfo& info);
boost::json::object json_of(const wire::RequestShown& shown);
boost::json::object json_of(const wire::SessionInfo& info);

}  // namespace pawl::cli
