// One TCP connection to one address, within a time. Runs in pawl-dial.
#pragma once

#include <chrono>
#include <cstdint>

#include "sandbox/base/error.hpp"
#include "sandbox/base/unique_fd.hpp"
#include "supervisor/egress/address.hpp"

namespace pawl::egress {

// Blocking-mode flag of the returned socket: non-blocking. ETIMEDOUT when `until` passed.
Result<UniqueFd> connect_to(const Address& address, std::uint16_t port,
                            std::chrono::steady_clock::time_point until);

}  // namespace pawl::egress
