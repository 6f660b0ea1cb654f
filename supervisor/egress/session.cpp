#include "supervisor/egress/session.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <deque>
#include <optional>

#include "supervisor/egress/address.hpp"
#include "supervisor/egress/connection.hpp"
#include "supervisor/egress/trust.hpp"
#include "supervisor/wire/frame.hpp"

namespace pawl::egress {
namespace {

using Acceptor = asio::ip::tcp::acceptor;

constexpr Duration kPauseWithoutDescriptors = std::chrono::milliseconds(100);

// pawld made the routes; a mistake there must not put a secret into a wrong place.
Result<> check_route(const wire::Route& route) {
  const std::string step = "route " + route.name;
  if (route.scheme != "https" && route.scheme != "http") return refuse(step + ": neither https nor http");
  if (route.host.empty() || route.port == 0) return refuse(step + ": no host or no port");
  if (route.scheme == "http" && !is_loopback(route.host))
    return refuse(step + ": plain http is for this host's own loopback addresses");
  // Both empty: a route without a secret, where the agent's own credentials are dropped all the same.
  if (route.header.empty() != route.format.empty() ||
      (!route.format.empty() && !route.format.contains("{secret}")))
    return refuse(step + ": no place for the secret");
  const auto plain = [](std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7f; });
  };
  for (const std::string* text : {&route.host, &route.base_path, &route.header, &route.format})
    if (!plain(*text)) return refuse(step + ": a character that does not belong into HTTP");
  return {};
}

class Session {
 public:
  Session(Channel control, const Limits& limits)
      : io_(1), broker_(io_, std::move(control)), services_{io_, broker_, nullptr, limits} {}

  Result<> set_up(Packet packet) {
    wire::EgressSetup setup = TRY(wire::unframe<wire::EgressSetup>(packet.bytes));
    for (const wire::Route& route : setup.routes) TRY(check_route(route));
    routes_ = std::move(setup.routes);
    const bool uses_tls =
        std::ranges::any_of(routes_, [](const wire::Route& route) { return route.scheme == "https"; });
    if (packet.descriptors.size() != routes_.size() + (uses_tls ? 1 : 0))
      return refuse("setup: a listener for each route belongs to it, and the trust store if one is https");
    if (uses_tls) {
      const std::string pem = TRY_DURING("trust store", read_whole(packet.descriptors.back().get()));
      tls_ = TRY(make_tls(pem));
      services_.tls = tls_.get();
    }
    for (std::size_t i = 0; i < routes_.size(); ++i)
      TRY_DURING("route " + routes_[i].name, add_listener(std::move(packet.descriptors[i])));
    return {};
  }

  Result<> run() {
    for (std::size_t i = 0; i < routes_.size(); ++i)
      asio::co_spawn(io_, accept(listeners_[i], routes_[i]), kRethrow);
    asio::co_spawn(io_, listen_to_broker(), kRethrow);
    io_.run();
    return ending_;
  }

 private:
  Result<> add_listener(UniqueFd descriptor) {
    int listening = 0;
    socklen_t size = sizeof(listening);
    if (::getsockopt(descriptor.get(), SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0 || listening == 0)
      return refuse("the descriptor is not a listening socket");
    error_code error;
    listeners_.emplace_back(io_).assign(asio::ip::tcp::v4(), descriptor.get(), error);
    if (error) return refuse("the listener cannot be used: " + error.message());
    descriptor.release();  // the acceptor owns it now
    return {};
  }

  asio::awaitable<void> listen_to_broker() {
    ending_ = co_await broker_.listen();
    io_.stop();
  }

  asio::awaitable<void> accept(Acceptor& listener, const wire::Route& route) {
    for (;;) {
      Socket socket(io_);
      const auto [error] = co_await listener.async_accept(socket, kAwait);
      if (error) {
        asio::steady_timer pause(io_, kPauseWithoutDescriptors);
        co_await pause.async_wait(kAwait);
        continue;
      }
      if (open_ == services_.limits.connections) {
        turn_away(services_, socket, route);
        continue;
      }
      error_code ignored;
      socket.set_option(asio::ip::tcp::no_delay(true), ignored);  // small events must not wait for each other
      ++open_;
      auto connection = std::make_unique<Connection>(services_, route, std::move(socket));
      asio::co_spawn(io_, serve(std::move(connection)), kRethrow);
    }
  }

  asio::awaitable<void> serve(std::unique_ptr<Connection> connection) {
    co_await connection->run();
    --open_;
  }

  // Order matters: what still waits when the session ends is destroyed with io_, last of all.
  asio::io_context io_;
  BrokerLink broker_;
  std::unique_ptr<boost::asio::ssl::context> tls_;
  Services services_;
  std::vector<wire::Route> routes_;
  std::deque<Acceptor> listeners_;
  std::size_t open_ = 0;
  Result<> ending_;
};

}  // namespace

Result<> serve_session(Channel control, const Limits& limits) {
  Result<std::optional<Packet>> packet = control.receive_within(limits.setup);
  if (!packet) return std::unexpected(std::move(packet).error().during("waiting for setup"));
  if (!*packet) return refuse("pawld closed before it said what to serve");
  Session session(std::move(control), limits);
  TRY(session.set_up(std::move(**packet)));
  return session.run();
}

}  // namespace pawl::egress
