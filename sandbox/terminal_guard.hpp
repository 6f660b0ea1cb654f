// The person's terminal in the launcher's care: when the client that made it raw is killed, the launcher puts
// it back, because nobody else is left who could. Runs in pawl-launch and pawl, as the person; the agent's
// side never holds the descriptor.
#pragma once

#include <sys/ioctl.h>
#include <termios.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "sandbox/base/bytes.hpp"
#include "sandbox/base/error.hpp"
#include "sandbox/base/unique_fd.hpp"

namespace pawl::sandbox {

// The person's terminal, as its owner describes it to the launcher.
struct TerminalState {
  Bytes before;       // struct termios: its modes before it was made raw
  Bytes raw;          // struct termios: the modes that the owner gives it
  std::string reset;  // written to it when it is put back

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.before, self.raw, self.reset);
  }
};

// winsize of ioctl_tty(2), as it is sent.
struct TerminalSize {
  std::uint16_t rows = 0;
  std::uint16_t columns = 0;
  std::uint16_t width = 0;  // pixels
  std::uint16_t height = 0;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.rows, self.columns, self.width, self.height);
  }
};

TerminalSize encode_size(const winsize& size);
winsize decode_size(const TerminalSize& size);
Bytes encode_modes(const termios& modes);
Result<termios> decode_modes(ByteSpan bytes);
// Only what cfmakeraw(3) changes is compared: the kernel may have corrected the rest.
bool same_modes(const termios& one, const termios& other);

// Writes all of `text`, unless the terminal takes nothing for half a second (Ctrl-S).
void write_bounded(int terminal, std::string_view text) noexcept;

class TerminalGuard {
 public:
  // Instead of the one before.
  Result<> take(UniqueFd terminal, TerminalState state);
  void release() { terminal_.reset(); }
  bool active() const { return static_cast<bool>(terminal_); }
  // Modes and reset sequence, then released. Modes that somebody changed meanwhile are left alone: the shell
  // is back already.
  void put_back() noexcept;

 private:
  UniqueFd terminal_;
  termios before_{};
  termios raw_{};
  std::string reset_;
};

}  // namespace pawl::sandbox
