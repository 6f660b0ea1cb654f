// A session's network side: starts its pawl-egress with the listeners that the launcher handed over, starts
// it again when it dies, and answers its asks for a connection and a secret. Runs in pawld; the egress
// process reads the agent's bytes, so its frames are decoded strictly and it is told nothing beyond this
// session's routes.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sandbox/base/channel.hpp"
#include "sandbox/base/unique_fd.hpp"
#include "supervisor/broker/launch_link.hpp"
#include "supervisor/broker/loop.hpp"
#include "supervisor/broker/services.hpp"
#include "supervisor/wire/service_messages.hpp"

namespace pawl::broker {

class RouteHost {
 public:
  // Given to the host by the broker, which decides.
  struct Authority {
    // The connection and, where the route has one, the secret; or why not. Called back once.
    std::function<void(const std::string& route, std::function<void(wire::EgressConnected, UniqueFd)>)>
        connect;
    std::function<void(const wire::EgressReport&)> report;
  };

  RouteHost(Loop& loop, Services& services, std::string session, std::vector<wire::Route> routes,
            std::vector<UniqueFd> listeners, Authority authority);

 private:
  void begin();
  Result<> start();
  void hear();
  void lost(const std::string& why);

  Loop& loop_;
  Services& services_;
  std::string session_;
  std::vector<wire::Route> routes_;
  std::vector<UniqueFd> listeners_;
  Authority authority_;
  std::shared_ptr<RouteHost*> self_;  // outlives answers that come when the session is gone
  Channel control_;
  std::unique_ptr<LaunchLink> launch_;
  std::unique_ptr<Loop::Handle> watch_;
  std::unique_ptr<Loop::Handle> retry_;
  std::chrono::milliseconds pause_{50};
};

}  // namespace pawl::broker
