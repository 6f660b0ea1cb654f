// What a session writes into an overlay workspace: $XDG_DATA_HOME/pawl/workspaces/<session id>/ with `upper`
// and `work` for the launcher, and session.json, which says what belongs to what (pawl diff, apply and
// discard read it). Runs in pawl, as the person; what it looks at is what the agent left.
#pragma once

#include <array>
#include <string>

#include "sandbox/base/error.hpp"
#include "sandbox/base/unique_fd.hpp"
#include "tools/pawl/own_folders.hpp"
#include "tools/session_record.hpp"

namespace pawl::run {

class SessionFolder {
 public:
  // `base` ends in "pawl/workspaces", `id` is the full one. `upper` and `work` belong to the session's uid;
  // `upper` looks like the workspace, whose top it is for the session. Holds an exclusive flock(2) on the
  // folder until close().
  static Result<SessionFolder> make(const std::string& base, const std::string& id, const UniqueFd& workspace,
                                    FolderOwner owner);

  // For the launcher: an open file of its own, so that the lock is not shared.
  Result<UniqueFd> descriptor() const;
  // Those of this object, for who closes all others.
  std::array<int, 2> descriptors() const { return {base_.get(), folder_.get()}; }
  // Writes session.json. Nothing is lost from here on if the host crashes; that takes time, and is for while
  // the launcher builds.
  Result<> write(const tools::SessionRecord& record) const;

  enum class Left : std::uint8_t { nothing, changes };
  // After the session: an empty folder is removed, another one unlocked and left for the person.
  Result<Left> close();

 private:
  SessionFolder(UniqueFd base, UniqueFd folder, std::string id)
      : base_(std::move(base)), folder_(std::move(folder)), id_(std::move(id)) {}

  UniqueFd base_;
  UniqueFd folder_;
  std::string id_;
};

}  // namespace pawl::run
