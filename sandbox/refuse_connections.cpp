#include "sandbox/refuse_connections.hpp"

#include <fcntl.h>
#include <sys/socket.h>

#include "sandbox/base/unique_fd.hpp"

namespace pawl::sandbox {
namespace {

constexpr int kMostAtOnce = 128;  // then others have their turn

}  // namespace

void refuse_connections(int listener) {
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
