// Existing paths below a writable bind that the agent must not change: what makes the host execute things.
// They are found by descriptors, never through a link, and bound read-only over themselves in U0, so that
// they are locked. Reads a tree that an earlier agent may have arranged. Runs in the launcher, inside U0.
#pragma once

#include <string>
#include <vector>

#include "sandbox/base/error.hpp"
#include "sandbox/base/unique_fd.hpp"

namespace pawl::sandbox {

enum class Guard : std::uint8_t {
  pin,  // bound over itself writable: it cannot be renamed or removed, so what lies in it stays where it is
  read_only,  // bound over itself read-only
};

struct ProtectedPath {
  std::string path;  // relative to the mount
  Guard guard = Guard::read_only;
};

struct ProtectLimits {
  std::size_t entries = 2'000'000;  // looked at
  std::size_t paths = 8192;         // found
  std::size_t depth = 128;
};

// What the patterns name below `top`, parents before what lies in them. Refuses a tree beyond the limits.
Result<std::vector<ProtectedPath>> find_protected(const UniqueFd& top,
                                                  const std::vector<std::string>& patterns,
                                                  const ProtectLimits& limits = {});

Result<> protect_paths(const UniqueFd& top, const std::vector<std::string>& patterns);

}  // namespace pawl::sandbox
