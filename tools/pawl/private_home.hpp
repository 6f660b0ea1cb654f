// The private HOME of a role and workspace: kept between sessions, in the person's own state directory. Runs
// in pawl, as the person; the names come from the broker and are not trusted to stay beneath.
#pragma once

#include <string>

#include "sandbox/base/error.hpp"
#include "sandbox/base/unique_fd.hpp"
#include "tools/pawl/own_folders.hpp"

namespace pawl::run {

// An O_PATH descriptor of <base>/<role>/<key>. `key` may be "role/key" itself. `base` ends in "pawl/homes":
// from there on every directory is made 0700 if it is missing, must be the caller's (the last one: the
// owner's), and is never reached through a symlink.
Result<UniqueFd> open_private_home(const std::string& base, const std::string& role, const std::string& key,
                                   FolderOwner owner);

}  // namespace pawl::run
