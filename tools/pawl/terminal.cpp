#include "tools/pawl/terminal.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <utility>

#include "supervisor/wire/people_messages.hpp"
#include "tools/pawl/answers.hpp"
#include "tools/pawl/terminal_reset.hpp"

namespace pawl::run {
namespace {

termios raw_modes(termios modes) {
  ::cfmakeraw(&modes);
  return modes;
}

}  // namespace

Result<Terminal> Terminal::open(int descriptor) {
  const std::string path = "/proc/self/fd/" + std::to_string(descriptor);
  UniqueFd tty(::open(path.c_str(), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
  // After su the terminal may belong to another user; the inherited descriptor works all the same.
  if (!tty) tty.reset(::fcntl(descriptor, F_DUPFD_CLOEXEC, 10));
  if (!tty) return failed("open the terminal");
  Terminal terminal(std::move(tty));
  if (::tcgetattr(terminal.fd(), &terminal.before_) != 0) return failed("read the terminal's modes");
  return terminal;
}

Terminal::Terminal(Terminal&& other) noexcept
    : tty_(std::move(other.tty_)),
      before_(other.before_),
      mode_(std::exchange(other.mode_, Mode::cooked)),
      lent_(std::exchange(other.lent_, Lent::no)) {}

bool Terminal::in_foreground() const { return ::tcgetpgrp(fd()) == ::getpgrp(); }

bool Terminal::hung_up() const { return ::tcgetpgrp(fd()) < 0 && errno == EIO; }

Result<sandbox::TerminalState> Terminal::look() {
  if (mode_ == Mode::cooked && ::tcgetattr(fd(), &before_) != 0) return failed("read the terminal's modes");
  return sandbox::TerminalState{sandbox::encode_modes(before_), sandbox::encode_modes(raw_modes(before_)),
                                reset_sequence(terminal_kind())};
}

Result<> Terminal::make_raw() {
  const termios raw = raw_modes(before_);
  // Without waiting for the output: it may have been held up (Ctrl-S).
  if (::tcsetattr(fd(), TCSANOW, &raw) != 0) return failed("set the terminal to raw");
  if (mode_ == Mode::cooked) sandbox::write_bounded(fd(), entry_sequence(terminal_kind()));
  mode_ = Mode::raw;
  lend();
  return {};
}

void Terminal::restore(Left left) noexcept {
  if (lent_ == Lent::no) return;
  lent_ = Lent::no;
  const TerminalKind kind = terminal_kind();
  const bool ours = in_foreground();
  // Of a command in the background it showed text alone; its modes are the shell's.
  if (mode_ == Mode::cooked && !ours) return sandbox::write_bounded(fd(), plain_sequence(kind));
  const std::string reset = reset_sequence(kind, left.screen);
  sandbox::write_bounded(fd(), reset);
  if (mode_ == Mode::cooked) return;
  mode_ = Mode::cooked;
  // After the reset: from here on nothing makes it report by itself either.
  if (ours && left.answers == Answers::expected && !reset.empty())
    take_answers(fd(), LastQuestion::invent(size()));
  if (ours && left.keys == Keys::coming) take_keys(fd());
  // We may have been stopped without being asked, and gone on in the background.
  termios now{};
  if (!ours && (::tcgetattr(fd(), &now) != 0 || !sandbox::same_modes(now, raw_modes(before_)))) return;
  // Together that is TCSAFLUSH without its wait for the output: a line that takes nothing must not keep us.
  ::tcflush(fd(), TCIFLUSH);
  ::tcsetattr(fd(), TCSANOW, &before_);
}

winsize Terminal::size() const {
  winsize size{};
  if (::ioctl(fd(), TIOCGWINSZ, &size) != 0 || size.ws_row == 0 || size.ws_col == 0) return {24, 80, 0, 0};
  return size;
}

std::string terminal_type() {
  const char* type = std::getenv("TERM");
  return type != nullptr && wire::is_terminal_type(type) ? type : std::string();
}

}  // namespace pawl::run
