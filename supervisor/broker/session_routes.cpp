// What a session's egress is allowed: only the role's own routes, only to the upstream that policy names,
// with the secret read at the moment of use and checked against its floor again.
#include "supervisor/broker/broker.hpp"
#include "supervisor/policy/authority.hpp"
#include "supervisor/policy/provider.hpp"
#include "supervisor/policy/secret_store.hpp"

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

}  // namespace

void Broker::start_routes(Session& session, std::vector<UniqueFd> listeners) {
  const auto policy = policy_.current();
  if (!policy || listeners.empty()) return;
  const auto role = role_of(session, **policy);
  if (!role || role->llm.size() != listeners.size())
    return;  // its role has changed since: nothing is reachable
  std::vector<wire::Route> routes;
  for (const policy::LlmRoute& llm : role->llm) routes.push_back(route_of(llm));
  const std::string id = session.info.id;
  session.egress_log = std::make_unique<EgressLog>(
      loop_, id, [this](boost::json::object body) { return note(ledger::Kind::egress, std::move(body)); });
  session.routes = std::make_unique<RouteHost>(
      loop_, services_, id, std::move(routes), std::move(listeners),
      RouteHost::Authority{
          [this, id](const std::string& route, std::function<void(wire::EgressConnected, UniqueFd)> done) {
            connect_route(id, route, std::move(done));
          },
          [log = session.egress_log.get()](const wire::EgressReport& report) { log->add(report); }});
}

void Broker::connect_route(const std::string& session_id, const std::string& name,
                           std::function<void(wire::EgressConnected, UniqueFd)> done) {
  const auto no = [&](const std::string& why) { done({0, why, {}}, UniqueFd()); };
  const auto found = sessions_.find(session_id);
  if (found == sessions_.end()) return no("the session has ended");
  const auto policy = policy_.current();
  if (!policy) return no(policy.error().text());
  const auto role = role_of(*found->second, **policy);
  if (!role) return no(role.error().text());
  const auto llm = std::ranges::find(role->llm, name, &policy::LlmRoute::name);
  if (llm == role->llm.end()) return no("the role has no such route any more");
  if (auto holds = policy::floor_holds(**policy, *role, *llm); !holds) return no(holds.error().text());
  policy::SecretValue value;
  if (!llm->secret.empty()) {
    auto material = policy::read_secret((*policy)->home, *(*policy)->find_secret(llm->secret));
    if (!material) return no(material.error().text());
    value = std::move(material->value);
  }
  const Upstream upstream = parse_upstream(llm->upstream);
  wire::Dial dial{0, upstream.host, upstream.port, {}};
  if (upstream.scheme == "http") dial.addresses = {upstream.host};  // a loopback address that pawl.toml lists
  const auto secret = std::make_shared<policy::SecretValue>(std::move(value));
  services_.dial(
      std::move(dial), [secret, done = std::move(done)](const wire::Dialed& dialed, UniqueFd socket) {
        done({0, dialed.failure, dialed.failure.empty() ? std::string(secret->reveal()) : std::string()},
             std::move(socket));
      });
}

}  // namespace pawl::broker
