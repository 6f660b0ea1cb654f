// Networks, the host's own services, and protocols that programs do not need.
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "tests/escape/attempt.hpp"

namespace pawl::escape {
namespace {

constexpr int kPatience = 2000;  // ms

// Connects, says something, and waits for the planted answer.
int talks(int file, const sockaddr* address, socklen_t size, const Plants& plants) {
  if (file < 0) return errno;
  if (::connect(file, address, size) != 0) return errno;
  if (::send(file, "?", 1, MSG_NOSIGNAL) < 0) return errno;
  pollfd watched{file, POLLIN, 0};
  if (::poll(&watched, 1, kPatience) <= 0) return ETIMEDOUT;
  char text[256] = {};
  if (::recv(file, text, sizeof(text) - 1, 0) < 0) return errno;
  return std::strstr(text, plants["secret"].c_str()) != nullptr ? 0 : ENODATA;
}
int to_v4(const char* address, int port, int type, const Plants& plants) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(port));
  ::inet_pton(AF_INET, address, &to.sin_addr);
  return talks(::socket(AF_INET, type | SOCK_CLOEXEC, 0), reinterpret_cast<sockaddr*>(&to), sizeof(to),
               plants);
}
int tcp_loopback(const Plants& plants) {
  return to_v4("127.0.0.1", plants.number("tcp"), SOCK_STREAM, plants);
}
int tcp_other_loopback(const Plants& plants) {
  return to_v4("127.9.9.9", plants.number("tcp"), SOCK_STREAM, plants);
}
int tcp_any(const Plants& plants) { return to_v4("0.0.0.0", plants.number("tcp"), SOCK_STREAM, plants); }
int udp_loopback(const Plants& plants) {
  return to_v4("127.0.0.1", plants.number("udp"), SOCK_DGRAM, plants);
}
int tcp_host_address(const Plants& plants) {
  if (plants["address"].empty()) return kAbsent;
  return to_v4(plants["address"].c_str(), plants.number("tcp"), SOCK_STREAM, plants);
}
int to_v6(const char* address, const Plants& plants) {
  sockaddr_in6 to{};
  to.sin6_family = AF_INET6;
  to.sin6_port = htons(static_cast<std::uint16_t>(plants.number("tcp6")));
  ::inet_pton(AF_INET6, address, &to.sin6_addr);
  if (plants.number("tcp6") == 0) return kAbsent;
  return talks(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0), reinterpret_cast<sockaddr*>(&to),
               sizeof(to), plants);
}
int tcp6_loopback(const Plants& plants) { return to_v6("::1", plants); }
int tcp6_mapped(const Plants& plants) { return to_v6("::ffff:127.0.0.1", plants); }

int to_path(const std::string& path, bool abstract, const Plants& plants, int type = SOCK_STREAM) {
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  path.copy(to.sun_path + (abstract ? 1 : 0), sizeof(to.sun_path) - 2);
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
  return talks(::socket(AF_UNIX, type | SOCK_CLOEXEC, 0), reinterpret_cast<sockaddr*>(&to), size, plants);
}
int unix_in_home(const Plants& plants) { return to_path(plants["unix_home"], false, plants); }
int unix_in_run(const Plants& plants) { return to_path(plants["unix_run"], false, plants); }
int unix_in_tmp(const Plants& plants) { return to_path(plants["unix_tmp"], false, plants); }
int session_bus(const Plants& plants) { return to_path(plants["unix_bus"], false, plants); }
int docker(const Plants& plants) { return to_path(plants["unix_docker"], false, plants); }
int key_agent(const Plants& plants) { return to_path(plants["unix_gpg"], false, plants); }
int system_bus(const Plants& plants) { return to_path(plants["unix_system_bus"], false, plants); }
int key_agent_by_variable(const Plants& plants) {
  const char* const path = std::getenv("SSH_AUTH_SOCK");
  return path == nullptr ? ENOENT : to_path(path, false, plants);
}
int session_bus_by_variable(const Plants& plants) {
  const char* const path = std::getenv("DBUS_SESSION_BUS_ADDRESS");
  return path == nullptr ? ENOENT : to_path(path + std::strlen("unix:path="), false, plants);
}
int unix_abstract(const Plants& plants) { return to_path(plants["unix_abstract"], true, plants); }

// EADDRINUSE: the name is taken, so the host's names are seen.
int name_is_taken(const Plants& plants) {
  sockaddr_un own{};
  own.sun_family = AF_UNIX;
  const std::string& name = plants["unix_abstract"];
  name.copy(own.sun_path + 1, sizeof(own.sun_path) - 2);
  const int file = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (file < 0) return errno;
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size() + 1);
  if (::bind(file, reinterpret_cast<sockaddr*>(&own), size) == 0) return ENODATA;
  return errno == EADDRINUSE ? 0 : errno;
}

int hears(int protocol) {
  const int file = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
  return answer(file);
}
int hear_events(const Plants&) {
  const int file = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);
  if (file < 0) return errno;
  sockaddr_nl own{};
  own.nl_family = AF_NETLINK;
  own.nl_groups = 1;
  return answer(::bind(file, reinterpret_cast<sockaddr*>(&own), sizeof(own)));
}
int hear_processes(const Plants&) {
  const int error = hears(NETLINK_CONNECTOR);
  return error == EPROTONOSUPPORT && !confined ? kAbsent : error;
}
int audit(const Plants&) { return hears(NETLINK_AUDIT); }
int socket_list(const Plants&) { return hears(NETLINK_SOCK_DIAG); }
int netfilter(const Plants&) { return hears(NETLINK_NETFILTER); }
int crypto_control(const Plants&) {
  const int error = hears(NETLINK_CRYPTO);
  return error == EPROTONOSUPPORT ? kAbsent : error;
}
int ipsec(const Plants&) {
  const int error = hears(NETLINK_XFRM);
  return error == EPROTONOSUPPORT ? kAbsent : error;
}
int generic_netlink(const Plants&) { return hears(NETLINK_GENERIC); }

int makes(int family, int type, int protocol) {
  const int error = answer(::socket(family, type | SOCK_CLOEXEC, protocol));
  return !confined && (error == EAFNOSUPPORT || error == EPROTONOSUPPORT || error == ESOCKTNOSUPPORT)
             ? kAbsent
             : error;
}
int raw(const Plants&) { return makes(AF_INET, SOCK_RAW, IPPROTO_ICMP); }
int packet(const Plants&) { return makes(AF_PACKET, SOCK_RAW, 0); }
int vsock(const Plants&) { return makes(40, SOCK_STREAM, 0); }
int alg(const Plants&) { return makes(38, SOCK_SEQPACKET, 0); }
int key(const Plants&) { return makes(15, SOCK_RAW, 2); }
int bluetooth(const Plants&) { return makes(31, SOCK_RAW, 1); }
int can(const Plants&) { return makes(29, SOCK_RAW, 1); }
int tipc(const Plants&) { return makes(30, SOCK_SEQPACKET, 0); }
int xdp(const Plants&) { return makes(44, SOCK_RAW, 0); }
int rds(const Plants&) { return makes(21, SOCK_SEQPACKET, 0); }
int kcm(const Plants&) { return makes(41, SOCK_SEQPACKET, 0); }
int smc(const Plants&) { return makes(43, SOCK_STREAM, 0); }
int ax25(const Plants&) { return makes(3, SOCK_SEQPACKET, 0); }
int pppox(const Plants&) { return makes(24, SOCK_DGRAM, 0); }
int sctp(const Plants&) { return makes(AF_INET, SOCK_STREAM, 132); }
int dccp(const Plants&) { return makes(AF_INET, 6, 33); }
int udp_lite(const Plants&) { return makes(AF_INET, SOCK_DGRAM, 136); }
int multipath(const Plants&) { return makes(AF_INET, SOCK_STREAM, 262); }
int ping(const Plants&) {
  const int error = makes(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
  return error == EACCES && !confined ? kAbsent : error;
}
int tipc_pair(const Plants&) {
  int ends[2];
  const int error = answer(::syscall(SYS_socketpair, 30, SOCK_STREAM, 0, ends));
  return !confined && error == EAFNOSUPPORT ? kAbsent : error;
}

int sees_interface(const Plants& plants) {
  if (plants["interface"].empty()) return kAbsent;
  return ::if_nametoindex(plants["interface"].c_str()) != 0 ? 0 : ENODEV;
}
int list_of_names(const Plants& plants) { return finds("/proc/net/unix", plants["unix_abstract"]); }
int list_of_listeners(const Plants& plants) { return finds("/proc/net/tcp", plants["tcp_hexadecimal"]); }
int routes(const Plants& plants) {
  return plants["interface"].empty() ? kAbsent : finds("/proc/net/dev", plants["interface"] + ":");
}

constexpr Attempt kAttempts[] = {
    {"tcp-to-loopback", Needs::user, tcp_loopback},
    {"tcp-to-another-loopback", Needs::user, tcp_other_loopback},
    {"tcp-to-any", Needs::user, tcp_any},
    {"tcp-to-the-hosts-address", Needs::user, tcp_host_address},
    {"tcp6-to-loopback", Needs::user, tcp6_loopback},
    {"tcp6-to-mapped-v4", Needs::user, tcp6_mapped},
    {"udp-to-loopback", Needs::user, udp_loopback},
    {"unix-socket-in-home", Needs::user, unix_in_home},
    {"unix-socket-in-run", Needs::user, unix_in_run},
    {"unix-socket-in-tmp", Needs::user, unix_in_tmp},
    {"session-bus", Needs::user, session_bus},
    {"session-bus-by-variable", Needs::user, session_bus_by_variable},
    {"docker-of-the-user", Needs::user, docker},
    {"gpg-agent", Needs::user, key_agent},
    {"ssh-agent-by-variable", Needs::user, key_agent_by_variable},
    {"system-bus", Needs::user, system_bus},
    {"abstract-socket", Needs::user, unix_abstract},
    {"abstract-name-is-taken", Needs::user, name_is_taken},
    {"list-of-unix-sockets", Needs::user, list_of_names},
    {"list-of-listeners", Needs::user, list_of_listeners},
    {"interfaces", Needs::user, sees_interface},
    {"statistics-of-interfaces", Needs::user, routes},
    {"raw-socket", Needs::root, raw},
    {"packet-socket", Needs::root, packet},
    {"ping-socket", Needs::user, ping},
    {"kernel-events", Needs::user, hear_events},
    {"process-events", Needs::user, hear_processes},
    {"audit", Needs::user, audit},
    {"socket-diagnosis", Needs::user, socket_list},
    {"netfilter", Needs::user, netfilter},
    {"crypto-control", Needs::user, crypto_control},
    {"ipsec", Needs::user, ipsec},
    {"generic-netlink", Needs::user, generic_netlink},
    {"vsock", Needs::user, vsock},
    {"kernel-crypto", Needs::user, alg},
    {"key-management", Needs::root, key},
    {"bluetooth", Needs::user, bluetooth},
    {"can", Needs::user, can},
    {"tipc", Needs::user, tipc},
    {"tipc-pair", Needs::user, tipc_pair},
    {"xdp", Needs::root, xdp},
    {"rds", Needs::user, rds},
    {"kcm", Needs::user, kcm},
    {"smc", Needs::user, smc},
    {"ax25", Needs::user, ax25},
    {"pppox", Needs::user, pppox},
    {"sctp", Needs::user, sctp},
    {"dccp", Needs::user, dccp},
    {"udp-lite", Needs::user, udp_lite},
    {"multipath-tcp", Needs::user, multipath},
};

}  // namespace

std::span<const Attempt> sockets() { return kAttempts; }

}  // namespace pawl::escape
