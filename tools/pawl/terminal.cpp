#include "tools/pawl/terminal.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <utility>

namespace pawl::run {
namespace {

constexpr std::string_view kReset =
    "\x1b[?1049l"                                   // leave the alternate screen
    "\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l"  // no mouse reports
    "\x1b[?1004l\x1b[?2004l"                        // no focus reports, no bracketed paste
    "\x1b[?1l\x1b>"                                 // ordinary cursor keys and keypad
    "\x1b[<u"                                       // leave the kitty keyboard protocol
    "\x1b(B\x0f"                                    // ASCII, not line drawing
    "\x1b[r"                                        // scroll the whole screen
    "\x1b[0m\x1b[?25h";                             // plain attributes, visible cursor

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
    : tty_(std::move(other.tty_)), before_(other.before_), mode_(std::exchange(other.mode_, Mode::cooked)) {}

Result<> Terminal::make_raw() {
  termios raw = before_;
  ::cfmakeraw(&raw);
  if (::tcsetattr(fd(), TCSADRAIN, &raw) != 0) return failed("set the terminal to raw");
  mode_ = Mode::raw;
  return {};
}

void Terminal::restore() noexcept {
  if (mode_ == Mode::cooked) return;
  mode_ = Mode::cooked;
  std::string_view left = kReset;
  // Bounded: a terminal stopped by Ctrl-S must not keep us here.
  for (int tries = 0; !left.empty() && tries < 10; ++tries) {
    pollfd writable{fd(), POLLOUT, 0};
    ::poll(&writable, 1, 50);
    const ssize_t written = ::write(fd(), left.data(), left.size());
    if (written > 0) left.remove_prefix(static_cast<std::size_t>(written));
  }
  ::tcsetattr(fd(), TCSANOW, &before_);
}

winsize Terminal::size() const {
  winsize size{};
  if (::ioctl(fd(), TIOCGWINSZ, &size) != 0 || size.ws_row == 0 || size.ws_col == 0) return {24, 80, 0, 0};
  return size;
}

std::string terminal_type() {
  const char* type = std::getenv("TERM");
  if (type == nullptr) return {};
  const std::string name = type;
  const bool plain = name.size() <= 64 && std::ranges::all_of(name, [](char c) {
                       return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                              c == '-' || c == '_' || c == '.' || c == '+';
                     });
  return plain ? name : std::string();
}

}  // namespace pawl::run
