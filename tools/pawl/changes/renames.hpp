// A file that went from one place and came up in another with the same bytes was renamed. Runs in pawl-cli,
// as the person.
#pragma once

#include "sandbox/base/unique_fd.hpp"
#include "tools/pawl/changes/change.hpp"

namespace pawl::changes {

struct RenameSearch {
  const UniqueFd& upper;
  const UniqueFd& workspace;
  std::uint32_t usual;        // permissions of the workspace itself
  std::uint64_t digested;     // bytes at most; what is not hashed stays a deletion and an addition
  std::size_t least_renamed;  // bytes
};

// Turns pairs of a deleted and an added file into one renamed one. A pair whose names are the same goes
// first.
void pair_renames(ChangeSet& set, const RenameSearch& search);

}  // namespace pawl::changes
