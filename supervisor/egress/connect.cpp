#include "supervisor/egress/connect.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <cstring>

namespace pawl::egress {
namespace {

struct Endpoint {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

Endpoint endpoint_of(const Address& address, std::uint16_t port) {
  Endpoint endpoint;
  if (address.family == Address::Family::v4) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&v4.sin_addr, address.bytes.data(), sizeof(v4.sin_addr));
    std::memcpy(&endpoint.storage, &v4, sizeof(v4));
    endpoint.size = sizeof(v4);
  } else {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    std::memcpy(&v6.sin6_addr, address.bytes.data(), sizeof(v6.sin6_addr));
    std::memcpy(&endpoint.storage, &v6, sizeof(v6));
    endpoint.size = sizeof(v6);
  }
  return endpoint;
}

Result<> wait_writable(int descriptor, std::chrono::steady_clock::time_point until) {
  pollfd writable{descriptor, POLLOUT, 0};
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now()).count();
    const int ready = ::poll(&writable, 1, left > 0 ? static_cast<int>(left) : 0);
    if (ready > 0) return {};
    if (ready == 0) return failed("connect", ETIMEDOUT);
    if (errno != EINTR) return failed("poll");
  }
}

}  // namespace

Result<UniqueFd> connect_to(const Address& address, std::uint16_t port,
                            std::chrono::steady_clock::time_point until) {
  const Endpoint endpoint = endpoint_of(address, port);
  const std::string step = to_text(address) + " port " + std::to_string(port);
  UniqueFd socket(
      ::socket(endpoint.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP));
  if (!socket) return failed(step + ": socket");
  const int on = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  ::setsockopt(socket.get(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&endpoint.storage), endpoint.size) == 0)
    return socket;
  if (errno != EINPROGRESS) return failed(step);
  TRY_DURING(step, wait_writable(socket.get(), until));
  int error = 0;
  socklen_t size = sizeof(error);
  if (::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0)
    return failed(step + ": SO_ERROR");
  if (error != 0) return failed(step, error);
  return socket;
}

}  // namespace pawl::egress
