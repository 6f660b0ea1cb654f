// Launches of several kinds that are killed on the way, and what has to be true of each afterwards.
#pragma once

#include "tests/kernel/orphanage.hpp"
#include "tests/kernel/overlay_ground.hpp"

namespace pawl::testing {

struct LaunchKind {
  enum class Shown { direct, overlay } workspace;
  As as;
};
inline constexpr LaunchKind kPlain{LaunchKind::Shown::direct, As::ordinary};
inline constexpr LaunchKind kOverlay{LaunchKind::Shown::overlay, As::ordinary};
// With an overlay, too. The launcher forks helpers, and changes its ids.
inline constexpr LaunchKind kRoots{LaunchKind::Shown::overlay, As::root};

class CrashGround : public OverlayGround {
 public:
  // `plan` has a terminal, a listener, and a command that would stay.
  explicit CrashGround(const LaunchKind& kind);

  // For a launch that nobody waits for.
  Session::Options options(void (*before_exec)() = nullptr) const;
  // Of what was launched and killed: no process and no mount, and its folder can be used and removed. In
  // time.
  bool is_left_clean() const;

 private:
  const bool overlay_;
  const Folders folders_ = open_folders();
  const Orphanage orphanage_;
  const std::string mounts_before_ = mount_table();
};

}  // namespace pawl::testing
