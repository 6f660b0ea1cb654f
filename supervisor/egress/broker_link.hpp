// The conversation with pawld over descriptor 3: asks for connections, reports requests. One thread, no
// waiting in system calls: what pawld does not read at once is queued, within bounds. Runs in pawl-egress;
// reads pawld's messages.
#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "sandbox/base/channel.hpp"
#include "supervisor/egress/asio.hpp"
#include "supervisor/scrub/secret.hpp"
#include "supervisor/wire/service_messages.hpp"

namespace pawl::egress {

// What one request may use.
struct Grant {
  UniqueFd socket;  // connected
  scrub::Secret secret;
};

class BrokerLink {
 public:
  BrokerLink(asio::io_context& io, Channel channel);
  ~BrokerLink();
  BrokerLink(const BrokerLink&) = delete;
  BrokerLink& operator=(const BrokerLink&) = delete;

  // Asks pawld for a verdict, a connection and the secret. pawld's own words are the error.
  asio::awaitable<Result<Grant>> connect(const std::string& route, Duration limit);
  void report(const wire::EgressReport& report);
  // Takes in answers until pawld closes (success) or breaks the protocol (error).
  asio::awaitable<Result<>> listen();

 private:
  struct Waiting;  // one connect() under way

  Result<> take(Packet packet);
  void send(Bytes message);
  asio::awaitable<void> drain();

  asio::io_context& io_;
  Channel channel_;
  asio::posix::stream_descriptor readiness_;  // the channel's descriptor, borrowed
  std::map<std::uint32_t, std::shared_ptr<Waiting>> waiting_;
  std::uint32_t last_number_ = 0;
  std::deque<Bytes> unsent_;
  bool draining_ = false;
  std::optional<Error> broken_;
};

}  // namespace pawl::egress
