#include "sandbox/pty.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace pawl::sandbox {

int open_terminal(const char* multiplexer, Terminal& terminal) noexcept {
  terminal.master = ::open(multiplexer, O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (terminal.master < 0) return errno;
  int locked = 0;
  if (::ioctl(terminal.master, TIOCSPTLCK, &locked) != 0) return errno;
  // TIOCGPTPEER opens the other end without a path that could lead elsewhere.
  terminal.slave = ::ioctl(terminal.master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
  return terminal.slave < 0 ? errno : 0;
}

int set_up_terminal(int terminal, const termios* modes, const winsize& size) noexcept {
  if (modes != nullptr && ::tcsetattr(terminal, TCSANOW, modes) != 0) return errno;
  return size.ws_row != 0 && ::ioctl(terminal, TIOCSWINSZ, &size) != 0 ? errno : 0;
}

int take_control(int terminal) noexcept { return ::ioctl(terminal, TIOCSCTTY, 0) == 0 ? 0 : errno; }

int hand_out(int socket, char tag, int descriptor) noexcept {
  iovec part{&tag, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof(control);
  cmsghdr* rights = CMSG_FIRSTHDR(&header);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(rights), &descriptor, sizeof(int));
  return ::sendmsg(socket, &header, MSG_NOSIGNAL) == 1 ? 0 : errno;
}

}  // namespace pawl::sandbox
