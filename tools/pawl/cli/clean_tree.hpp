// The commit that a git work tree is exactly: for `pawl propose` without --subject. Runs as the person; the
// repository is anybody's bytes, and nothing in it is ever run or believed as configuration.
#pragma once

#include <string>

#include "tools/trouble.hpp"

namespace pawl::cli {

// HEAD of the work tree around the current directory, as a full id. Refuses one in which a file was changed,
// added or taken away since, untracked files included (what git ignores by the tree's own .gitignore is not
// looked at, nor are changes inside submodules).
tools::Outcome<std::string> clean_head();

}  // namespace pawl::cli
