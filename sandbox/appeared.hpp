// What makes the host execute things and was not there when the sandbox began: nothing can be protected that
// does not exist yet, so what appeared below a writable bind is told when the sandbox has ended. Runs in the
// launcher, which then reads a tree that the agent has left.
#pragma once

#include <string>
#include <vector>

#include "sandbox/find_paths.hpp"

namespace pawl::sandbox {

constexpr Finding last_of(Finding) { return Finding::git_file; }

// A writable bind, as it was when its protected paths were found.
struct Watched {
  std::string mount;  // target
  UniqueFd top;
  std::vector<std::string> patterns;
  Found before;
};

struct AppearedPath {
  std::string path;  // as the sandbox called it: any bytes
  Finding what = Finding::matched;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.path, self.what);
  }
};

struct Appeared {
  std::vector<AppearedPath> paths;  // the first ones; nothing that lies in another one
  std::uint32_t more = 0;
  std::uint32_t closed = 0;  // folders that nobody could look into, more than before
  std::string failure;       // why the search went no further; empty: it was complete

  bool nothing() const { return paths.empty() && closed == 0 && failure.empty(); }

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.paths, self.more, self.closed, self.failure);
  }
};

// Another file under the same path has appeared, too: its folder may have been moved away and made anew.
Appeared find_appeared(const std::vector<Watched>& watched, const FindLimits& limits = {});

}  // namespace pawl::sandbox
