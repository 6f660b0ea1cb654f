// The person's terminal in front of a command: raw while it is in the foreground, keys in, output out, and
// put back whenever the person leaves. In the background, where its keys are the shell's, the command's text
// is shown, and nothing that the terminal would answer. Runs in pawl; the keys are looked at for those that
// detach, the output for what a terminal must be told when the person comes back.
#pragma once

#include <poll.h>

#include <chrono>
#include <memory>
#include <optional>

#include "tools/pawl/detach_keys.hpp"
#include "tools/pawl/pump.hpp"
#include "tools/pawl/screen_memory.hpp"
#include "tools/pawl/terminal.hpp"
#include "tools/pawl/typing.hpp"

namespace pawl::run {

class Seat {
 public:
  using Clock = std::chrono::steady_clock;

  // Where the terminal's affairs are known besides here.
  class Behind {
   public:
    virtual ~Behind() = default;
    // Before the terminal is made raw: who puts it back should we be killed?
    virtual void guard(const sandbox::TerminalState& state, int terminal) = 0;
    virtual void release() = 0;
    virtual void resize(const winsize& size) = 0;
  };

  Seat(Terminal terminal, DetachKeys keys, Behind& behind);

  // `line` leads to the command's terminal, and stays the caller's. `screen` is what to show first.
  void connect(int line, std::string_view screen = {});
  // Takes the terminal, if it is ours to take: at the start, when the process goes on, when its size changed.
  void enter();
  // Puts the terminal back.
  void leave();
  // The command has stopped: this process does, too, and returns when it goes on (signals.hpp). The terminal
  // is the shell's meanwhile.
  void stop_with_command();
  void resize() { behind_.resize(terminal_.size()); }

  void watch(std::vector<pollfd>& watched) const;
  Pump::Moved advance(const std::vector<pollfd>& watched);
  // Keys held back for too long go on; a terminal that has become ours is taken.
  void look(Clock::time_point now);
  std::optional<Clock::time_point> wakes() const;

  bool wants_to_detach() const { return wish_ == Wish::detach; }
  void stay() { wish_ = Wish::none; }
  // The terminal is gone.
  bool lost() const { return lost_; }
  bool in_front() const { return place_ == Place::in_front; }
  void say(std::string_view line);

  // Only output, until it ends, nothing comes for `patience`, or `limit` is over.
  void show_the_rest(std::chrono::milliseconds patience, std::chrono::milliseconds limit = kForever);
  std::unique_ptr<ScreenMemory> take_memory() { return std::move(memory_); }

 private:
  enum class Wish : std::uint8_t { none, detach };
  enum class Place : std::uint8_t { behind_the_shell, in_front };
  void step_back();
  std::size_t filter_keys(std::span<char> buffer, std::size_t size);
  std::size_t filter_output(std::span<char> buffer, std::size_t size);
  std::string from_behind(std::string_view bytes);
  void note_output(std::string_view bytes);
  Terminal::Answers answers() const;

  Terminal terminal_;
  DetachKeys keys_;
  Behind& behind_;
  std::unique_ptr<ScreenMemory> memory_;
  ScreenMemory aside_;  // what may be shown from behind the shell
  Place place_ = Place::behind_the_shell;
  Typing typing_;
  std::unique_ptr<Pump> keyboard_;  // only in the foreground
  std::unique_ptr<Pump> screen_;
  int line_ = -1;
  Wish wish_ = Wish::none;
  bool lost_ = false;
  Clock::time_point held_since_;
  Clock::time_point looked_;
  std::optional<Clock::time_point> asked_;  // something that the terminal may answer
};

}  // namespace pawl::run
