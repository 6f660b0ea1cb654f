// Which commit a git work tree stands on, read from git's files by own code: git itself would read the
// repository's configuration, which can make it run things. Runs in pawl-gate and pawl-cli; the repository is
// anybody's bytes.
#pragma once

#include <string>

#include "sandbox/base/error.hpp"

namespace pawl::gate {

struct WorkTree {
  std::string root;        // the folder that holds .git
  std::string git_folder;  // HEAD and index stand here …
  std::string common;      // … objects and refs here: the same, but for linked work trees
  std::string head;        // the commit's full id
};

// Of the nearest folder above `directory` (or itself) that has a .git. Refuses a branch without a commit, and
// repositories that keep their refs in another form than files.
Result<WorkTree> find_work_tree(const std::string& directory);

}  // namespace pawl::gate
