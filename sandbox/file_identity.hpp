// Which file a path or a descriptor leads to, and through which folders. Runs in the launcher, with the
// rights of whoever started it.
#pragma once

#include <sys/types.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "sandbox/base/error.hpp"
#include "sandbox/base/unique_fd.hpp"

namespace pawl::sandbox {

struct FileIdentity {
  dev_t device = 0;
  ino_t inode = 0;
  bool operator==(const FileIdentity&) const = default;
};

Result<FileIdentity> identity_of(int descriptor);

// A place and the folders that lead to it, "/" first.
using Lineage = std::vector<FileIdentity>;

inline bool leads_through(const Lineage& lineage, const FileIdentity& place) {
  return std::ranges::find(lineage, place) != lineage.end();
}

// Looks each folder up once, for as long as it lives.
class Lineages {
 public:
  // Of a descriptor that still has a path; refused where another file has it by now.
  Result<Lineage> of(int descriptor);

 private:
  Result<FileIdentity> look_at(const std::string& path);

  std::map<std::string, FileIdentity> known_;
};

// As the kernel names it now.
Result<std::string> path_of_descriptor(int descriptor);

// Opens (O_PATH) a path of which no part is a link.
Result<UniqueFd> open_without_links(const std::string& path);

// Opens (O_PATH) the file of a descriptor anew, by the path that it has: the kernel clones only mounts of the
// caller's own mount namespace, and a handed descriptor is of the host's. Refused where the path leads to
// another file by now: then somebody swapped it.
Result<UniqueFd> open_again(int descriptor);

}  // namespace pawl::sandbox
