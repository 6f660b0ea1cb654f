#include "sandbox/find_paths.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <memory>

#include "sandbox/glob.hpp"

namespace pawl::sandbox {
namespace {

constexpr const char* kRemedy = "choose a smaller workspace, or move what is not part of it elsewhere";

// Of a repository: what names programs that git runs, or leads git to another such file
// (gitrepository-layout(5)). Anchored, so that little of it is walked.
const std::vector<std::string>& parts_of_repository() {
  static const std::vector<std::string> parts{"/config",
                                              "/config.worktree",
                                              "/hooks",
                                              "/info",
                                              "/commondir",
                                              "worktrees/*/config.worktree",
                                              "worktrees/*/commondir",
                                              "worktrees/*/gitdir"};
  return parts;
}

// The entries by which git knows a repository.
constexpr unsigned kHead = 1, kCommon = 2, kObjects = 4, kRefs = 8;
unsigned sign_of(std::string_view name) {
  if (name == "HEAD") return kHead;
  if (name == "commondir") return kCommon;
  if (name == "objects") return kObjects;
  return name == "refs" ? kRefs : 0u;
}

// Either holds everything itself, or says where the rest is. The rest alone counts too: another folder may
// lead to it.
bool is_repository(unsigned signs) {
  const auto has = [signs](unsigned all) { return (signs & all) == all; };
  return has(kObjects | kRefs) || has(kHead | kCommon);
}

// One directory on the way from the top to where the walk is.
struct Level {
  std::string path;                // "" for the top, else with a trailing slash
  const PatternSet::State* state;  // of the walk that is there
};

class Finder {
 public:
  Finder(const std::vector<std::string>& patterns, LookFor what, const FindLimits& limits)
      : patterns_(patterns), what_(what), limits_(limits) {}

  Result<> start(UniqueFd top) { return walk(std::move(top), patterns_.start(), ""); }

  Found found() && {
    Found result{.closed = std::move(closed_)};
    for (auto& [path, one] : found_) result.paths.push_back(std::move(one));
    return result;  // a map is sorted, so a parent comes before what lies in it
  }

 private:
  Result<> walk(UniqueFd directory, const PatternSet::State& state, const std::string& path) {
    if (levels_.size() == limits_.depth) return refuse("the tree is too deep at " + path, kRemedy);
    levels_.push_back({path, &state});
    // SAFETY: fdopendir(3) takes the descriptor over.
    const std::unique_ptr<DIR, int (*)(DIR*)> entries(::fdopendir(directory.get()), &::closedir);
    if (!entries) return failed("read folder " + path);
    directory.release();
    unsigned signs = 0;
    for (;;) {
      errno = 0;
      const dirent* entry = ::readdir(entries.get());
      if (entry == nullptr) break;
      const std::string_view name = entry->d_name;
      if (name == "." || name == "..") continue;
      if (++seen_ > limits_.entries) return refuse("too many files to look through", kRemedy);
      signs |= sign_of(name);
      TRY(look_at(::dirfd(entries.get()), *entry, state));
    }
    if (errno != 0) return failed("read folder " + path);
    levels_.pop_back();
    if (what_ == LookFor::names_and_git && is_repository(signs))
      return keep_repository(::dirfd(entries.get()), path);
    return {};
  }

  Result<> look_at(int directory, const dirent& entry, const PatternSet::State& state) {
    const bool may_be_folder = entry.d_type == DT_DIR || entry.d_type == DT_UNKNOWN;
    const bool git_file = what_ == LookFor::names_and_git && std::string_view(entry.d_name) == ".git";
    if (!may_be_folder && !git_file && !patterns_.matches(state, entry.d_name)) return {};
    const PatternSet::State next = patterns_.enter(state, entry.d_name);
    if (next.empty() && what_ == LookFor::names) return {};
    const std::string path = levels_.back().path + entry.d_name;
    if (const std::vector<std::uint32_t> matched = patterns_.matched(next); !matched.empty())
      return keep_matched(directory, entry.d_name, path, matched);
    if (may_be_folder) {
      UniqueFd below(::openat(directory, entry.d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      if (below) return walk(std::move(below), next, path + "/");
      if (errno == EACCES || errno == EPERM) {
        closed_.push_back(path);
        return {};
      }
      // Gone, no directory, or a link by now.
      if (errno != ENOENT && errno != ENOTDIR && errno != ELOOP) return failed("open folder " + path);
    }
    if (git_file) return keep(directory, entry.d_name, path, Finding::git_file);
    return {};
  }

  // The directories that the pattern itself names on the way are found too: renaming .git away and making a
  // new one would leave .git/hooks somewhere else.
  Result<> keep_matched(int directory, const char* name, const std::string& path,
                        const std::vector<std::uint32_t>& matched) {
    for (const Level& level : levels_) {
      const std::vector<std::uint32_t> begun = patterns_.begun(*level.state);
      if (level.path.empty() || std::ranges::find_first_of(begun, matched) == begun.end()) continue;
      const std::string passed = level.path.substr(0, level.path.size() - 1);
      found_.try_emplace(passed, FoundPath{.path = passed, .what = Finding::passed});
    }
    return keep(directory, name, path, Finding::matched);
  }

  // `name` in `directory`, or with an empty name the directory itself.
  Result<> keep(int directory, const char* name, const std::string& path, Finding what) {
    struct stat status{};
    if (::fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW | (*name == '\0' ? AT_EMPTY_PATH : 0)) != 0)
      return errno == ENOENT ? Result<>{} : failed("look at " + path);
    found_[path] = {path, what, status.st_dev, status.st_ino, status.st_mode};
    if (found_.size() > limits_.paths) return refuse("too many paths match", kRemedy);
    return {};
  }

  Result<> keep_repository(int directory, const std::string& path) {
    if (!path.empty()) TRY(keep(directory, "", path.substr(0, path.size() - 1), Finding::repository));
    UniqueFd again(::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!again) return failed("open folder " + path);
    Finder parts(parts_of_repository(), LookFor::names, limits_);
    TRY(parts.start(std::move(again)));
    seen_ += parts.seen_;
    for (auto& [relative, one] : parts.found_) {
      one.path = path + relative;
      found_.try_emplace(one.path, one);
    }
    if (found_.size() > limits_.paths) return refuse("too many paths match", kRemedy);
    return {};
  }

  const PatternSet patterns_;
  const LookFor what_;
  const FindLimits limits_;
  std::vector<Level> levels_;
  std::map<std::string, FoundPath> found_;
  std::size_t seen_ = 0;
  std::vector<std::string> closed_;
};

}  // namespace

Result<Found> find_paths(const UniqueFd& top, const std::vector<std::string>& patterns, LookFor what,
                         const FindLimits& limits) {
  UniqueFd readable(::openat(top.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!readable) return failed("open the folder");
  Finder finder(patterns, what, limits);
  TRY(finder.start(std::move(readable)));
  return std::move(finder).found();
}

}  // namespace pawl::sandbox
