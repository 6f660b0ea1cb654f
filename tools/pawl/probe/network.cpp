// The network namespace. Runs in pawl-probe.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>

#include "sandbox/base/unique_fd.hpp"
#include "sandbox/netns.hpp"
#include "tools/pawl/probe/abstract_socket.hpp"
#include "tools/pawl/probe/child.hpp"

namespace pawl::probe {
namespace {

constexpr std::uint16_t kPort = 7341;
constexpr char kAnywhere[] = "192.0.2.1";  // RFC 5737: nobody's

// A UDP connect only asks for a route: nothing is sent.
int route_to(const char* address, std::uint16_t port, int type) {
  const UniqueFd client(::socket(AF_INET, type | SOCK_CLOEXEC, 0));
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  if (!client || ::inet_pton(AF_INET, address, &to.sin_addr) != 1) return EINVAL;
  return ::connect(client.get(), reinterpret_cast<const sockaddr*>(&to), sizeof(to)) == 0 ? 0 : errno;
}

Result<> look_around_inside(const AbstractSocket& outside) {
  // First: it is the one thing that works in a network that only claims to be new.
  if (outside.answers()) return got_through("an abstract socket of the host answers inside");
  TRY(sandbox::bring_loopback_up());
  const UniqueFd listener = TRY(sandbox::listen_on_loopback(AF_INET, SOCK_STREAM, kPort));
  if (const int errnum = route_to("127.0.0.1", kPort, SOCK_STREAM); errnum != 0)
    return failed("connect to a listener on loopback", errnum);
  if (route_to(kAnywhere, 9, SOCK_DGRAM) == 0)
    return got_through("there is a route out of the network namespace");
  return {};
}

}  // namespace

Result<> try_network_namespace(const Ground& ground) {
  const AbstractSocket outside = TRY(AbstractSocket::listen());
  if (!outside.answers()) return failed("connect to an abstract socket");
  return in_child([&]() -> Result<> {
    TRY(enter_as_user(ground, CLONE_NEWNET));
    return look_around_inside(outside);
  });
}

}  // namespace pawl::probe
