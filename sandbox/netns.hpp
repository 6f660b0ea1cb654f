// The sandbox's own network namespace: loopback up, listeners that are handed out, nothing else. Runs in the
// launcher, inside that namespace, which U0 owns: the session cannot change it.
#pragma once

#include <cstdint>

#include "sandbox/base/error.hpp"
#include "sandbox/base/unique_fd.hpp"
#include "sandbox/plan.hpp"

namespace pawl::sandbox {

// Moves the process to a network namespace of its own, with loopback up unless the plan wants none.
Result<> enter_new_network(Network network);

inline constexpr int kLoopbackIndex = 1;  // the first interface of every network namespace

// One rtnetlink(7) request.
Result<> bring_loopback_up();
// Every port can be bound from now on. A capability would not do: the session's are not of the user namespace
// that owns the network (ip(7), ip_unprivileged_port_start).
Result<> open_low_ports();
// On 127.0.0.1 (AF_INET) or ::1 (AF_INET6): SOCK_STREAM, which listens, or SOCK_DGRAM.
Result<UniqueFd> listen_on_loopback(int family, int type, std::uint16_t port);

}  // namespace pawl::sandbox
