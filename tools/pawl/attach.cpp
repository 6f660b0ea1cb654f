#include "tools/pawl/attach.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "sandbox/base/codec.hpp"
#include "tools/held_sessions.hpp"
#include "tools/hold_protocol.hpp"
#include "tools/pawl/afterwards.hpp"
#include "tools/pawl/parting.hpp"
#include "tools/pawl/seat.hpp"
#include "tools/pawl/signals.hpp"
#include "tools/pawl/watched.hpp"

namespace pawl::run {
namespace {

using std::chrono::milliseconds;
using tools::ExitCode;
using tools::GuestMessage;
using tools::GuestSays;
using tools::HolderMessage;
using tools::HolderSays;
using tools::Outcome;
using tools::trouble;

constexpr milliseconds kAnswerTime{5'000};
constexpr milliseconds kDrainTime{2'000};  // without any byte moving
constexpr int kIdle = 60'000;              // ms

class Attachment : public Seat::Behind {
 public:
  Attachment(std::string id, Channel holder, Signals signals)
      : id_(std::move(id)), holder_(std::move(holder)), signals_(std::move(signals)) {}

  Outcome<int> run(const AttachCommand& command, Terminal terminal, DetachKeys keys) {
    TRY(sit_down(command, std::move(terminal), std::move(keys)));
    Outcome<> turned;
    while (turned && !over_) turned = turn();
    if (over_ == Over::ended) seat_->show_the_rest(kDrainTime);
    seat_->leave();
    tell({.kind = GuestSays::leave});
    if (over_ == Over::ended) {
      tell_appeared(ended_.appeared);
      if (ended_.changes) show_changes(id_);
    }
    if (!turned) return std::unexpected(turned.error());
    return conclude();
  }

 private:
  enum class Over : std::uint8_t { ended, left, taken_over, signalled };

  void tell(const GuestMessage& message, std::span<const int> descriptors = {}) const {
    // A holder that is gone is noticed by its channel.
    (void)holder_.send(codec::encode(message), descriptors);
  }

  // nullopt: it has closed.
  Outcome<std::optional<HolderMessage>> hear(Packet& packet) {
    auto received = TRY_DURING("hear from the session", holder_.receive_within(kAnswerTime));
    if (!received) return std::nullopt;
    packet = *std::move(received);
    return TRY_DURING("hear from the session", codec::decode<HolderMessage>(packet.bytes));
  }

  std::unexpected<tools::Trouble> lost() const {
    return trouble(ExitCode::pawl_failed,
                   "what held session " + short_id(id_) + " is gone, and the session with it",
                   "see: pawl sessions --all");
  }

  Outcome<> sit_down(const AttachCommand& command, Terminal terminal, DetachKeys keys) {
    const auto take =
        command.seat == AttachCommand::Seat::any ? tools::Take::any_seat : tools::Take::free_seat;
    tell({.kind = GuestSays::attach, .take = take, .size = sandbox::encode_size(terminal.size())});
    Packet packet;
    const auto answer = TRY(hear(packet));
    if (!answer) return lost();
    if (answer->kind == HolderSays::refused)
      return trouble(ExitCode::pawl_failed, "somebody is attached to session " + short_id(id_) + " already",
                     "pawl attach --steal sends them away");
    if (answer->kind != HolderSays::attached || packet.descriptors.size() != 1)
      return trouble(ExitCode::pawl_failed, "the session's holder says nonsense",
                     "it was started by another version of pawl: end it with pawl kill");
    stream_ = std::move(packet.descriptors[0]);
    if (::fcntl(stream_.get(), F_SETFL, O_NONBLOCK) != 0) return failed("set up the session's stream");
    seat_ = std::make_unique<Seat>(std::move(terminal), std::move(keys), *this);
    seat_->connect(stream_.get(), answer->bytes);
    return {};
  }

  Outcome<> turn() {
    std::vector<pollfd> watched{{holder_.fd(), POLLIN, 0}, {signals_.fd(), POLLIN, 0}};
    seat_->watch(watched);
    int patience = kIdle;
    if (const auto wakes = seat_->wakes())
      patience = static_cast<int>(std::clamp<std::int64_t>(
          std::chrono::ceil<milliseconds>(*wakes - Seat::Clock::now()).count(), 0, kIdle));
    if (::poll(watched.data(), watched.size(), patience) < 0 && errno != EINTR) return failed("poll");
    if (readable(watched, signals_.fd())) take_signals();
    seat_->advance(watched);
    seat_->look(Seat::Clock::now());
    if (seat_->wants_to_detach()) over_ = Over::left;
    if (seat_->lost()) over_ = Over::signalled;
    if (!over_ && readable(watched, holder_.fd())) return take_message();
    return {};
  }

  Outcome<> take_message() {
    Packet packet;
    auto message = TRY(hear(packet));
    if (!message) return lost();
    if (message->kind == HolderSays::stopped) {
      stop_together();
    } else if (message->kind == HolderSays::taken_over) {
      over_ = Over::taken_over;
    } else if (message->kind == HolderSays::ended) {
      over_ = Over::ended;
      ended_ = *std::move(message);
    }
    return {};
  }

  void take_signals() {
    while (const auto number = signals_.next()) take_signal(*number);
  }

  void take_signal(int number) {
    switch (number) {
      case SIGWINCH:
        seat_->resize();
        break;
      case SIGCHLD:
        break;
      case SIGCONT:
        tell({.kind = GuestSays::proceed});
        seat_->enter();
        break;
      case SIGHUP:
      case SIGTERM:
        // Meant for us, who only look: the session stays.
        over_ = Over::signalled;
        signal_ = number;
        break;
      default:
        tell({.kind = GuestSays::signal, .number = static_cast<std::uint32_t>(number)});
    }
  }

  void stop_together() {
    seat_->stop_with_command();
    if (!told_to_continue()) take_signal(SIGCONT);  // there was no shell to go back to
  }

  Outcome<int> conclude() const {
    switch (over_.value_or(Over::signalled)) {
      case Over::left:
        tell_parting(id_);
        return 0;
      case Over::signalled:
        return 128 + signal_;
      case Over::taken_over:
        return trouble(ExitCode::pawl_failed,
                       "session " + short_id(id_) + " was taken over by another pawl attach");
      case Over::ended:
        break;
    }
    if (!ended_.text.empty())
      return trouble(static_cast<ExitCode>(ended_.exit_code), ended_.text, ended_.remedy);
    return ended_.exit_code;
  }

  void guard(const sandbox::TerminalState& state, int terminal) override {
    tell({.kind = GuestSays::guard, .terminal = state}, {&terminal, 1});
  }
  void release() override { tell({.kind = GuestSays::release}); }
  void resize(const winsize& size) override {
    tell({.kind = GuestSays::resize, .size = sandbox::encode_size(size)});
  }

  std::string id_;
  Channel holder_;
  Signals signals_;
  UniqueFd stream_;
  std::unique_ptr<Seat> seat_;
  std::optional<Over> over_;
  int signal_ = SIGHUP;
  HolderMessage ended_;
};

// In front of which the person sits, for keys and output both.
Result<Terminal> open_terminal() {
  if (::isatty(0) != 1 || ::isatty(1) != 1)
    return refuse("attaching needs a terminal on standard input and output", "run it in a terminal");
  return Terminal::open(1);
}

Outcome<int> attach_to(const AttachCommand& command) {
  DetachKeys keys = TRY(detach_keys(command.detach_keys));
  Terminal terminal = TRY(open_terminal());
  const tools::HeldSessions sessions = TRY(tools::HeldSessions::open());
  const std::string id = TRY(sessions.find(command.session));
  auto holder = sessions.connect(id);
  if (!holder && (holder.error().errnum == ECONNREFUSED || holder.error().errnum == ENOENT))
    return trouble(ExitCode::pawl_failed, "session " + short_id(id) + " is not held any more",
                   "it has ended: pawl sessions --all");
  Attachment attachment(id, TRY(std::move(holder)), TRY(Signals::block()));
  return attachment.run(command, std::move(terminal), std::move(keys));
}

}  // namespace

Outcome<int> attach(const AttachCommand& command) {
  Outcome<int> outcome = attach_to(command);
  if (!outcome && !tells_an_end(outcome.error().code)) outcome.error().code = ExitCode::pawl_failed;
  return outcome;
}

}  // namespace pawl::run
