// The person's terminal while a session has it: raw, and put back on every way out. Runs in pawl.
#pragma once

#include <sys/ioctl.h>
#include <termios.h>

#include <string>

#include "sandbox/base/error.hpp"
#include "sandbox/base/unique_fd.hpp"
#include "sandbox/terminal_guard.hpp"
#include "tools/pawl/terminal_reset.hpp"

namespace pawl::run {

class Terminal {
 public:
  // `descriptor`: one of the standard streams, a terminal. Opens it anew, so that not blocking on it is our
  // business alone and not also that of the shell we share it with.
  static Result<Terminal> open(int descriptor);
  Terminal(Terminal&& other) noexcept;
  Terminal& operator=(Terminal&&) = delete;
  ~Terminal() { restore({}); }

  // Else it is the shell's: neither to be made raw nor read.
  bool in_foreground() const;
  // The window is closed, the line cut.
  bool hung_up() const;
  // Looks at the modes that it has now, and will have again: for the guard, before it is made raw.
  Result<sandbox::TerminalState> look();
  Result<> make_raw();
  // From here on it shows what a command writes, raw or not.
  void lend() { lent_ = Lent::yes; }
  // What the command may have left behind is undone, what was typed and not read is thrown away, and the
  // modes are as before, unless the shell has given it others meanwhile. Does nothing the second time.
  // Answers that may be on their way are waited for, and keys.
  enum class Answers : std::uint8_t { none, expected };
  enum class Keys : std::uint8_t { none, coming };
  struct Left {
    Answers answers = Answers::none;
    Keys keys = Keys::none;
    LeftOn screen = LeftOn::any;
  };
  void restore(Left left) noexcept;

  int fd() const { return tty_.get(); }
  winsize size() const;
  const termios& modes() const { return before_; }

 private:
  explicit Terminal(UniqueFd tty) : tty_(std::move(tty)) {}

  UniqueFd tty_;
  termios before_{};
  enum class Mode : std::uint8_t { cooked, raw } mode_ = Mode::cooked;
  enum class Lent : std::uint8_t { no, yes } lent_ = Lent::no;
};

// TERM as it may be told to the broker; empty when it is not a plain name.
std::string terminal_type();

}  // namespace pawl::run
