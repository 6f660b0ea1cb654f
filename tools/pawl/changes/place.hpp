// The folders in which sessions' changes are kept until a person has decided on them:
// $XDG_DATA_HOME/pawl/workspaces/<session>, else ~/.local/share/pawl/workspaces/<session>. Runs in pawl-cli,
// as the person.
#pragma once

#include <string>
#include <vector>

#include "sandbox/base/error.hpp"
#include "sandbox/base/unique_fd.hpp"
#include "tools/pawl/changes/record.hpp"

namespace pawl::changes {

// `pawl run` holds an exclusive flock(2) on the session's folder while it lives.
enum class Holder : std::uint8_t { us, somebody };   // somebody: it runs, or another pawl works on it
enum class Purpose : std::uint8_t { look, change };  // many may look at once

struct Folder {
  std::string id;
  UniqueFd directory;  // flocked when the holder is us
  Holder holder = Holder::somebody;
};

struct Kept {
  Folder folder;
  UniqueFd upper;
  Record record;
  std::int64_t since = 0;  // ns since 1970, by the file system's clock: what is not older changed meanwhile
};

class Place {
 public:
  // The folder of all sessions; nothing is made. It must be the person's and writable by nobody else.
  static Result<Place> open(const std::string& path);

  // Ids of all kept sessions, sorted. None where there is no folder.
  Result<std::vector<std::string>> sessions() const;
  // An id or a unique prefix of at least 8 characters.
  Result<std::string> find(std::string_view id) const;
  // Takes the lock where it is free; to change something, waits two seconds for others who only look. The
  // folder alone can be had, too, where what is in it makes no sense.
  Result<Folder> open_folder(const std::string& id, Purpose purpose) const;
  Result<Kept> open_session(const std::string& id, Purpose purpose) const;
  // The session's folder and all in it. First it gets a name that is no session's, so that a crash leaves
  // nothing that looks like changes; what such a crash left goes too.
  Result<> remove(const Folder& folder) const;

 private:
  explicit Place(UniqueFd directory) : directory_(std::move(directory)) {}
  UniqueFd directory_;  // empty: there is none
};

// The workspace, by its recorded path; refuses another folder than the session's. `moved_to`, where the
// person says so, is taken as it is.
Result<UniqueFd> open_workspace(const Record& record, const std::string& moved_to);

}  // namespace pawl::changes
