#include "tools/pawl/changes/remove_tree.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <limits>

#include "tools/pawl/changes/tree.hpp"

namespace pawl::changes {
namespace {

// Renaming a folder elsewhere and reading it need its owner's bits, which the agent may have taken away
// (overlayfs itself leaves a folder of mode 000).
Result<> make_ours(const UniqueFd& parent, const std::string& name) {
  const UniqueFd folder(::openat(parent.get(), name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!folder) return failed("open folder " + name);
  const std::string path = "/proc/self/fd/" + std::to_string(folder.get());
  if (::chmod(path.c_str(), 0700) != 0) return failed("take over folder " + name);
  return {};
}

// Empties it: files are removed, folders are moved to the top under new names, to be emptied in their turn.
// So no depth is ever reached, and no path is ever long.
Result<> empty(const UniqueFd& top, const std::string& name, std::uint64_t& moved) {
  const UniqueFd folder(::openat(top.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!folder) return failed("open folder " + name);
  for (const std::string& entry : TRY(list(folder, std::numeric_limits<std::size_t>::max()))) {
    if (::unlinkat(folder.get(), entry.c_str(), 0) == 0) continue;
    if (errno != EISDIR && errno != EPERM) return failed("remove " + entry);
    if (::unlinkat(folder.get(), entry.c_str(), AT_REMOVEDIR) == 0) continue;
    TRY(make_ours(folder, entry));
    const std::string fresh = ".tree-" + std::to_string(moved++);
    if (::renameat(folder.get(), entry.c_str(), top.get(), fresh.c_str()) != 0)
      return failed("move folder " + entry);
  }
  return {};
}

}  // namespace

Result<> remove_tree(const UniqueFd& parent, const std::string& name) {
  if (::unlinkat(parent.get(), name.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT) return {};
  TRY(make_ours(parent, name));
  const UniqueFd top(::openat(parent.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!top) return failed("open folder " + name);
  std::uint64_t moved = 0;
  // The names here are pawl's own (upper, work, session.json) or of the loop above: each round takes all.
  for (;;) {
    const std::vector<std::string> entries = TRY(list(top, std::numeric_limits<std::size_t>::max()));
    if (entries.empty()) break;
    for (const std::string& entry : entries) {
      if (::unlinkat(top.get(), entry.c_str(), 0) == 0) continue;
      if (errno != EISDIR && errno != EPERM) return failed("remove " + entry);
      TRY(make_ours(top, entry));
      TRY(empty(top, entry, moved));
      if (::unlinkat(top.get(), entry.c_str(), AT_REMOVEDIR) != 0) return failed("remove folder " + entry);
    }
  }
  if (::unlinkat(parent.get(), name.c_str(), AT_REMOVEDIR) != 0) return failed("remove folder " + name);
  return {};
}

}  // namespace pawl::changes
