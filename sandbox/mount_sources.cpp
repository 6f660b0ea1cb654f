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
#include "sandbox/host_remedies.hpp"

namespace pawl::sandbox {
namespace {

bool is_bind(const Mount& mount) {
  return mount.kind == MountKind::read_only || mount.kind == MountKind::writable;
}

// A writable bind takes no mounts along that lie below its source: nobody looked at them.
Reach reach_of(const Mount& mount) {
  return mount.kind == MountKind::read_only ? Reach::whole_tree : Reach::this_mount;
}

std::unexpected<Error> cannot_bind(const Mount& mount, const std::string& source) {
  const int errnum = errno;
  const std::string step = "bind " + source + " at " + mount.target;
  if (errnum == EINVAL && mount.kind == MountKind::writable)
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
Result<UniqueFd> clone_handed(const Mount& mount, int descriptor) {
  struct stat handed{};
  struct stat found{};
  if (::fstat(descriptor, &handed) != 0) return failed("look at the descriptor for " + mount.target);
  const std::string path = TRY_DURING("descriptor for " + mount.target, path_of(descriptor));
  open_how how{};
  how.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC;
  how.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  const UniqueFd here(static_cast<int>(::syscall(SYS_openat2, AT_FDCWD, path.c_str(), &how, sizeof(how))));
  if (!here) return cannot_bind(mount, path);
  if (::fstat(here.get(), &found) != 0) return failed("look at " + path);
  if (handed.st_dev != found.st_dev || handed.st_ino != found.st_ino ||
      (handed.st_mode & S_IFMT) != (found.st_mode & S_IFMT))
    return refuse("bind " + path + " at " + mount.target + ": it is no longer the file that was handed over",
                  "start it again");
  UniqueFd tree(clone_tree(here.get(), "", reach_of(mount)));
  if (!tree) return cannot_bind(mount, path);
  return tree;
}

Result<UniqueFd> clone_source(const Mount& mount, const std::vector<UniqueFd>& descriptors) {
  if (mount.descriptor != kNone) return clone_handed(mount, descriptors.at(mount.descriptor).get());
  UniqueFd tree(clone_tree(AT_FDCWD, mount.source.c_str(), reach_of(mount)));
  if (!tree && mount.presence == Presence::if_present && (errno == ENOENT || errno == ENOTDIR))
    return UniqueFd{};
  if (!tree) return cannot_bind(mount, mount.source);
  return tree;
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
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
    return explained(Layer::user_namespace, Result<SourceTrees>(failed("make user namespace")));
  SourceTrees trees;
  for (const Mount& mount : plan.mounts)
    if (is_bind(mount) && mount.descriptor != kNone) trees.push_back(TRY(clone_source(mount, descriptors)));
  return trees;
}

[[noreturn]] void run_helper(const LaunchPlan& plan, const std::vector<UniqueFd>& descriptors,
                             const Channel& answer_to) {
  const Result<SourceTrees> trees = clone_all_handed(plan, descriptors);
  HelperAnswer answer;
  std::vector<int> handed;
  if (trees)
    for (const UniqueFd& tree : *trees) handed.push_back(tree.get());
  else
    answer = {trees.error().errnum, trees.error().trail, trees.error().remedy};
  const Result<> sent = answer_to.send(codec::encode(answer), handed);
  ::_exit(sent ? 0 : 1);
}

}  // namespace

Result<SourceTrees> clone_handed_sources_early(const LaunchPlan& plan,
                                               const std::vector<UniqueFd>& descriptors) {
  SourceTrees trees(plan.mounts.size());
  std::vector<std::size_t> wanted;
  for (std::size_t i = 0; i < plan.mounts.size(); ++i)
    if (is_bind(plan.mounts[i]) && plan.mounts[i].descriptor != kNone) wanted.push_back(i);
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
  for (std::size_t i = 0; i < wanted.size(); ++i) trees[wanted[i]] = std::move((*packet)->descriptors[i]);
  return trees;
}

Result<> clone_sources(const LaunchPlan& plan, const std::vector<UniqueFd>& descriptors, SourceTrees& trees) {
  trees.resize(plan.mounts.size());
  for (std::size_t i = 0; i < plan.mounts.size(); ++i)
    if (is_bind(plan.mounts[i]) && !trees[i]) trees[i] = TRY(clone_source(plan.mounts[i], descriptors));
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
