// One connection of the agent: requests are read one after another, judged, forwarded, reported.
// Runs in pawl-egress; reads the agent's bytes.
#pragma once

#include <memory>

#include "supervisor/egress/exchange.hpp"

namespace pawl::egress {

class Connection {
 public:
  Connection(const Services& services, const wire::Route& route, Socket socket)
      : services_(services),
        route_(route),
        agent_(std::move(socket)),
        watchdog_(services.io),
        patience_(services.limits.head) {}

  // Until either side ends it.
  asio::awaitable<void> run();

 private:
  enum class Arrival : std::uint8_t { head, refused, gone };

  asio::awaitable<Arrival> await_head();
  asio::awaitable<AfterAnswer> answer_head();
  asio::awaitable<void> refuse_head(Refusal refusal, wire::EgressReport report);
  asio::awaitable<void> linger();
  void allow(Duration time);

  const Services& services_;
  const wire::Route& route_;
  AgentSide agent_;
  Watchdog watchdog_;
  Duration patience_;          // with a silent agent, before a head begins
  std::size_t head_size_ = 0;  // bytes
};

// Told to an agent that has too many connections already; best effort, without waiting.
void turn_away(const Services& services, Socket& socket, const wire::Route& route);

}  // namespace pawl::egress
