// Existing paths below a writable bind that the agent must not change: what makes the host execute things.
// They are bound over themselves in U0, so that they are locked: read-only, or, the folders on the way to
// them, so that they cannot be renamed. Runs in the launcher, inside U0.
#pragma once

#include <string>
#include <vector>

#include "sandbox/base/error.hpp"
#include "sandbox/base/unique_fd.hpp"
#include "sandbox/find_paths.hpp"

namespace pawl::sandbox {

// What was found and protected: what the patterns name below `top`, and git's by content.
Result<Found> protect_paths(const UniqueFd& top, const std::vector<std::string>& patterns);

}  // namespace pawl::sandbox
