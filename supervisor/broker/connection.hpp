// One accepted connection: who is at the other end, how far the conversation is, and the one answer it may be
// waiting for. The kind of peer is told by the socket it came in on, never by what it says.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "sandbox/base/channel.hpp"
#include "supervisor/broker/loop.hpp"
#include "supervisor/wire/common.hpp"
#include "supervisor/wire/frame.hpp"

namespace pawl::broker {

enum class Peer : std::uint8_t { person, agent };
enum class Phase : std::uint8_t { greeting, working };

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Channel channel, Peer kind, PeerIdentity who, std::string of_session)
      : peer(kind), identity(who), session(std::move(of_session)), channel_(std::move(channel)) {}

  const Peer peer;
  const PeerIdentity identity;
  const std::string session;  // agents: the id of the session whose socket this is
  Phase phase = Phase::greeting;
  std::map<wire::Type, std::uint32_t> asked;  // how often, for the surface's limits

  template <class Message>
  void answer(const Message& message, std::span<const int> descriptors = {}) {
    send(wire::frame(message), descriptors);
  }
  void refuse(wire::FailureKind kind, std::string text, std::string remedy = {}) {
    answer(wire::Failure{kind, std::move(text), std::move(remedy)});
  }

  // While an answer is owed no further ask is read: asking again then ends the connection.
  enum class Owes : std::uint8_t { nothing, answer };
  Owes owes = Owes::nothing;

  const Channel& channel() const { return channel_; }
  bool closed() const { return !channel_; }
  // A peer that does not read its answers is dropped rather than waited for.
  void close() {
    watch_.reset();
    channel_ = Channel();
  }
  void watch_with(std::unique_ptr<Loop::Handle> watch) { watch_ = std::move(watch); }

 private:
  void send(const Bytes& frame, std::span<const int> descriptors) {
    owes = Owes::nothing;
    if (!closed() && !channel_.send(frame, descriptors)) close();
  }

  Channel channel_;
  std::unique_ptr<Loop::Handle> watch_;
};

using ConnectionPtr = std::shared_ptr<Connection>;

}  // namespace pawl::broker
