// File systems to test on. Mounts need root, and are made in a private mount namespace, into which the whole
// test program moves for it; what cannot be had is said.
#pragma once

#include <string>

namespace pawl::testing {

// A mounted file system, gone at the end. `place` exists.
class Mounted {
 public:
  Mounted(const std::string& type, std::string place, const std::string& options = {});
  Mounted(const Mounted&) = delete;
  ~Mounted();
  const std::string& place() const { return place_; }

 private:
  std::string place_;
};

// btrfs in an image of its own, which every user may write to.
class Btrfs {
 public:
  Btrfs();
  Btrfs(const Btrfs&) = delete;
  ~Btrfs();
  // Says what is missing, if something is.
  static bool can_be_made();
  std::string place() const { return folder_ + "/mounted"; }

 private:
  std::string folder_;
};

}  // namespace pawl::testing
