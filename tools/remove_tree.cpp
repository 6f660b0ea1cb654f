#include "tools/remove_tree.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <string_view>

#include "sandbox/base/descriptor_path.hpp"

namespace pawl::tools {
namespace {

constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();
constexpr std::string_view kGone = ".gone-";

UniqueFd open_listed(const UniqueFd& parent, const std::string& name) {
  return UniqueFd(::openat(parent.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

// Renaming a folder elsewhere and reading it need its owner's bits, which the agent may have taken away
// (overlayfs itself leaves a folder of mode 000).
Result<> make_ours(const UniqueFd& parent, const std::string& name) {
  const UniqueFd folder(::openat(parent.get(), name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!folder) return failed("open folder " + name);
  if (::chmod(descriptor_path(folder.get()).c_str(), 0700) != 0) return failed("take over folder " + name);
  return {};
}

// Whether it could be removed as it is; no: it is a folder with something in it.
Result<bool> removed(const UniqueFd& parent, const std::string& name) {
  if (::unlinkat(parent.get(), name.c_str(), 0) == 0 || errno == ENOENT) return true;
  if (errno != EISDIR && errno != EPERM) return failed("remove " + name);
  if (::unlinkat(parent.get(), name.c_str(), AT_REMOVEDIR) == 0) return true;
  if (errno != ENOTEMPTY && errno != EEXIST) return failed("remove folder " + name);
  return false;
}

// To the top, under a name that nothing has there: an earlier attempt may have left some.
Result<> move_up(const UniqueFd& folder, const std::string& entry, const UniqueFd& top, std::uint64_t& next) {
  for (;;) {
    const std::string fresh = ".tree-" + std::to_string(next++);
    if (::renameat2(folder.get(), entry.c_str(), top.get(), fresh.c_str(), RENAME_NOREPLACE) == 0) return {};
    if (errno != EEXIST) return failed("move folder " + entry);
  }
}

// Empties it: files are removed, folders are moved to the top under new names, to be emptied in their turn.
// So no depth is ever reached, and no path is ever long.
Result<> empty(const UniqueFd& top, const std::string& name, std::uint64_t& next) {
  const UniqueFd folder = open_listed(top, name);
  if (!folder) return failed("open folder " + name);
  for (const std::string& entry : TRY(list_folder(folder, kAll))) {
    if (TRY(removed(folder, entry))) continue;
    TRY(make_ours(folder, entry));
    TRY(move_up(folder, entry, top, next));
  }
  return {};
}

}  // namespace

Result<std::vector<std::string>> list_folder(const UniqueFd& folder, std::size_t limit) {
  UniqueFd own = open_listed(folder, ".");
  if (!own) return failed("read folder");
  // SAFETY: fdopendir(3) takes the descriptor over.
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(::fdopendir(own.get()), &::closedir);
  if (!entries) return failed("read folder");
  own.release();
  std::vector<std::string> names;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(entries.get());
    if (entry == nullptr) break;
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    if (names.size() == limit) return failed("there are too many names in it", EOVERFLOW);
    names.emplace_back(name);
  }
  if (errno != 0) return failed("read folder");
  std::ranges::sort(names);
  return names;
}

Result<> remove_tree(const UniqueFd& parent, const std::string& name) {
  if (TRY(removed(parent, name))) return {};
  TRY(make_ours(parent, name));
  const UniqueFd top = open_listed(parent, name);
  if (!top) return failed("open folder " + name);
  std::uint64_t next = 0;
  for (;;) {
    const std::vector<std::string> entries = TRY(list_folder(top, kAll));
    if (entries.empty()) break;
    for (const std::string& entry : entries) {
      if (TRY(removed(top, entry))) continue;
      TRY(make_ours(top, entry));
      TRY(empty(top, entry, next));
      if (::unlinkat(top.get(), entry.c_str(), AT_REMOVEDIR) != 0) return failed("remove folder " + entry);
    }
  }
  if (::unlinkat(parent.get(), name.c_str(), AT_REMOVEDIR) != 0) return failed("remove folder " + name);
  return {};
}

Result<> remove_session_folder(const UniqueFd& all, const std::string& id) {
  const std::string gone = std::string(kGone) + id;
  if (::renameat(all.get(), id.c_str(), all.get(), gone.c_str()) != 0)
    return failed("put the folder of session " + id + " away");
  TRY(remove_tree(all, gone));
  const auto names = list_folder(all, kAll);
  if (!names) return {};
  for (const std::string& name : *names)
    if (name.starts_with(kGone)) (void)remove_tree(all, name);
  return {};
}

}  // namespace pawl::tools
