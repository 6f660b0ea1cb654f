#include "tools/pawl/session_folder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sandbox/base/descriptor_path.hpp"
#include "sandbox/base/write_all.hpp"
#include "tools/remove_tree.hpp"

namespace pawl::run {
namespace {

constexpr std::string_view kEnd = "/pawl/workspaces";
// Set-group-id would take the workspace's group, which the session may lack.
constexpr mode_t kPermissions = 0777;

// New: whatever lies there already is not this session's.
Result<UniqueFd> make_folder(const UniqueFd& parent, const std::string& name) {
  if (::mkdirat(parent.get(), name.c_str(), 0700) != 0) return failed("make directory " + name);
  return enter(parent, name);
}

Result<> make_layers(const UniqueFd& folder, const UniqueFd& workspace, FolderOwner owner) {
  struct stat status{};
  if (::fstat(workspace.get(), &status) != 0) return failed("look at the workspace");
  TRY(give(TRY(make_folder(folder, "work")), "work", owner));
  const UniqueFd upper = TRY(make_folder(folder, "upper"));
  const timespec times[] = {status.st_atim, status.st_mtim};
  if (::fchmod(upper.get(), status.st_mode & kPermissions) != 0 || ::futimens(upper.get(), times) != 0)
    return failed("make the folder for changes look like the workspace");
  return give(upper, "upper", owner);
}

Result<bool> is_empty(const UniqueFd& parent, const char* name) {
  const UniqueFd folder(::openat(parent.get(), name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!folder) return failed(std::string("open ") + name);
  // The session may have closed its workspace.
  if (::faccessat(folder.get(), ".", R_OK | X_OK, AT_EACCESS) != 0 &&
      ::chmod(descriptor_path(folder.get()).c_str(), 0700) != 0)
    return failed(std::string("open ") + name);
  const auto names = tools::list_folder(folder, 0);
  if (!names && names.error().errnum == EOVERFLOW) return false;
  if (!names) return std::unexpected(Error(names.error()).during(name));
  return true;
}

}  // namespace

Result<SessionFolder> SessionFolder::make(const std::string& base, const std::string& id,
                                          const UniqueFd& workspace, FolderOwner owner) {
  if (!tools::is_session_id(id) || !base.ends_with(kEnd))
    return refuse("the session's id makes no sense",
                  "client and broker differ in version; restart the broker");
  UniqueFd place = TRY(open_parents(base.substr(0, base.size() - kEnd.size())));
  for (const char* name : {"pawl", "workspaces"}) {
    place = TRY(enter(place, name));
    TRY(keep_private(place, name, ::geteuid()));
  }
  SessionFolder made(std::move(place), UniqueFd{}, id);
  made.folder_ = TRY(make_folder(made.base_, id));
  // Whoever looks at all sessions holds it for a moment.
  while (::flock(made.folder_.get(), LOCK_EX) != 0)
    if (errno != EINTR) return failed("lock directory " + id);
  if (auto filled = make_layers(made.folder_, workspace, owner); !filled) {
    (void)tools::remove_tree(made.base_, id);
    return std::unexpected(std::move(filled).error());
  }
  return made;
}

Result<UniqueFd> SessionFolder::descriptor() const {
  UniqueFd again(::openat(folder_.get(), ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!again) return failed("open directory " + id_);
  return again;
}

Result<> SessionFolder::write(const tools::SessionRecord& record) const {
  const UniqueFd file(::openat(folder_.get(), tools::kSessionRecordFile,
                               O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file) return failed(std::string("make ") + tools::kSessionRecordFile);
  TRY_DURING(tools::kSessionRecordFile, write_all(file.get(), tools::text_of(record) + "\n"));
  for (const UniqueFd* part : {&file, &folder_, &base_})
    if (::fsync(part->get()) != 0) return failed("write the session's folder to disk");
  return {};
}

Result<SessionFolder::Left> SessionFolder::close() {
  if (!TRY(is_empty(folder_, "upper"))) {
    folder_.reset();
    return Left::changes;
  }
  TRY(tools::remove_session_folder(base_, id_));
  folder_.reset();
  return Left::nothing;
}

}  // namespace pawl::run
