// The broker's end of an agent's socket, answered by the test itself, one message at a time.
#pragma once

#include <poll.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>

#include <chrono>
#include <string>

#include "sandbox/base/channel.hpp"
#include "supervisor/wire/agent_messages.hpp"
#include "supervisor/wire/frame.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/unit/tools/pawl-agent/sample_actions.hpp"

namespace pawl::test {

class FakeBroker {
 public:
  FakeBroker() { start(); }

  std::string path() const { return directory_ / "agent.sock"; }
  void start() {
    auto listener = listen_at(path(), 0600);
    REQUIRE(listener);
    listener_ = *std::move(listener);
  }
  // Who connects from now on is refused, who is connected is cut off.
  void stop() {
    listener_ = UniqueFd();
    channel_ = Channel();
  }

  void accept() {
    pollfd waits{listener_.get(), POLLIN, 0};
    REQUIRE(::poll(&waits, 1, 2000) == 1);
    channel_ = Channel(UniqueFd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)));
    REQUIRE(channel_);
  }
  bool anybody_connects() const {
    pollfd waits{listener_.get(), POLLIN, 0};
    return ::poll(&waits, 1, 0) == 1;
  }
  template <class Message>
  Message read() {
    auto packet = channel_.receive_within(std::chrono::milliseconds(2000));
    REQUIRE(packet);
    REQUIRE(packet->has_value());
    auto message = wire::unframe<Message>((*packet)->bytes);
    REQUIRE(message);
    descriptors = std::move((*packet)->descriptors);
    return *std::move(message);
  }
  template <class Message>
  void answer(const Message& message) {
    REQUIRE(channel_.send(wire::frame(message)));
  }
  const Channel& channel() const { return channel_; }

  std::vector<UniqueFd> descriptors;  // of the message read last

 private:
  TemporaryDirectory directory_;
  UniqueFd listener_;
  Channel channel_;
};

inline wire::RequestStatus sample_status(wire::RequestState state) {
  wire::RequestStatus status;
  status.id = std::string(64, 'a');
  status.action = "look";
  status.state = state;
  return status;
}

}  // namespace pawl::test
