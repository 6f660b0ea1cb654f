#include "supervisor/broker/routes.hpp"

#include "supervisor/policy/provider.hpp"

namespace pawl::broker {
namespace {

struct Upstream {
  std::string scheme, host;
  std::uint16_t port = 0;
};

// `text` has passed the policy's checks: scheme://host[:port], a literal v6 address in brackets.
Upstream parse_upstream(const std::string& text) {
  Upstream upstream;
  const std::size_t mark = text.find("://");
  upstream.scheme = text.substr(0, mark);
  std::string rest = text.substr(mark + 3);
  upstream.port = upstream.scheme == "https" ? 443 : 80;
  const std::size_t colon = rest.rfind(':');
  if (colon != std::string::npos && rest.find(']', colon) == std::string::npos) {
    upstream.port = static_cast<std::uint16_t>(std::stoul(rest.substr(colon + 1)));
    rest.resize(colon);
  }
  if (rest.starts_with('[') && rest.ends_with(']')) rest = rest.substr(1, rest.size() - 2);
  upstream.host = rest;
  return upstream;
}

struct TextField {
  const char* key;
  std::string wire::Route::* member;
};

constexpr TextField kTextFields[] = {
    {"name", &wire::Route::name},
    {"scheme", &wire::Route::scheme},
    {"host", &wire::Route::host},
    {"base_path", &wire::Route::base_path},
    {"header", &wire::Route::header},
    {"format", &wire::Route::format},
    {"placeholder", &wire::Route::placeholder},
};

bool read_route(const boost::json::value& value, wire::Route& route) {
  const boost::json::object* const object = value.if_object();
  if (object == nullptr) return false;
  for (const auto& [key, member] : kTextFields) {
    const boost::json::value* const field = object->if_contains(key);
    if (field == nullptr || !field->is_string()) return false;
    route.*member = std::string(field->as_string());
  }
  const boost::json::value* const port = object->if_contains("port");
  if (port == nullptr || !port->is_int64()) return false;
  route.port = static_cast<std::uint16_t>(port->as_int64());
  return true;
}

}  // namespace

wire::Route route_of(const policy::LlmRoute& llm) {
  const policy::Provider& provider = *policy::find_provider(llm.api);
  const Upstream upstream = parse_upstream(llm.upstream);
  wire::Route route;
  route.name = llm.name;
  route.scheme = upstream.scheme;
  route.host = upstream.host;
  route.port = upstream.port;
  // A route without a secret strips the agent's credentials all the same.
  if (!llm.secret.empty()) {
    route.header = provider.credential_header;
    route.format = std::string(provider.credential_prefix) + "{secret}";
  }
  return route;
}

std::vector<wire::Route> routes_of(const policy::Role& role) {
  std::vector<wire::Route> routes;
  for (const policy::LlmRoute& llm : role.llm) {
    routes.push_back(route_of(llm));
    routes.back().placeholder = policy::make_placeholder(*policy::find_provider(llm.api));
  }
  return routes;
}

bool same_route(const wire::Route& opened, const wire::Route& current) {
  wire::Route compared = current;
  compared.placeholder = opened.placeholder;
  return compared == opened;
}

boost::json::array routes_to_json(const std::vector<wire::Route>& routes) {
  boost::json::array list;
  for (const wire::Route& route : routes) {
    boost::json::object object;
    for (const auto& [key, member] : kTextFields) object[key] = route.*member;
    object["port"] = route.port;
    list.push_back(std::move(object));
  }
  return list;
}

std::vector<wire::Route> routes_from_json(const boost::json::object& session_entry) {
  std::vector<wire::Route> routes;
  const boost::json::value* const list = session_entry.if_contains("routes");
  if (list == nullptr || !list->is_array()) return routes;
  for (const boost::json::value& value : list->as_array())
    // One gone from the middle would give its listener to the next.
    if (!read_route(value, routes.emplace_back())) return {};
  return routes;
}

}  // namespace pawl::broker
