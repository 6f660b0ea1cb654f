#include "sandbox/refuse_connections.hpp"

#include <fcntl.h>
#include <sys/socket.h>

#include "sandbox/base/unique_fd.hpp"

namespace pawl::sandbox {
namespace {

constexpr int kMostAtOnce = 128;  // then others have their turn

// The kernel keeps what nobody reads, up to a limit, and whoever comes back would answer questions of long
// ago.
void throw_questions_away(int socket_fd) {
  char nothing = 0;
  for (int i = 0; i < kMostAtOnce; ++i)
    if (::recv(socket_fd, &nothing, sizeof(nothing), MSG_DONTWAIT) < 0) return;
}

bool takes_connections(int socket_fd) {
  int accepts = 0;
  socklen_t size = sizeof(accepts);
  return ::getsockopt(socket_fd, SOL_SOCKET, SO_ACCEPTCONN, &accepts, &size) != 0 || accepts != 0;
}

}  // namespace

void refuse_connections(int listener) {
  if (!takes_connections(listener)) return throw_questions_away(listener);
  // An egress that is about to die may have taken the one that was there.
  const int flags = ::fcntl(listener, F_GETFL);
  if (flags < 0 || ::fcntl(listener, F_SETFL, flags | O_NONBLOCK) != 0) return;
  for (int i = 0; i < kMostAtOnce; ++i) {
    const UniqueFd connection(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!connection) return;
    // Closing resets it (socket(7), SO_LINGER), so that no client takes it for an empty answer.
    const linger at_once{1, 0};
    ::setsockopt(connection.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  }
}

}  // namespace pawl::sandbox
