// Folders of the workspace that pawl itself changed last, while it applied a part of a session: their ctime
// is no sign of the host. Kept in the session's folder; where it is lost, some changes are told as conflicts
// that are none. Runs in pawl-cli, as the person.
#pragma once

#include <map>
#include <set>
#include <string>

#include "sandbox/base/error.hpp"
#include "sandbox/base/unique_fd.hpp"
#include "tools/pawl/changes/tree.hpp"

namespace pawl::changes {

class Touched {
 public:
  // Empty where there is no such file, or none that makes sense.
  static Touched load(const UniqueFd& session);

  // As they are now; those that are gone are forgotten.
  void note(const UniqueFd& workspace, const std::set<std::string>& folders);
  Result<> store(const UniqueFd& session) const;

  // Whether pawl was the last to change the folder.
  bool was_us(const std::string& path, const Node& node) const;

 private:
  struct Stamp {
    std::uint64_t inode = 0;
    std::int64_t changed = 0;
  };
  std::map<std::string, Stamp> stamps_;  // by path
};

}  // namespace pawl::changes
