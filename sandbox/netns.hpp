// The sandbox's own network namespace: loopback up, listeners that are handed out, nothing else. Runs in the
// launcher, inside that namespace, which U0 owns: the session cannot change it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sandbox/base/error.hpp"
#include "sandbox/base/unique_fd.hpp"

namespace pawl::sandbox {

// One rtnetlink(7) request.
Result<> bring_loopback_up();
// Every port can be bound from now on. A capability would not do: the session's are not of the user namespace
// that owns the network (ip(7), ip_unprivileged_port_start).
Result<> open_low_ports();
// TCP, on 127.0.0.1, in the order of `ports`.
Result<std::vector<UniqueFd>> listen_on_loopback(std::span<const std::uint16_t> ports);

}  // namespace pawl::sandbox
