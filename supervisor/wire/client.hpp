// The asking side of a conversation with the broker, synchronous: one ask, one answer.
#pragma once

#include <chrono>

#include "supervisor/wire/common.hpp"
#include "supervisor/wire/frame.hpp"

namespace pawl::wire {

// What went wrong with an ask: the broker's own words (kind), or the connection (unreachable).
struct AskError {
  enum class Kind : std::uint8_t { unreachable, failure };
  Kind kind = Kind::unreachable;
  Failure failure;  // text and remedy are set in both cases
};

template <class Answer>
struct Answered {
  Answer message;
  std::vector<UniqueFd> descriptors;
};

class Client {
 public:
  explicit Client(Channel channel) : channel_(std::move(channel)) {}

  template <class Answer, class Ask>
  std::expected<Answered<Answer>, AskError> ask(const Ask& message,
                                                std::span<const int> descriptors = {}) const {
    if (auto sent = send(frame(message), descriptors); !sent) return std::unexpected(std::move(sent).error());
    // Without limit: the broker answers every ask, or closes.
    auto packet = receive();
    if (!packet) return std::unexpected(std::move(packet).error());
    if (auto failure = unframe<Failure>(packet->bytes))
      return std::unexpected(AskError{AskError::Kind::failure, *std::move(failure)});
    auto answer = unframe<Answer>(packet->bytes);
    if (!answer) return std::unexpected(garbled(answer.error()));
    return Answered<Answer>{*std::move(answer), std::move(packet->descriptors)};
  }

  const Channel& channel() const { return channel_; }

 private:
  std::expected<void, AskError> send(const Bytes& ask, std::span<const int> descriptors) const;
  std::expected<Packet, AskError> receive() const;
  static AskError garbled(const Error& error);

  Channel channel_;
};

}  // namespace pawl::wire
