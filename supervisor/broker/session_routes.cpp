// What a session's egress is allowed: only the routes that the session was opened with, only while policy
// still says the same of them, with the secret read at the moment of use and checked against its floor again.
// What the agent is told names no policy; the ledger has the reason.
#include "supervisor/broker/broker.hpp"
#include "supervisor/broker/log_line.hpp"
#include "supervisor/broker/routes.hpp"
#include "supervisor/policy/authority.hpp"
#include "supervisor/policy/secret_store.hpp"
#include "supervisor/receipt/render.hpp"

namespace pawl::broker {
namespace {

constexpr char kRefused[] = "the broker refuses this route; its operator finds the reason with: pawl log";
constexpr char kUnreachable[] =
    "the upstream cannot be reached; the broker's operator finds the reason with: pawl log";

struct Permit {
  wire::Route route;
  policy::SecretValue secret;  // empty: the route has none
};

// The egress puts the key where its own route says, so a route that has changed since must not be dialled:
// the key would go out in another's slot, or without TLS.
Result<Permit> permit(const Session& session, const policy::Policy& policy, const policy::Role& role,
                      const std::string& name) {
  const auto opened = std::ranges::find(session.llm_routes, name, &wire::Route::name);
  if (opened == session.llm_routes.end()) return refuse("the session was opened without such a route");
  const auto llm = std::ranges::find(role.llm, name, &policy::LlmRoute::name);
  if (llm == role.llm.end()) return refuse("the role has no such route any more");
  if (!same_route(*opened, route_of(*llm)))
    return refuse("the route has changed since the session was opened", "start a new session");
  TRY(policy::floor_holds(policy, role, *llm));
  Permit permit{*opened, {}};
  if (!llm->secret.empty())
    permit.secret = TRY(policy::read_secret(policy.home, *policy.find_secret(llm->secret))).value;
  return permit;
}

}  // namespace

void Broker::start_routes(Session& session, std::vector<UniqueFd> listeners) {
  if (listeners.empty()) return;
  const std::string id = session.info.id;
  session.routes.reset();
  session.egress_log = std::make_unique<EgressLog>(
      loop_, id, [this](boost::json::object body) { return note(ledger::Kind::egress, std::move(body)); });
  EgressLog* const log = session.egress_log.get();
  if (listeners.size() != session.llm_routes.size())
    return log->add_trouble("its launcher handed over " + std::to_string(listeners.size()) +
                            " listeners for " + std::to_string(session.llm_routes.size()) + " model routes");
  session.routes = std::make_unique<RouteHost>(
      loop_, services_, id, session.llm_routes, std::move(listeners),
      RouteHost::Authority{
          [this, id](const std::string& route, std::function<void(wire::EgressConnected, UniqueFd)> done) {
            connect_route(id, route, std::move(done));
          },
          [log](const wire::EgressReport& report) { log->add(report); },
          [log, id](const std::string& why) {
            log_line("session " + id + ": " + receipt::visible(why));
            log->add_trouble(why);
          }});
}

void Broker::connect_route(const std::string& session_id, const std::string& name,
                           std::function<void(wire::EgressConnected, UniqueFd)> done) {
  const auto found = sessions_.find(session_id);
  if (found == sessions_.end()) return done({0, "the session has ended", {}}, UniqueFd());
  const Session& session = *found->second;
  const auto no = [&](const Error& why) {
    session.egress_log->add({.route = name, .refusal = why.text()});
    done({0, kRefused, {}}, UniqueFd());
  };
  const auto policy = policy_.current();
  if (!policy) return no(policy.error());
  const auto role = role_of(session, **policy);
  if (!role) return no(role.error());
  auto permitted = permit(session, **policy, *role, name);
  if (!permitted) return no(permitted.error());
  const wire::Route& route = permitted->route;
  wire::Dial dial{0, route.host, route.port, {}};
  if (route.scheme == "http") dial.addresses = {route.host};  // a loopback address that pawl.toml lists
  const auto secret = std::make_shared<policy::SecretValue>(std::move(permitted->secret));
  services_.dial(std::move(dial), [this, session_id, name, secret, done = std::move(done)](
                                      const wire::Dialed& dialed, UniqueFd socket) {
    if (dialed.failure.empty()) return done({0, {}, std::string(secret->reveal())}, std::move(socket));
    if (const auto still = sessions_.find(session_id); still != sessions_.end())
      still->second->egress_log->add({.route = name, .refusal = dialed.failure});
    done({0, kUnreachable, {}}, UniqueFd());
  });
}

}  // namespace pawl::broker
