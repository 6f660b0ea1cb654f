// A detached session's own end of its terminal: reads what the command writes, so that it never waits for
// anybody, keeps the last of it, and lets the person come back (tools/hold_protocol.hpp). Runs in what pawl
// run leaves behind, as the person, without a terminal; reads its guests' messages, who are the same person.
#pragma once

#include <poll.h>

#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "tools/held_sessions.hpp"
#include "tools/hold_protocol.hpp"
#include "tools/pawl/launcher.hpp"
#include "tools/pawl/pump.hpp"
#include "tools/pawl/screen_memory.hpp"

namespace pawl::run {

// Where guests knock. Opened before anything is detached: what cannot be found again is not let go.
struct Door {
  tools::HeldSessions folder;
  std::string id;
  UniqueFd listener;

  static Result<Door> open(const std::string& id);
};

class Holder {
 public:
  using Clock = std::chrono::steady_clock;

  // `launcher` and `master`, the command's terminal, stay the session's.
  Holder(Door door, const Launcher& launcher, int master, std::unique_ptr<ScreenMemory> memory);
  Holder(const Holder&) = delete;

  void watch(std::vector<pollfd>& watched) const;
  void advance(const std::vector<pollfd>& watched);
  // The new size follows when its time has come.
  void look(Clock::time_point now);
  std::optional<Clock::time_point> wakes() const { return settles_; }

  void stopped();
  // The guest gets what the command wrote last, and how it ended; then the door is gone.
  void end(const tools::HolderMessage& ended);

 private:
  struct Guest {
    Channel channel;
    UniqueFd stream;
    std::unique_ptr<Pump> keys;
  };
  enum class Stays : std::uint8_t { no, yes };

  void open_door();
  void hear_visitor(Channel visitor);
  void welcome(Channel visitor, const tools::GuestMessage& ask);
  Result<UniqueFd> seat(Channel visitor);
  void hear_guest();
  Stays obey(const tools::GuestMessage& message, std::vector<UniqueFd>& descriptors);
  void part_from_guest();
  void read_for(int target);
  void resize(const winsize& size);
  static bool tell(const Channel& channel, const tools::HolderMessage& message,
                   std::span<const int> descriptors = {});

  Door door_;
  const Launcher& launcher_;
  int master_;
  std::unique_ptr<ScreenMemory> memory_;
  std::deque<Channel> visitors_;  // connected, and have not said what for
  std::optional<Guest> guest_;
  std::unique_ptr<Pump> output_;
  enum class Command : std::uint8_t { going, stopped } command_ = Command::going;
  winsize size_{};  // what it will settle at
  std::optional<Clock::time_point> settles_;
};

}  // namespace pawl::run
