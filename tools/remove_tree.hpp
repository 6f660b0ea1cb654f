// Removes a folder that an agent filled: as deep as it likes, with whatever permissions. Runs in pawl and
// pawl-cli, as the person.
#pragma once

#include <string>
#include <vector>

#include "sandbox/base/error.hpp"
#include "sandbox/base/unique_fd.hpp"

namespace pawl::tools {

// Names in a folder, sorted by bytes, without "." and "..". More than `limit` are EOVERFLOW.
Result<std::vector<std::string>> list_folder(const UniqueFd& folder, std::size_t limit);

// The folder `name` within `parent`, or a file of that name. Nothing there is no error. No symlink is
// followed.
Result<> remove_tree(const UniqueFd& parent, const std::string& name);

// Removes a session's folder from the folder of all. First it gets a name that is no session's, so that a
// crash leaves nothing that looks like changes; what such a crash left goes too, where it can.
Result<> remove_session_folder(const UniqueFd& all, const std::string& id);

}  // namespace pawl::tools
