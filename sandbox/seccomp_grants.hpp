// Calls that a role may add to its profile or take away, by name. Everything that is not listed here cannot be
// granted: it reaches the kernel's edges or past the filter. Used when a plan is checked and when its filter
// is compiled.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/base/error.hpp"
#include "sandbox/syscall_table.hpp"

namespace pawl::sandbox {

struct Grant {
  std::uint16_t number;
  std::string_view hazard;  // what the session can do to itself or learn with it
};

std::span<const Grant> grants();
const Grant* find_grant(std::string_view name);

// Numbers of `names`; refused with the nearest reason where one cannot be granted, or taken away.
Result<std::vector<std::uint16_t>> granted_calls(std::span<const std::string> names);
Result<std::vector<std::uint16_t>> denied_calls(std::span<const std::string> names);

}  // namespace pawl::sandbox
