#include "sandbox/protect.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include "sandbox/base/mount_api.hpp"

namespace pawl::sandbox {
namespace {

enum class Guard : std::uint8_t {
  pin,  // bound over itself writable: it cannot be renamed or removed, so what lies in it stays where it is
  read_only,  // bound over itself read-only
};

Guard guard_of(Finding what) {
  return what == Finding::passed || what == Finding::repository ? Guard::pin : Guard::read_only;
}

// Over the path itself, a link included: what it is called then leads nowhere else.
Result<> bind_over(const UniqueFd& place, Guard guard) {
  const UniqueFd tree(clone_tree(place.get(), "", Reach::this_mount));
  if (!tree) return failed("clone");
  const std::uint64_t attributes =
      MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | (guard == Guard::read_only ? MOUNT_ATTR_RDONLY : 0);
  if (set_mount_attributes(tree.get(), Reach::this_mount, {.set = attributes, .propagation = MS_PRIVATE}) !=
      0)
    return failed("make read-only");
  if (attach_tree(tree.get(), place.get(), "") != 0) return failed("attach");
  return {};
}

// A protected link is kept as it is, and what it leads to, if that lies below the same mount, is kept too.
// The kernel resolves it in one call that cannot leave the mount.
Result<> protect_target(const UniqueFd& top, const std::string& path) {
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  const UniqueFd target(static_cast<int>(::syscall(SYS_openat2, top.get(), path.c_str(), &how, sizeof(how))));
  if (!target) return {};  // dangling, or out of the mount, where nothing is writable
  struct stat here{};
  struct stat whole{};
  if (::fstat(target.get(), &here) != 0 || ::fstat(top.get(), &whole) != 0)
    return failed("look at the link's target");
  if (here.st_dev == whole.st_dev && here.st_ino == whole.st_ino)
    return refuse("a protected path is a link to the whole mount", "remove the link");
  return bind_over(target, Guard::read_only);
}

}  // namespace

Result<Found> protect_paths(const UniqueFd& top, const std::vector<std::string>& patterns) {
  Found found = TRY(find_paths(top, patterns, LookFor::names_and_git));
  for (const FoundPath& one : found.paths) {
    const UniqueFd place(open_beneath(top.get(), one.path.c_str(), O_PATH | O_NOFOLLOW));
    if (!place && errno == ENOENT) continue;
    if (!place) return failed(one.path);
    struct stat what{};
    if (::fstat(place.get(), &what) != 0) return failed(one.path);
    // Where a `.git` leads, git is recognised by content.
    if (S_ISLNK(what.st_mode) && one.what != Finding::git_file)
      TRY_DURING(one.path, protect_target(top, one.path));
    TRY_DURING(one.path, bind_over(place, guard_of(one.what)));
  }
  return found;
}

}  // namespace pawl::sandbox
