// All of a sandbox's traffic, led to listeners of ours: every TCP connection, whatever its address, and every
// question to a name server. What is neither is refused at once. Loopback stays the sandbox's own. Runs in
// the launcher, inside the sandbox's network namespace, which U0 owns: the session cannot change it, whatever
// it may do in its own user namespace.
#pragma once

#include <cstdint>
#include <vector>

#include "sandbox/base/error.hpp"
#include "sandbox/base/unique_fd.hpp"

namespace pawl::sandbox {

// Where the listeners are, on 127.0.0.1 and ::1. Above the ports that the kernel gives out by itself
// (ip_local_port_range), and dialled directly they are refused.
inline constexpr std::uint16_t kCapturedTcpPort = 61340;
inline constexpr std::uint16_t kCapturedDnsPort = 61341;

// Gives the namespace, whose loopback interface has to be up, an address, default routes and the rules, and
// listens: TCP and DNS (UDP) over IPv4, then, where the kernel has IPv6, the same over IPv6. Where a
// connection was meant to go SO_ORIGINAL_DST tells (for IPv6 IP6T_SO_ORIGINAL_DST), also in another process
// that was handed the listener. A kernel without nftables refuses with ENOENT, EPROTONOSUPPORT or EOPNOTSUPP.
Result<std::vector<UniqueFd>> capture_traffic();

}  // namespace pawl::sandbox
