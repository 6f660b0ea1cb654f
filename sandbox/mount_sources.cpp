#include "sandbox/mount_sources.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <climits>

#include "sandbox/base/channel.hpp"
#include "sandbox/base/codec.hpp"
#include "sandbox/base/mount_api.hpp"
#include "sandbox/namespaces.hpp"

namespace pawl::sandbox {
namespace {

bool was_handed(const Mount& mount) {
  return has_source(mount.kind) && (mount.descriptor != kNone || mount.changes != kNone);
}

// A writable bind takes no mounts along that lie below its source: nobody looked at them. An overlay cannot.
Reach reach_of(const Mount& mount) {
  return mount.kind == MountKind::read_only ? Reach::whole_tree : Reach::this_mount;
}

std::unexpected<Error> cannot_bind(const Mount& mount, const std::string& source) {
  const int errnum = errno;
  const std::string step = "bind " + source + " at " + mount.target;
  if (errnum == EINVAL && reach_of(mount) == Reach::this_mount)
    return refuse(step + ": something is mounted below it",
                  "unmount what lies below " + source + ", or choose a folder without");
  if (errnum == ENOENT || errnum == ENOTDIR)
    return std::unexpected(failed(step, errnum).error().advising("make it, or take it out of the role"));
  return failed(step, errnum);
}

Result<std::string> path_of(int descriptor) {
  std::array<char, PATH_MAX> buffer{};
  const std::string link = "/proc/self/fd/" + std::to_string(descriptor);
  const ssize_t size = ::readlink(link.c_str(), buffer.data(), buffer.size());
  if (size <= 0 || static_cast<std::size_t>(size) == buffer.size()) return failed("read " + link);
  return std::string(buffer.data(), static_cast<std::size_t>(size));
}

// The kernel clones only mounts of the caller's own mount namespace, and the descriptor is of the host's. So
// the path it has is opened again here, and must lead to the very same file: then nobody can have swapped it.
Result<UniqueFd> open_handed(const Mount& mount, int descriptor) {
  struct stat handed{};
  struct stat found{};
  if (::fstat(descriptor, &handed) != 0) return failed("look at the descriptor for " + mount.target);
  const std::string path = TRY_DURING("descriptor for " + mount.target, path_of(descriptor));
  open_how how{};
  how.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC;
  how.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  UniqueFd here(static_cast<int>(::syscall(SYS_openat2, AT_FDCWD, path.c_str(), &how, sizeof(how))));
  if (!here) return cannot_bind(mount, path);
  if (::fstat(here.get(), &found) != 0) return failed("look at " + path);
  if (handed.st_dev != found.st_dev || handed.st_ino != found.st_ino ||
      (handed.st_mode & S_IFMT) != (found.st_mode & S_IFMT))
    return refuse("bind " + path + " at " + mount.target + ": it is no longer the file that was handed over",
                  "start it again");
  return here;
}

Result<UniqueFd> clone_handed(const Mount& mount, int descriptor) {
  const UniqueFd here = TRY(open_handed(mount, descriptor));
  UniqueFd tree(clone_tree(here.get(), "", reach_of(mount)));
  if (!tree) {
    const int errnum = errno;
    const std::string path = path_of(here.get()).value_or("a handed file");
    errno = errnum;
    return cannot_bind(mount, path);
  }
  return tree;
}

Result<UniqueFd> clone_files(const Mount& mount, const std::vector<UniqueFd>& descriptors) {
  if (mount.descriptor != kNone) return clone_handed(mount, descriptors.at(mount.descriptor).get());
  UniqueFd tree(clone_tree(AT_FDCWD, mount.source.c_str(), reach_of(mount)));
  if (!tree && mount.presence == Presence::if_present && (errno == ENOENT || errno == ENOTDIR))
    return UniqueFd{};
  if (!tree) return cannot_bind(mount, mount.source);
  return tree;
}

// Opened here, with the rights of whoever was handed the folder: the sandbox's uid may have none on it.
Result<UniqueFd> open_own(const UniqueFd& tree, const char* name) {
  UniqueFd folder(open_beneath(tree.get(), name, O_PATH | O_DIRECTORY | O_NOFOLLOW));
  if (!folder) return failed(std::string("open ") + name + " in the folder for changes");
  return folder;
}

// overlayfs itself does not mind, and the session would find its own changes among its files.
Result<> check_apart(const Mount& mount, const UniqueFd& files, UniqueFd folder) {
  struct stat top{};
  struct stat place{};
  struct stat below{};
  if (::fstat(files.get(), &top) != 0 || ::fstat(folder.get(), &place) != 0)
    return failed("look at the folder for changes");
  do {
    if (place.st_dev == top.st_dev && place.st_ino == top.st_ino)
      return refuse("the folder for changes lies in what is shown at " + mount.target,
                    "choose another workspace, or an XDG_DATA_HOME outside of this one");
    below = place;
    folder = UniqueFd(::openat(folder.get(), "..", O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!folder || ::fstat(folder.get(), &place) != 0) return failed("look above the folder for changes");
  } while (place.st_dev != below.st_dev || place.st_ino != below.st_ino);
  return {};
}

Result<ChangeTree> clone_changes(const Mount& mount, const UniqueFd& files,
                                 const std::vector<UniqueFd>& descriptors) {
  const int handed = descriptors.at(mount.changes).get();
  TRY(check_apart(mount, files, TRY(open_handed(mount, handed))));
  ChangeTree changes;
  changes.tree = TRY(clone_handed(mount, handed));
  changes.upper = TRY(open_own(changes.tree, "upper"));
  changes.work = TRY(open_own(changes.tree, "work"));
  return changes;
}

Result<SourceTree> clone_source(const Mount& mount, const std::vector<UniqueFd>& descriptors) {
  SourceTree source;
  source.tree = TRY(clone_files(mount, descriptors));
  if (mount.changes != kNone) source.changes = TRY(clone_changes(mount, source.tree, descriptors));
  return source;
}

// In the order in which the helper hands them over.
template <class Tree>
auto parts_of(Tree& source, const Mount& mount) {
  std::vector<decltype(&source.tree)> parts{&source.tree};
  if (mount.changes != kNone)
    parts.insert(parts.end(), {&source.changes.tree, &source.changes.upper, &source.changes.work});
  return parts;
}

struct HelperAnswer {
  std::int32_t errnum = 0;
  std::string trail;
  std::string remedy;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.errnum, self.trail, self.remedy);
  }
};

Result<SourceTrees> clone_all_handed(const LaunchPlan& plan, const std::vector<UniqueFd>& descriptors) {
  // A user namespace of its own gives the right to clone mounts; no id is mapped in it.
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) {
    const int errnum = errno;
    return std::unexpected(failed("make user namespace", errnum).error().advising(namespace_remedy(errnum)));
  }
  SourceTrees trees(plan.mounts.size());
  for (std::size_t i = 0; i < plan.mounts.size(); ++i)
    if (was_handed(plan.mounts[i])) trees[i] = TRY(clone_source(plan.mounts[i], descriptors));
  return trees;
}

[[noreturn]] void run_helper(const LaunchPlan& plan, const std::vector<UniqueFd>& descriptors,
                             const Channel& answer_to) {
  const Result<SourceTrees> trees = clone_all_handed(plan, descriptors);
  HelperAnswer answer;
  std::vector<int> handed;
  if (trees) {
    for (std::size_t i = 0; i < plan.mounts.size(); ++i)
      if (was_handed(plan.mounts[i]))
        for (const UniqueFd* part : parts_of((*trees)[i], plan.mounts[i])) handed.push_back(part->get());
  } else {
    answer = {trees.error().errnum, trees.error().trail, trees.error().remedy};
  }
  const Result<> sent = answer_to.send(codec::encode(answer), handed);
  ::_exit(sent ? 0 : 1);
}

}  // namespace

Result<SourceTrees> clone_handed_sources_early(const LaunchPlan& plan,
                                               const std::vector<UniqueFd>& descriptors) {
  SourceTrees trees(plan.mounts.size());
  std::vector<UniqueFd*> wanted;
  for (std::size_t i = 0; i < plan.mounts.size(); ++i)
    if (was_handed(plan.mounts[i]))
      for (UniqueFd* part : parts_of(trees[i], plan.mounts[i])) wanted.push_back(part);
  if (wanted.empty()) return trees;
  if (wanted.size() > kMaxDescriptors) return refuse("too many binds by descriptor");
  auto [ours, theirs] = TRY(Channel::pair());
  // SAFETY: the launcher has one thread, so the child may use the heap.
  const pid_t helper = ::fork();
  if (helper < 0) return failed("fork");
  if (helper == 0) run_helper(plan, descriptors, theirs);
  theirs = Channel{};
  auto packet = ours.receive();
  while (::waitpid(helper, nullptr, 0) < 0 && errno == EINTR) {
  }
  if (!packet) return std::unexpected(std::move(packet).error());
  if (!*packet) return refuse("the helper that opens handed files died");
  HelperAnswer answer = TRY(codec::decode<HelperAnswer>((*packet)->bytes));
  if (!answer.trail.empty())
    return std::unexpected(Error{answer.errnum, std::move(answer.trail), std::move(answer.remedy)});
  if ((*packet)->descriptors.size() != wanted.size())
    return refuse("the helper that opens handed files lost some");
  for (std::size_t i = 0; i < wanted.size(); ++i) *wanted[i] = std::move((*packet)->descriptors[i]);
  return trees;
}

Result<> clone_sources(const LaunchPlan& plan, const std::vector<UniqueFd>& descriptors, SourceTrees& trees) {
  trees.resize(plan.mounts.size());
  for (std::size_t i = 0; i < plan.mounts.size(); ++i)
    if (has_source(plan.mounts[i].kind) && !trees[i].tree)
      trees[i] = TRY(clone_source(plan.mounts[i], descriptors));
  return {};
}

Result<std::vector<UniqueFd>> clone_devices() {
  std::vector<UniqueFd> nodes;
  for (const char* name : kDeviceNodes) {
    const std::string path = std::string("/dev/") + name;
    UniqueFd node(clone_tree(AT_FDCWD, path.c_str(), Reach::this_mount));
    if (!node) return failed("bind " + path);
    nodes.push_back(std::move(node));
  }
  return nodes;
}

}  // namespace pawl::sandbox
