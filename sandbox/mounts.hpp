// The root of a sandbox: a small tmpfs, built from the plan in U0 and made read-only there, so that all of it
// is locked in the session's namespace. /proc and /dev/pts belong to the session's own namespaces; the child
// mounts them. Runs in the launcher, inside U0.
#pragma once

#include "sandbox/appeared.hpp"
#include "sandbox/base/error.hpp"
#include "sandbox/base/unique_fd.hpp"
#include "sandbox/mount_sources.hpp"
#include "sandbox/plan.hpp"

namespace pawl::sandbox {

struct BuiltRoot {
  UniqueFd root;
  std::vector<Watched> watched;  // its writable binds with protected paths
};

// Builds it and makes it the working directory, by which the child, in its copy of the mount namespace, finds
// it.
// `devices` are clone_devices(), or none yet.
Result<BuiltRoot> build_root(const LaunchPlan& plan, const SourceTrees& sources,
                             std::vector<UniqueFd> devices = {});

}  // namespace pawl::sandbox
