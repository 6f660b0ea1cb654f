// The folders into which overlays write: handed as descriptors, and needed as mounts of our own mount
// namespace. Runs in the launcher; a helper process of it when the ids change.
#pragma once

#include <vector>

#include "sandbox/base/error.hpp"
#include "sandbox/base/unique_fd.hpp"
#include "sandbox/plan.hpp"

namespace pawl::sandbox {

// `upper` and `work` lie in `tree`: overlayfs wants both in one mount.
struct ChangeTree {
  UniqueFd tree;  // detached
  UniqueFd upper;
  UniqueFd work;
};

// One entry a mount of the plan; empty where nothing is kept.
using ChangeTrees = std::vector<ChangeTree>;

// Opened with the rights of the process that was handed them: to be called before its ids change, since the
// new ones may not reach the path. Forks a short-lived helper, if the plan has such folders.
Result<ChangeTrees> clone_changes_early(const LaunchPlan& plan, const std::vector<UniqueFd>& descriptors);

// All that are not in `trees` yet, with the rights of the caller, inside U0. Refuses a folder that lies in
// what its overlay shows.
Result<> clone_changes(const LaunchPlan& plan, const std::vector<UniqueFd>& descriptors, ChangeTrees& trees);

}  // namespace pawl::sandbox
