// A ground whose workspace is shown as an overlay, with the folder for its changes beside it, as `pawl run`
// makes it.
#pragma once

#include "tests/kernel/harness.hpp"

namespace pawl::testing {

class OverlayGround : public Ground {
 public:
  explicit OverlayGround(const std::string& place = "/tmp");

  // What `plan` names by number.
  struct Folders {
    UniqueFd files, changes;
    std::vector<int> numbers() const { return {files.get(), changes.get()}; }
  };
  Folders open_folders() const;
  // The shell script in the overlay, /workspace. `plan` may be changed before.
  Outcome run(const std::string& script) const;
  std::string output(const std::string& script) const;  // of a launch that succeeded
  // The attempt of the probe: 0 or an errno.
  int attempt(const std::vector<std::string>& words) const;
  std::string upper(const std::string& relative = "") const { return path() + "/session/upper/" + relative; }
  // Whether an overlay with this folder for changes is mounted anywhere, in whatever namespace: the kernel
  // then refuses another that is to have an index. Needs root.
  bool is_mounted() const;
  // A new, empty folder for changes.
  void discard() const;
  void hide(std::vector<std::string> patterns) { workspace_mount().hide = std::move(patterns); }
  void show_read_only() { workspace_mount().changes = sandbox::kNone; }
  sandbox::Mount& workspace_mount() { return plan.mounts.back(); }

  sandbox::LaunchPlan plan;
  As as = As::ordinary;
};

}  // namespace pawl::testing
