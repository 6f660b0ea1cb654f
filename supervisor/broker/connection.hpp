// One accepted connection: who is at the other end, how far the conversation is, and the one answer it may be
// waiting for. The kind of peer is told by the socket it came in on, never by what it says.
#pragma once

#include <fcntl.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sandbox/base/channel.hpp"
#include "sandbox/base/discard.hpp"
#include "supervisor/broker/hold.hpp"
#include "supervisor/broker/loop.hpp"
#include "supervisor/wire/common.hpp"
#include "supervisor/wire/frame.hpp"

namespace pawl::broker {

enum class Peer : std::uint8_t { person, agent };
enum class Admitted : std::uint8_t { no, stranger, known };  // known: in people.toml, root, the broker's own
enum class Phase : std::uint8_t { greeting, working };

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Channel channel, Peer kind, PeerIdentity who, std::string of_session,
             Admitted as = Admitted::known, Hold* hold = nullptr)
      : peer(kind),
        identity(who),
        session(std::move(of_session)),
        admitted(as),
        channel_(std::move(channel)),
        hold_(hold) {}
  ~Connection() { close(); }

  const Peer peer;
  const PeerIdentity identity;
  const std::string session;  // agents: the id of the session whose socket this is
  const Admitted admitted;
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
  // What it has sent and nobody has read may hold descriptors, which must not be closed as they are.
  void close() {
    watch_.reset();
    deadline_.reset();
    discard(std::move(channel_).release());
    channel_ = Channel();
    if (const auto closing = std::exchange(closing_, nullptr)) closing();
  }
  // The same once what was answered is out.
  void close_after_answer() {
    if (held_ > 0)
      finished_ = true;
    else
      close();
  }
  // Called when it closes by itself, after an answer that had been held.
  void when_gone(std::function<void()> gone) { gone_ = std::move(gone); }
  // Called once, when it is closed; nullptr takes that back.
  void when_closed(std::function<void()> closing) { closing_ = std::move(closing); }
  void watch_with(std::unique_ptr<Loop::Handle> watch) { watch_ = std::move(watch); }
  void until(std::unique_ptr<Loop::Handle> deadline) { deadline_ = std::move(deadline); }

 private:
  // SAFETY: nothing is said that rests on what the ledger could still lose.
  void send(Bytes frame, std::span<const int> descriptors) {
    if (frame.size() > kMaxMessage)
      return refuse(wire::FailureKind::failed, "the answer is longer than one message holds",
                    "read it where the broker keeps it: its ledger and blobs");
    if (hold_ == nullptr || hold_->durable()) return transmit(frame, descriptors);
    std::vector<UniqueFd> kept;
    for (const int descriptor : descriptors) {
      kept.emplace_back(::fcntl(descriptor, F_DUPFD_CLOEXEC, 0));
      if (!kept.back()) return close();
    }
    ++held_;
    hold_->when_durable(
        [weak = weak_from_this(), frame = std::move(frame), kept = std::move(kept)]() mutable {
          if (const auto self = weak.lock()) self->release(frame, kept);
        });
  }

  void release(const Bytes& frame, const std::vector<UniqueFd>& kept) {
    --held_;
    std::vector<int> descriptors;
    for (const UniqueFd& descriptor : kept) descriptors.push_back(descriptor.get());
    transmit(frame, descriptors);
    if (finished_ && held_ == 0) close();
    if (closed() && gone_) gone_();
  }

  void transmit(const Bytes& frame, std::span<const int> descriptors) {
    owes = Owes::nothing;
    if (!closed() && !channel_.send(frame, descriptors)) close();
  }

  Channel channel_;
  Hold* hold_;
  std::size_t held_ = 0;   // answers that wait for the ledger
  bool finished_ = false;  // to be closed after them
  std::function<void()> gone_;
  std::unique_ptr<Loop::Handle> watch_;
  std::unique_ptr<Loop::Handle> deadline_;  // for the greeting
  std::function<void()> closing_;
};

using ConnectionPtr = std::shared_ptr<Connection>;

}  // namespace pawl::broker
