#include "sandbox/netns.hpp"

#include <arpa/inet.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>

#include "sandbox/netlink.hpp"
#include "sandbox/proc_file.hpp"

namespace pawl::sandbox {
namespace {

constexpr int kBacklog = 256;

}  // namespace

Result<> enter_new_network(Network network) {
  if (::unshare(CLONE_NEWNET) != 0) return failed("make network namespace");
  return network == Network::none ? Result<>() : bring_loopback_up();
}

Result<> bring_loopback_up() {
  ifinfomsg link{};
  link.ifi_index = kLoopbackIndex;
  link.ifi_flags = IFF_UP;
  link.ifi_change = IFF_UP;
  NetlinkMessages messages;
  messages.begin(RTM_NEWLINK, 0, link);
  messages.end();
  messages.ask_for_answer();
  return send_netlink(NETLINK_ROUTE, messages, "bring loopback up");
}

Result<> open_low_ports() {
  constexpr const char* setting = "/proc/sys/net/ipv4/ip_unprivileged_port_start";
  if (const int error = write_proc_file(setting, "0"); error != 0)
    return std::unexpected(
        failed(std::string("write ") + setting, error)
            .error()
            .advising("where /proc/sys is read-only, a session has no ports below 1024: take "
                      "net_bind_service out of the role"));
  return {};
}

Result<UniqueFd> listen_on_loopback(int family, int type, std::uint16_t port) {
  const bool v4 = family == AF_INET;
  const std::string step =
      "listen on " + std::string(v4 ? "127.0.0.1" : "[::1]") + ":" + std::to_string(port);
  UniqueFd listener(::socket(family, type | SOCK_CLOEXEC, 0));
  if (!listener) return failed(step);
  sockaddr_in address4{};
  address4.sin_family = AF_INET;
  address4.sin_port = htons(port);
  address4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  sockaddr_in6 address6{};
  address6.sin6_family = AF_INET6;
  address6.sin6_port = htons(port);
  address6.sin6_addr = in6addr_loopback;
  const auto* const address =
      v4 ? reinterpret_cast<const sockaddr*>(&address4) : reinterpret_cast<const sockaddr*>(&address6);
  if (::bind(listener.get(), address, v4 ? sizeof(address4) : sizeof(address6)) != 0) return failed(step);
  if (type == SOCK_STREAM && ::listen(listener.get(), kBacklog) != 0) return failed(step);
  return listener;
}

}  // namespace pawl::sandbox
