// Walks a tree that an earlier agent may have arranged, by descriptors and never through a link, and finds
// what patterns name in it and, if asked, what git would obey wherever it stands. Runs in the launcher.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "sandbox/base/error.hpp"
#include "sandbox/base/unique_fd.hpp"

namespace pawl::sandbox {

// Git is recognised by content, as git itself does: a folder that holds objects and refs, or HEAD and
// commondir, is a repository whatever its name, and a `.git` that is no folder leads to one. Of a repository
// its config, hooks and the like are found, and those of its worktrees.
enum class LookFor : std::uint8_t { names, names_and_git };

enum class Finding : std::uint8_t {
  passed,      // a folder on the way that a pattern names itself (".git" of ".git/hooks")
  matched,     // a pattern names it, or it is a part of a repository
  repository,  // a git repository
  git_file,    // a `.git` that is no folder
};

struct FoundPath {
  std::string path;  // relative to the top
  Finding what = Finding::matched;
  dev_t device = 0;
  ino_t inode = 0;
  mode_t mode = 0;  // type and permissions
};

struct FindLimits {
  std::size_t entries = 2'000'000;  // looked at
  std::size_t paths = 8192;         // found
  std::size_t depth = 128;
};

struct Found {
  std::vector<FoundPath> paths;  // parents before what lies in them; what was matched is not searched further
  std::vector<std::string> closed;  // folders that we may not read, relative to the top
};

// Refuses a tree beyond the limits.
Result<Found> find_paths(const UniqueFd& top, const std::vector<std::string>& patterns, LookFor what,
                         const FindLimits& limits = {});

}  // namespace pawl::sandbox
