// Which addresses a dial may go to. Pure. Runs in pawl-dial; the host comes from policy through pawld, the
// addresses from a resolver, which may lie.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/base/error.hpp"
#include "supervisor/egress/address.hpp"

namespace pawl::egress {

// A DNS name that no resolver takes for a number. Refuses "127.1", "0x7f000001", "017700000001", trailing
// dots.
Result<> check_name(std::string_view name);

// What policy listed, read; refuses what is not an address.
Result<std::vector<Address>> read_listed(std::span<const std::string> listed);

// Those of `resolved` that may be dialled: public ones, and special ones that are listed exactly, in the
// given order. When none is left the error names one that was refused, and why.
Result<std::vector<Address>> permitted(const std::string& host, std::span<const Address> resolved,
                                       std::span<const Address> listed);

}  // namespace pawl::egress
