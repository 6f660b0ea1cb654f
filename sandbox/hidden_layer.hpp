// The layer of an overlay that hides files: a small tmpfs with a whiteout where each of them is, and the
// folders on the way. It is never attached where the session could see it. Runs in the launcher, inside U0.
#pragma once

#include "sandbox/base/error.hpp"
#include "sandbox/base/unique_fd.hpp"
#include "sandbox/find_paths.hpp"

namespace pawl::sandbox {

// `hidden`: what was found below `top` (Finding::matched). A detached mount.
Result<UniqueFd> new_hidden_layer(const UniqueFd& top, const Found& hidden);

}  // namespace pawl::sandbox
