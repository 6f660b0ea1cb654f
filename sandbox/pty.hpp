// A terminal of the sandbox's own devpts instance, made by the child: the host's terminals stay out of reach,
// and its only link to the outside is the master that is handed out. Usable between clone and exec. Runs in
// the child.
#pragma once

#include <sys/ioctl.h>
#include <termios.h>

#include <optional>

namespace pawl::sandbox {

// How the launcher's client wants it.
struct NewTerminal {
  std::optional<termios> modes;  // none: the kernel's
  winsize size{};                // no rows: the kernel's
};

struct Terminal {
  int master = -1;
  int slave = -1;
};

// `multiplexer` is the ptmx of that instance. 0 or an errno; both descriptors are CLOEXEC.
int open_terminal(const char* multiplexer, Terminal& terminal) noexcept;
// Gives it modes (nullptr: the kernel's) and a size (no rows: the kernel's); 0 or an errno.
int set_up_terminal(int terminal, const termios* modes, const winsize& size) noexcept;
// Makes it the controlling terminal of the calling session leader; 0 or an errno.
int take_control(int terminal) noexcept;
// Sends one descriptor with a one-byte message on a SOCK_SEQPACKET socket; 0 or an errno.
int hand_out(int socket, char tag, int descriptor) noexcept;

}  // namespace pawl::sandbox
