#include "tools/pawl/changes/layer.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <limits>
#include <optional>

#include "sandbox/base/descriptor_path.hpp"
#include "tools/pawl/changes/marks.hpp"
#include "tools/pawl/changes/tree.hpp"
#include "tools/remove_tree.hpp"

namespace pawl::changes {
namespace {

constexpr char kScratch[] = "spelled-out";
constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();
constexpr mode_t kOwner = 0700;

Result<bool> is_whiteout(const UniqueFd& folder, const std::string& name, const Node& node) {
  if (is_device_whiteout(node)) return true;
  if (node.type != Type::file || node.size != 0) return false;
  const auto marks = marks_of_file(folder, name);
  return marks && marks->whiteout == FileMarks::Whiteout::yes;
}

// An agent may have closed a folder; it is the person's all the same. For as long as this lives. O_PATH will
// do: nothing else opens a folder of mode 000.
class OpenedUp {
 public:
  explicit OpenedUp(const UniqueFd& folder) : path_(descriptor_path(folder.get())) {
    struct stat status{};
    if (::fstat(folder.get(), &status) != 0 || (status.st_mode & kOwner) == kOwner) return;
    const mode_t mode = status.st_mode & 07777;
    if (::chmod(path_.c_str(), mode | kOwner) == 0) before_ = mode;
  }
  ~OpenedUp() {
    if (before_) ::chmod(path_.c_str(), *before_);
  }
  OpenedUp(const OpenedUp&) = delete;
  OpenedUp& operator=(const OpenedUp&) = delete;

 private:
  const std::string path_;
  std::optional<mode_t> before_;
};

Result<UniqueFd> open_place(const UniqueFd& top, const std::string& path) {
  UniqueFd place = open_within(top, path, O_PATH | O_DIRECTORY);
  if (!place) return failed("open folder " + (path.empty() ? "." : path));
  return place;
}

// 0 or an errno.
int unlink_in(const UniqueFd& folder, const std::string& name, int flags) {
  const OpenedUp opened(folder);
  return ::unlinkat(folder.get(), name.c_str(), flags) == 0 ? 0 : errno;
}

}  // namespace

Result<> Layer::spell_out(const std::string& path) const {
  for (std::size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    const std::string folder = path.substr(0, slash);
    const auto node = TRY(look(upper_, folder));
    if (!node) return {};
    if (node->type == Type::folder) {
      TRY_DURING(folder, spell_out_folder(folder));
      continue;
    }
    const UniqueFd parent = TRY(open_place(upper_, std::string(parent_of(folder))));
    if (!TRY(is_whiteout(parent, std::string(name_of(folder)), *node))) return {};
    TRY_DURING(folder, spell_out_whiteout(folder));
  }
  return {};
}

// Until the mark itself goes, whiteouts in an opaque folder mean nothing new: a crash between is harmless.
Result<> Layer::spell_out_folder(const std::string& path) const {
  const UniqueFd parent = TRY(open_place(upper_, std::string(parent_of(path))));
  if (TRY(marks_of_folder(parent, std::string(name_of(path)))).opaque != FolderMarks::Opaque::yes) return {};
  const UniqueFd place = TRY(open_place(upper_, path));
  const OpenedUp opened(place);
  const UniqueFd folder = TRY(open_folder(place, ""));
  const std::vector<std::string> names = TRY(tools::list_folder(folder, kAll));
  const auto below = TRY(look(workspace_, path));
  if (below && below->type == Type::folder) {
    const UniqueFd lower = TRY(open_folder(workspace_, path));
    for (const std::string& name : TRY(tools::list_folder(lower, kAll))) {
      if (!std::ranges::binary_search(names, name)) {
        TRY(steps_.next("mknod"));
        TRY(make_whiteout(folder, name));
        continue;
      }
      const auto node = TRY(look_in(folder, name));
      if (!node || node->type != Type::folder) continue;
      const UniqueFd inner = TRY(open_place(folder, name));
      const OpenedUp inner_opened(inner);
      TRY(steps_.next("setxattr"));
      TRY(set_opaque(TRY(open_folder(inner, ""))));
    }
  }
  TRY(steps_.next("removexattr"));
  return clear_opaque(folder);
}

// A folder that hides every name takes the whiteout's place in one step.
Result<> Layer::spell_out_whiteout(const std::string& path) const {
  const auto below = TRY(look(workspace_, path));
  if (!below || below->type != Type::folder) return {};
  const UniqueFd lower = TRY(open_folder(workspace_, path));
  TRY(tools::remove_tree(session_, kScratch));  // of a crash
  TRY(steps_.next("mkdir"));
  if (::mkdirat(session_.get(), kScratch, 0700) != 0) return failed("make a folder");
  const UniqueFd folder = TRY(open_folder(session_, kScratch));
  for (const std::string& name : TRY(tools::list_folder(lower, kAll))) {
    TRY(steps_.next("mknod"));
    TRY(make_whiteout(folder, name));
  }
  if (::fchmod(folder.get(), below->mode & kPermissions) != 0) return failed("set permissions");
  const UniqueFd parent = TRY(open_place(upper_, std::string(parent_of(path))));
  const OpenedUp opened(parent);
  TRY(steps_.next("rename"));
  const std::string name(name_of(path));
  if (::renameat2(session_.get(), kScratch, parent.get(), name.c_str(), RENAME_EXCHANGE) != 0)
    return failed("put a folder in the place of a whiteout");
  TRY(steps_.next("unlink"));
  if (::unlinkat(session_.get(), kScratch, 0) != 0) return failed("remove a whiteout");
  return {};
}

Result<> Layer::drop(const std::string& path) const {
  const UniqueFd parent = open_within(upper_, std::string(parent_of(path)), O_PATH | O_DIRECTORY);
  if (!parent && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)) return {};
  if (!parent) return failed("open the folder of " + path);
  TRY(steps_.next("unlink"));
  const int errnum = unlink_in(parent, std::string(name_of(path)), 0);
  if (errnum != 0 && errnum != ENOENT && errnum != EISDIR)
    return failed("remove " + path + " from the session's changes", errnum);
  return {};
}

Result<> Layer::drop_whiteout(const std::string& path) const {
  const auto node = TRY(look(upper_, path));
  if (!node) return {};
  const UniqueFd parent = TRY(open_place(upper_, std::string(parent_of(path))));
  if (!TRY(is_whiteout(parent, std::string(name_of(path)), *node))) return {};
  return drop(path);
}

Result<> Layer::prune(const std::string& path) const {
  const auto node = TRY(look(upper_, path));
  if (path.empty() || !node || node->type != Type::folder) return {};
  const auto below = TRY(look(workspace_, path));
  const UniqueFd parent = TRY(open_place(upper_, std::string(parent_of(path))));
  const std::string name(name_of(path));
  const bool is_like_below = below && below->type == Type::folder &&
                             ((below->mode ^ node->mode) & kPermissions) == 0 &&
                             TRY(marks_of_folder(parent, name)).opaque != FolderMarks::Opaque::yes;
  if (!is_like_below) return {};
  return drop_folder(path);
}

Result<> Layer::drop_folder(const std::string& path) const {
  const UniqueFd parent = open_within(upper_, std::string(parent_of(path)), O_PATH | O_DIRECTORY);
  if (!parent && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)) return {};
  if (!parent) return failed("open the folder of " + path);
  TRY(steps_.next("rmdir"));
  const int errnum = unlink_in(parent, std::string(name_of(path)), AT_REMOVEDIR);
  if (errnum != 0 && errnum != ENOTEMPTY && errnum != ENOENT && errnum != ENOTDIR)
    return failed("remove " + path + " from the session's changes", errnum);
  return {};
}

}  // namespace pawl::changes
