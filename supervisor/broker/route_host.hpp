// A session's network side: starts its pawl-egress with the listeners that the launcher handed over, starts
// it again when it dies, and answers its asks for a connection and a secret. While there is none, the agent's
// connections are reset at once. Runs in pawld; the egress process reads the agent's bytes, so its frames are
// decoded strictly, it is told nothing beyond this session's routes, and it is heard only so often.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sandbox/base/channel.hpp"
#include "sandbox/base/unique_fd.hpp"
#include "supervisor/broker/launch_link.hpp"
#include "supervisor/broker/loop.hpp"
#include "supervisor/broker/rate.hpp"
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
    std::function<void(const std::string& why)> trouble;  // no egress runs
  };

  RouteHost(Loop& loop, Services& services, std::string session, std::vector<wire::Route> routes,
            std::vector<UniqueFd> listeners, Authority authority);

 private:
  struct Answer {
    wire::EgressConnected message;
    UniqueFd socket;
  };

  void begin();
  Result<> start();
  void listen();
  void hear();
  void take(ByteSpan message);
  void connect(const wire::EgressConnect& ask);
  void answer(wire::EgressConnected message, UniqueFd socket);
  void send_answers();
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
  std::unique_ptr<Loop::Handle> watch_;  // of control_: for asks, or for room while answers wait
  std::unique_ptr<Loop::Handle> retry_;  // set: no egress runs
  std::vector<std::unique_ptr<Loop::Handle>> turning_away_;  // of the listeners, while no egress runs
  std::chrono::milliseconds pause_{50};
  std::uint64_t life_ = 0;     // which egress: an answer for a former one is not for the next
  std::size_t in_flight_ = 0;  // asks without an answer
  std::deque<Answer> unsent_;
  bool full_ = false;  // answers wait for room, and watch_ for it
  Rate messages_{12'000};
  std::unique_ptr<Loop::Handle> breather_;
};

}  // namespace pawl::broker
