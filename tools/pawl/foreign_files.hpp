// Files of the workspace that the session cannot change: overlayfs keeps no change of a file whose owner or
// group is not the session's own (EOVERFLOW). Runs in pawl, as the person; only looks.
#pragma once

#include <string>

#include "sandbox/base/unique_fd.hpp"
#include "tools/pawl/own_folders.hpp"

namespace pawl::run {

struct ForeignFiles {
  std::size_t count = 0;
  std::string first;  // relative to the workspace
};

// Among the first few thousand entries, from the top: a hint, not a proof.
ForeignFiles find_foreign(const UniqueFd& workspace, FolderOwner session);
// One line for the person; any bytes in it. Empty: nothing to say.
std::string foreign_warning(const ForeignFiles& found, FolderOwner session);

}  // namespace pawl::run
