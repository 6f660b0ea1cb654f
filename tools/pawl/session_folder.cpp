#include "tools/pawl/session_folder.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>

namespace pawl::run {
namespace {

constexpr std::string_view kEnd = "/pawl/workspaces";
constexpr mode_t kPermissions =
    0777;                      // set-group-id would take the workspace's group, which the session may lack
constexpr int kMaxDepth = 64;  // of what overlayfs itself leaves in `work`

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

Result<> write_whole(const UniqueFd& file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(file.get(), text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return failed(std::string("write ") + tools::kSessionRecordFile);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

class Names {
 public:
  static Result<Names> of(const UniqueFd& folder) {
    UniqueFd readable(::openat(folder.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!readable) return failed("open a folder of the session");
    Names names(::fdopendir(readable.get()));
    if (!names.entries_) return failed("read a folder of the session");
    readable.release();
    return names;
  }
  // Null at the end, or with errno.
  const dirent* next() {
    for (;;) {
      errno = 0;
      const dirent* entry = ::readdir(entries_.get());
      if (entry == nullptr) return nullptr;
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") return entry;
    }
  }

 private:
  explicit Names(DIR* entries) : entries_(entries, &::closedir) {}
  std::unique_ptr<DIR, int (*)(DIR*)> entries_;
};

// An O_PATH descriptor has no fchmod(2).
int open_up(const UniqueFd& folder) {
  return ::chmod(("/proc/self/fd/" + std::to_string(folder.get())).c_str(), 0700);
}

Result<bool> is_empty(const UniqueFd& parent, const char* name) {
  const UniqueFd folder(::openat(parent.get(), name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!folder) return failed(std::string("open ") + name);
  // The session may have closed its workspace.
  if (::faccessat(folder.get(), ".", R_OK | X_OK, AT_EACCESS) != 0 && open_up(folder) != 0)
    return failed(std::string("open ") + name);
  Names names = TRY(Names::of(folder));
  if (names.next() != nullptr) return false;
  if (errno != 0) return failed(std::string("read ") + name);
  return true;
}

// overlayfs leaves folders of mode 000 behind. Never through a link.
Result<> remove_tree(const UniqueFd& parent, const char* name, int depth) {
  if (::unlinkat(parent.get(), name, AT_REMOVEDIR) == 0 || errno == ENOENT) return {};
  if (errno == ENOTDIR) {
    if (::unlinkat(parent.get(), name, 0) != 0) return failed(std::string("remove ") + name);
    return {};
  }
  if ((errno != ENOTEMPTY && errno != EEXIST) || depth == 0) return failed(std::string("remove ") + name);
  const UniqueFd folder(::openat(parent.get(), name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!folder) return failed(std::string("open ") + name);
  open_up(folder);
  Names names = TRY(Names::of(folder));
  while (const dirent* entry = names.next()) TRY(remove_tree(folder, entry->d_name, depth - 1));
  if (::unlinkat(parent.get(), name, AT_REMOVEDIR) != 0) return failed(std::string("remove ") + name);
  return {};
}

}  // namespace

Result<SessionFolder> SessionFolder::make(const std::string& base, const std::string& id,
                                          const UniqueFd& workspace, FolderOwner owner) {
  const bool plain = id.size() == 64 && id.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (!plain || !base.ends_with(kEnd))
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
    (void)remove_tree(made.base_, id.c_str(), kMaxDepth);
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
  TRY(write_whole(file, tools::text_of(record) + "\n"));
  for (const UniqueFd* part : {&file, &folder_, &base_})
    if (::fsync(part->get()) != 0) return failed("write the session's folder to disk");
  return {};
}

Result<SessionFolder::Left> SessionFolder::close() {
  if (!TRY(is_empty(folder_, "upper"))) {
    folder_.reset();
    return Left::changes;
  }
  // By another name first: a crash leaves nothing that looks like a session with changes.
  const std::string gone = ".gone-" + id_;
  if (::renameat(base_.get(), id_.c_str(), base_.get(), gone.c_str()) != 0)
    return failed("put directory " + id_ + " away");
  TRY(remove_tree(base_, gone.c_str(), kMaxDepth));
  folder_.reset();
  return Left::nothing;
}

}  // namespace pawl::run
