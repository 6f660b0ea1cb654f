// Where bound files come from. Every source is turned into a detached mount, once, before anything of the new
// root stands; no source path is resolved again. Runs in the launcher; a helper process of it when the ids
// change.
#pragma once

#include <vector>

#include "sandbox/apart.hpp"
#include "sandbox/base/error.hpp"
#include "sandbox/base/unique_fd.hpp"
#include "sandbox/plan.hpp"

namespace pawl::sandbox {

// One entry a mount of the plan: the detached tree of a bind or below an overlay; empty for other kinds, and
// for a bind whose source is absent and not required.
using SourceTrees = std::vector<UniqueFd>;

// Sources opened with the rights that the launcher was started with: to be called before its ids change,
// since the new ones may not reach the path. With CAP_SYS_ADMIN that is every bind; without, a user namespace
// has to give the right to clone mounts, where root is nobody's overrider: those that were handed as
// descriptors, whose paths were checked already. Forks a short-lived helper.
Result<SourceTrees> clone_sources_early(const LaunchPlan& plan, const std::vector<UniqueFd>& descriptors,
                                        const PrivatePlaces& places);

// Every source not in `trees` yet, with the rights of the caller, inside U0.
Result<> clone_sources(const LaunchPlan& plan, const std::vector<UniqueFd>& descriptors,
                       const PrivatePlaces& places, SourceTrees& trees);

struct DeviceNode {
  const char* name;
  unsigned major, minor;  // Documentation/admin-guide/devices.txt of the kernel
};
inline constexpr DeviceNode kDeviceNodes[] = {{"null", 1, 3},   {"zero", 1, 5},    {"full", 1, 7},
                                              {"random", 1, 8}, {"urandom", 1, 9}, {"tty", 5, 0}};
// Whether the descriptor is that device, and not what somebody put in its place.
Result<> check_device(int descriptor, const DeviceNode& node);
// The host's device nodes, each looked at, in the order of kDeviceNodes.
Result<std::vector<UniqueFd>> clone_devices();

}  // namespace pawl::sandbox
