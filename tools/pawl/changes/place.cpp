#include "tools/pawl/changes/place.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>

#include "tools/pawl/changes/content.hpp"
#include "tools/pawl/changes/tree.hpp"
#include "tools/remove_tree.hpp"

namespace pawl::changes {
namespace {

constexpr std::size_t kMaxSessions = 100'000;
constexpr std::size_t kShortestPrefix = 8;
constexpr int kTries = 40;
constexpr int kPause = 50;                         // ms
constexpr std::int64_t kLongestTick = 10'000'000;  // ns

Result<> check_private(const UniqueFd& folder, const std::string& name) {
  struct stat status{};
  if (::fstat(folder.get(), &status) != 0) return failed("look at " + name);
  if (status.st_uid != ::geteuid())
    return refuse(name + " belongs to uid " + std::to_string(status.st_uid), "run it as that user");
  if ((status.st_mode & 022) != 0) return refuse("others can write to " + name, "chmod go-w it");
  return {};
}

Result<std::string> read_text(const UniqueFd& folder, const std::string& name, std::size_t limit) {
  std::string text = TRY(read_up_to(TRY(open_file(folder, name)), limit + 1));
  if (text.size() > limit) return refuse(name + " is too long");
  return text;
}

Result<Holder> lock(const UniqueFd& folder, Purpose purpose) {
  const int kind = purpose == Purpose::look ? LOCK_SH : LOCK_EX;
  for (int tries = purpose == Purpose::look ? 0 : kTries;; --tries) {
    if (::flock(folder.get(), kind | LOCK_NB) == 0) return Holder::us;
    if (errno != EWOULDBLOCK) return failed("lock");
    if (tries == 0) return Holder::somebody;
    ::poll(nullptr, 0, kPause);
  }
}

// Files are stamped with a clock that lags behind the one `pawl run` looked at by up to a tick. The session's
// folder was made after that look, before anything was built, and stamped with the slow one.
std::int64_t begin_of(const Record& record, const Node& folder) {
  const std::int64_t started = record.started * 1'000'000;
  return std::min(started, folder.born.value_or(started - kLongestTick));
}

}  // namespace

Result<Place> Place::open(const std::string& path) {
  UniqueFd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory && errno == ENOENT) return Place(UniqueFd());
  if (!directory) return failed("open " + path);
  TRY(check_private(directory, path));
  return Place(std::move(directory));
}

Result<std::vector<std::string>> Place::sessions() const {
  if (!directory_) return std::vector<std::string>();
  std::vector<std::string> names = TRY(tools::list_folder(directory_, kMaxSessions));
  std::erase_if(names, [](const std::string& name) { return !tools::is_session_id(name); });
  return names;
}

Result<std::string> Place::find(std::string_view id) const {
  std::vector<std::string> found = TRY(sessions());
  std::erase_if(found, [&](const std::string& name) { return !name.starts_with(id); });
  constexpr const char* remedy = "pawl diff lists the sessions whose changes are kept";
  if (id.size() < kShortestPrefix) return refuse("a session's id has at least 8 characters", remedy);
  if (found.empty()) return refuse("no changes are kept of a session " + std::string(id), remedy);
  if (found.size() > 1) return refuse("more than one session begins with " + std::string(id), remedy);
  return found.front();
}

Result<Folder> Place::open_folder(const std::string& id, Purpose purpose) const {
  Folder folder{.id = id};
  folder.directory =
      UniqueFd(::openat(directory_.get(), id.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!folder.directory) return failed("open the changes of session " + id);
  TRY(check_private(folder.directory, "the folder of session " + id));
  folder.holder = TRY_DURING("the changes of session " + id, lock(folder.directory, purpose));
  return folder;
}

Result<Kept> Place::open_session(const std::string& id, Purpose purpose) const {
  Kept kept{.folder = TRY(open_folder(id, purpose))};
  const std::string where = "session.json of " + id;
  kept.record = TRY_DURING(
      where, read_record(TRY(read_text(kept.folder.directory, tools::kSessionRecordFile, kMaxRecord))));
  if (kept.record.session != id) return refuse(where + ": it is that of another session");
  kept.upper =
      TRY_DURING("the changes of session " + id, changes::open_folder(kept.folder.directory, "upper"));
  kept.since = begin_of(kept.record, TRY(look_at(kept.folder.directory)));
  return kept;
}

Result<> Place::remove(const Folder& folder) const {
  return tools::remove_session_folder(directory_, folder.id);
}

Result<UniqueFd> open_workspace(const Record& record, const std::string& moved_to) {
  const std::string& path = moved_to.empty() ? record.workspace : moved_to;
  constexpr const char* remedy = "if it was moved, say where it is: --workspace DIR";
  // O_RDONLY later, where it is read: the top itself may be a folder that only can be passed through.
  UniqueFd workspace(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  struct stat status{};
  if (!workspace || ::fstat(workspace.get(), &status) != 0) {
    auto error = failed("open workspace " + path);
    return std::unexpected(std::move(error).error().advising(remedy));
  }
  if (moved_to.empty() && (status.st_dev != record.device || status.st_ino != record.inode))
    return refuse("the folder " + path + " is not the one in which the session worked", remedy);
  return workspace;
}

}  // namespace pawl::changes
