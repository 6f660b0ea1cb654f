#include "sandbox/protect.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <memory>

#include "sandbox/base/mount_api.hpp"
#include "sandbox/glob.hpp"

namespace pawl::sandbox {
namespace {

constexpr const char* kRemedy = "choose a smaller workspace, or move what is not part of it elsewhere";

// One directory on the way from the top to where the walk is.
struct Level {
  std::string path;  // "" for the top, else with a trailing slash
  std::vector<std::uint32_t> begun;
};

class Finder {
 public:
  Finder(const std::vector<std::string>& patterns, const ProtectLimits& limits)
      : patterns_(patterns), limits_(limits) {}

  Result<> walk(UniqueFd directory, const PatternSet::State& state, const std::string& path) {
    if (levels_.size() == limits_.depth) return refuse("the tree is too deep at " + path, kRemedy);
    levels_.push_back({path, patterns_.begun(state)});
    // SAFETY: fdopendir(3) takes the descriptor over.
    const std::unique_ptr<DIR, int (*)(DIR*)> entries(::fdopendir(directory.get()), &::closedir);
    if (!entries) return failed("read folder " + path);
    directory.release();
    for (;;) {
      errno = 0;
      const dirent* entry = ::readdir(entries.get());
      if (entry == nullptr) break;
      const std::string_view name = entry->d_name;
      if (name == "." || name == "..") continue;
      if (++seen_ > limits_.entries) return refuse("too many files to look for protected ones", kRemedy);
      TRY(look_at(::dirfd(entries.get()), *entry, state));
    }
    if (errno != 0) return failed("read folder " + path);
    levels_.pop_back();
    return {};
  }

  PatternSet::State start() const { return patterns_.start(); }

  std::vector<ProtectedPath> found() const {
    std::vector<ProtectedPath> paths;
    paths.reserve(found_.size());
    for (const auto& [path, guard] : found_) paths.push_back({path, guard});
    return paths;  // a map is sorted, so a parent comes before what lies in it
  }

 private:
  Result<> look_at(int directory, const dirent& entry, const PatternSet::State& state) {
    const PatternSet::State next = patterns_.enter(state, entry.d_name);
    if (next.empty()) return {};
    const std::string path = levels_.back().path + entry.d_name;
    if (const std::vector<std::uint32_t> matched = patterns_.matched(next); !matched.empty())
      return keep(path, matched);
    if (entry.d_type != DT_DIR && entry.d_type != DT_UNKNOWN) return {};
    UniqueFd below(::openat(directory, entry.d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (below) return walk(std::move(below), next, path + "/");
    // Gone, no directory, or a link by now: nothing to walk. One that even U0, which overrides the modes of
    // the person's own folders, may not read belongs to somebody else.
    if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP || errno == EACCES) return {};
    return failed("open folder " + path);
  }

  // The directories that the pattern itself names on the way are pinned: renaming .git away and making a new
  // one would leave .git/hooks protected somewhere else.
  Result<> keep(const std::string& path, const std::vector<std::uint32_t>& matched) {
    for (const Level& level : levels_) {
      const auto is_begun = [&](std::uint32_t pattern) {
        return std::ranges::find(level.begun, pattern) != level.begun.end();
      };
      if (level.path.empty() || std::ranges::none_of(matched, is_begun)) continue;
      found_.try_emplace(level.path.substr(0, level.path.size() - 1), Guard::pin);
    }
    found_[path] = Guard::read_only;
    if (found_.size() > limits_.paths) return refuse("too many protected paths", kRemedy);
    return {};
  }

  const PatternSet patterns_;
  const ProtectLimits limits_;
  std::vector<Level> levels_;
  std::map<std::string, Guard> found_;
  std::size_t seen_ = 0;
};

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

Result<std::vector<ProtectedPath>> find_protected(const UniqueFd& top,
                                                  const std::vector<std::string>& patterns,
                                                  const ProtectLimits& limits) {
  UniqueFd readable(::openat(top.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!readable) return failed("open the mount");
  Finder finder(patterns, limits);
  TRY(finder.walk(std::move(readable), finder.start(), ""));
  return finder.found();
}

Result<> protect_paths(const UniqueFd& top, const std::vector<std::string>& patterns) {
  for (const ProtectedPath& found : TRY(find_protected(top, patterns))) {
    const UniqueFd place(open_beneath(top.get(), found.path.c_str(), O_PATH | O_NOFOLLOW));
    if (!place && errno == ENOENT) continue;
    if (!place) return failed(found.path);
    struct stat what{};
    if (::fstat(place.get(), &what) != 0) return failed(found.path);
    if (S_ISLNK(what.st_mode)) TRY_DURING(found.path, protect_target(top, found.path));
    TRY_DURING(found.path, bind_over(place, found.guard));
  }
  return {};
}

}  // namespace pawl::sandbox
