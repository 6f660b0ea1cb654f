// Overlay mounts: the host's files below, what the session writes in a folder of its own, and between them a
// layer that makes hidden files absent. Made in U0 by the ordinary user (`userxattr`), so that the session
// can neither take it apart nor look under it. Runs in the launcher, inside U0.
#pragma once

#include "sandbox/base/error.hpp"
#include "sandbox/change_trees.hpp"
#include "sandbox/mount_sources.hpp"
#include "sandbox/plan.hpp"

namespace pawl::sandbox {

// Turns the tree of every overlay of the plan into the overlay itself, detached, to be attached like a bind.
Result<> assemble_overlays(const LaunchPlan& plan, const ChangeTrees& changes, SourceTrees& sources);

}  // namespace pawl::sandbox
