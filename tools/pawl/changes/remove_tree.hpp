// Removes a folder that an agent filled: as deep as it likes, with whatever permissions. Runs in pawl-cli, as
// the person.
#pragma once

#include <string>

#include "sandbox/base/error.hpp"
#include "sandbox/base/unique_fd.hpp"

namespace pawl::changes {

// The folder `name` within `parent`. Nothing there is no error. No symlink is followed.
Result<> remove_tree(const UniqueFd& parent, const std::string& name);

}  // namespace pawl::changes
