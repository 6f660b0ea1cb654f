#include "tests/kernel/crash_ground.hpp"

#include <catch2/catch.hpp>
#include <thread>

namespace pawl::testing {

CrashGround::CrashGround(const LaunchKind& kind) : overlay_(kind.workspace == LaunchKind::Shown::overlay) {
  as = kind.as;
  const sandbox::Mount overlay = workspace_mount();
  plan = probe_plan(*this, {"sleep", "15"});
  if (overlay_) workspace_mount() = overlay;
  if (as == As::root) plan.uid = plan.gid = kOrdinaryId;
  plan.stdio[0] = {sandbox::Stdio::terminal, sandbox::kNone};
  plan.listeners = {8080};
}

Session::Options CrashGround::options(void (*before_exec)()) const {
  return {.as = as,
          .descriptors = overlay_ ? folders_.numbers() : std::vector<int>{},
          .before_exec = before_exec,
          .patience = 0ms};
}

bool CrashGround::is_left_clean() const {
  if (!orphanage_.empties() || mount_table() != mounts_before_) return false;
  if (!overlay_) return true;
  // The last one that leaves a mount namespace may be gone before its mounts are.
  const auto deadline = std::chrono::steady_clock::now() + patience(1s);
  while (running_as_root() && is_mounted()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(1ms);
  }
  discard();
  return true;
}

}  // namespace pawl::testing
