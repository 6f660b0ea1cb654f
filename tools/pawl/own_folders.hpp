// Folders that pawl makes in the person's own: private, and never reached through a link that somebody else
// could have laid. Runs in pawl, as the person.
#pragma once

#include <sys/types.h>

#include <string>

#include "sandbox/base/error.hpp"
#include "sandbox/base/unique_fd.hpp"

namespace pawl::run {

// Whose a folder of a session is: the session's own uid, which is another one only when root starts it.
struct FolderOwner {
  uid_t uid;
  gid_t gid;
};

// `path`, made if it is missing; what lies above pawl's own folders is the person's to arrange, links
// included.
Result<UniqueFd> open_parents(const std::string& path);
// The folder `name` in `parent`, made 0700 if it is missing.
Result<UniqueFd> enter(const UniqueFd& parent, const std::string& name);
// Refuses a folder of somebody else's, and closes one to others.
Result<> keep_private(const UniqueFd& folder, const std::string& name, uid_t owner);
// From the caller to the session's uid; one that belongs to somebody else already stays as it is.
Result<> give(const UniqueFd& folder, const std::string& name, FolderOwner owner);

}  // namespace pawl::run
