#include "sandbox/base/discard.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "sandbox/base/received.hpp"

namespace pawl {
namespace {

int option_of(int socket, int option, int otherwise) {
  int value = otherwise;
  socklen_t size = sizeof(value);
  return ::getsockopt(socket, SOL_SOCKET, option, &value, &size) == 0 ? value : otherwise;
}

// Descriptors in the queue go to `found`. True while there may be more.
bool take_message(int socket, int type, std::vector<UniqueFd>& found) {
  char byte = 0;
  iovec part{&byte, sizeof(byte)};
  ControlBuffer control;
  msghdr header = control.header(part);
  const ssize_t got = ::recvmsg(socket, &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  if (got < 0) return errno == EINTR || errno == ECONNRESET;  // a reset is told once, then the queue goes on
  ControlBuffer::take(header, found);
  // An empty datagram reads like the end of the queue, but only a message has credentials with it.
  return got > 0 || (type != SOCK_STREAM && header.msg_controllen > 0);
}

void drain_unix(int socket, std::vector<UniqueFd>& found) {
  ::shutdown(socket, SHUT_RD);
  if (option_of(socket, SO_ACCEPTCONN, 0) != 0) {
    // After the shutdown accept() does not wait and nobody connects any more.
    for (;;) {
      UniqueFd waiting(::accept4(socket, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
      if (!waiting) return;
      found.push_back(std::move(waiting));
    }
  }
  const int on = 1;
  ::setsockopt(socket, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on));
  const int type = option_of(socket, SO_TYPE, SOCK_STREAM);
  while (take_message(socket, type, found)) continue;
}

void abort_connection(int socket) {
  const sockaddr nowhere{AF_UNSPEC, {}};
  // SAFETY: disconnecting drops what is unsent, so close() has nothing to wait for even when whoever shares
  // the socket turns lingering on again at this very moment.
  (void)::connect(socket, &nowhere, sizeof(nowhere));
  forbid_linger(socket);
}

}  // namespace

void forbid_linger(int descriptor) {
  const linger off{0, 0};
  ::setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &off, sizeof(off));
}

bool is_socket(int descriptor) { return option_of(descriptor, SO_TYPE, -1) >= 0; }

void discard(UniqueFd descriptor) {
  std::vector<UniqueFd> all;
  all.push_back(std::move(descriptor));
  discard(std::move(all));
}

// Sockets in sockets' queues come to the end of the same list: bounded by what their sender may have in
// flight (RLIMIT_NOFILE of that user), and no stack grows with how deep they are nested.
void discard(std::vector<UniqueFd> descriptors) {
  while (!descriptors.empty()) {
    const UniqueFd next = std::move(descriptors.back());
    descriptors.pop_back();
    if (!next) continue;
    const int domain = option_of(next.get(), SO_DOMAIN, -1);
    if (domain == AF_UNIX)
      drain_unix(next.get(), descriptors);
    else if (domain >= 0)
      abort_connection(next.get());
  }
}

}  // namespace pawl
