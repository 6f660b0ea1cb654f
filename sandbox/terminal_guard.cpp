#include "sandbox/terminal_guard.hpp"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>

namespace pawl::sandbox {
namespace {

constexpr std::chrono::milliseconds kPatience{500};
constexpr int kTry = 50;   // ms
constexpr int kPause = 2;  // ms

}  // namespace

TerminalSize encode_size(const winsize& size) {
  return {size.ws_row, size.ws_col, size.ws_xpixel, size.ws_ypixel};
}

winsize decode_size(const TerminalSize& size) { return {size.rows, size.columns, size.width, size.height}; }

Bytes encode_modes(const termios& modes) {
  Bytes bytes(sizeof(modes));
  std::memcpy(bytes.data(), &modes, sizeof(modes));
  return bytes;
}

Result<termios> decode_modes(ByteSpan bytes) {
  termios modes{};
  if (bytes.size() != sizeof(modes)) return refuse("a terminal's modes have the wrong size");
  std::memcpy(&modes, bytes.data(), sizeof(modes));
  return modes;
}

bool same_modes(const termios& one, const termios& other) {
  return one.c_iflag == other.c_iflag && one.c_oflag == other.c_oflag && one.c_lflag == other.c_lflag;
}

void write_bounded(int terminal, std::string_view text) noexcept {
  using Clock = std::chrono::steady_clock;
  for (auto give_up = Clock::now() + kPatience; !text.empty() && Clock::now() < give_up;) {
    pollfd writable{terminal, POLLOUT, 0};
    ::poll(&writable, 1, kTry);
    const ssize_t written = ::write(terminal, text.data(), text.size());
    if (written > 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
      give_up = Clock::now() + kPatience;
    } else if (errno == EAGAIN) {
      ::poll(nullptr, 0, kPause);  // a pty says that it has room when it has none
    } else if (errno != EINTR) {
      return;
    }
  }
}

Result<> TerminalGuard::take(UniqueFd terminal, TerminalState state) {
  before_ = TRY(decode_modes(state.before));
  raw_ = TRY(decode_modes(state.raw));
  reset_ = std::move(state.reset);
  terminal_ = std::move(terminal);
  return {};
}

void TerminalGuard::put_back() noexcept {
  if (!active()) return;
  // Its foreground is the shell's by now, and setting modes or writing from behind would stop us.
  ::signal(SIGTTOU, SIG_IGN);
  termios now{};
  // The modes first: the shell is about to look at them. With them goes what nobody has read: keys for the
  // command, and the terminal's answers to it.
  if (::tcgetattr(terminal_.get(), &now) == 0 && same_modes(now, raw_)) {
    ::tcflush(terminal_.get(), TCIFLUSH);
    ::tcsetattr(terminal_.get(), TCSANOW, &before_);
  }
  write_bounded(terminal_.get(), reset_);
  release();
}

}  // namespace pawl::sandbox
