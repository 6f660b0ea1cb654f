#include "sandbox/mount_sources.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "sandbox/base/channel.hpp"
#include "sandbox/base/codec.hpp"
#include "sandbox/base/mount_api.hpp"
#include "sandbox/base/text_file.hpp"
#include "sandbox/host_remedies.hpp"
#include "sandbox/mountinfo.hpp"

namespace pawl::sandbox {
namespace {

// A writable bind takes no mounts along that lie below its source: nobody looked at them. An overlay cannot.
Reach reach_of(const Mount& mount) {
  return mount.kind == MountKind::read_only ? Reach::whole_tree : Reach::this_mount;
}

std::string_view source_remedy(int errnum) {
  if (errnum == ENOENT || errnum == ENOTDIR) return "make it, or take it out of the role";
  if (errnum == EACCES)
    return "the session's user must be allowed to enter every folder on the way: chmod o+x those that it may "
           "not, or start it as the owner";
  return "";
}

std::unexpected<Error> cannot_bind(const Mount& mount, const std::string& source, int errnum) {
  const std::string step = "bind " + source + " at " + mount.target;
  if (errnum == EINVAL && mount.kind != MountKind::read_only)
    return refuse(step + ": something is mounted below it",
                  "unmount what lies below " + source + ", or choose a folder without");
  return std::unexpected(failed(step, errnum).error().advising(source_remedy(errnum)));
}

Result<UniqueFd> clone_opened(const Mount& mount, const UniqueFd& here, const std::string& path,
                              const PrivatePlaces& places) {
  TRY(places.admit(mount, here.get()));
  UniqueFd tree(clone_tree(here.get(), "", reach_of(mount)));
  if (!tree) return cannot_bind(mount, path, errno);
  return tree;
}

Result<UniqueFd> clone_handed(const Mount& mount, int descriptor, const PrivatePlaces& places) {
  const std::string path = TRY_DURING("descriptor for " + mount.target, path_of_descriptor(descriptor));
  auto again = open_again(descriptor);
  if (!again && again.error().errnum != 0) return cannot_bind(mount, path, again.error().errnum);
  const UniqueFd here = TRY_DURING("bind " + path + " at " + mount.target, std::move(again));
  return clone_opened(mount, here, path, places);
}

// What a role names may lie where an agent can write, so no link on the way may choose something else; and
// only folders and files, since a socket is a way to whoever listens.
Result<UniqueFd> clone_named(const Mount& mount, const PrivatePlaces& places) {
  const std::string step = "bind " + mount.source + " at " + mount.target;
  auto opened = open_without_links(mount.source);
  if (!opened && opened.error().errnum != 0) return cannot_bind(mount, mount.source, opened.error().errnum);
  const UniqueFd here = TRY_DURING(step, std::move(opened));
  struct stat status{};
  if (::fstat(here.get(), &status) != 0) return failed("look at " + mount.source);
  if (!S_ISDIR(status.st_mode) && !S_ISREG(status.st_mode))
    return refuse(step + ": it is neither a folder nor a file");
  return clone_opened(mount, here, mount.source, places);
}

Result<UniqueFd> clone_path(const Mount& mount, const PrivatePlaces& places) {
  if (mount.origin == Origin::named) return clone_named(mount, places);
  UniqueFd tree(clone_tree(AT_FDCWD, mount.source.c_str(), reach_of(mount)));
  if (!tree) return cannot_bind(mount, mount.source, errno);
  return tree;
}

Result<UniqueFd> clone_source(const Mount& mount, const std::vector<UniqueFd>& descriptors,
                              const PrivatePlaces& places) {
  if (mount.descriptor != kNone) return clone_handed(mount, descriptors.at(mount.descriptor).get(), places);
  auto tree = clone_path(mount, places);
  if (tree) return tree;
  const int errnum = tree.error().errnum;
  const bool gone = errnum == ENOENT || errnum == ENOTDIR;
  if (gone && mount.presence == Presence::if_present) return UniqueFd{};
  return tree;
}

struct HelperAnswer {
  std::int32_t errnum = 0;
  std::string trail;
  std::string remedy;
  std::vector<std::uint32_t> mounts;  // of the plan, one for each descriptor
  bool more = false;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.errnum, self.trail, self.remedy, self.mounts, self.more);
  }
};

enum class Early : std::uint8_t { handed, every };

bool is_early(const Mount& mount, Early which) {
  return is_bind(mount.kind) && (which == Early::every || mount.descriptor != kNone);
}

// With the host's own rights the kernel would clone a folder without what is mounted below it, and so show
// what the mounts cover (in a user namespace they are locked, and it refuses).
Result<> check_nothing_below(const Mount& mount, const std::vector<UniqueFd>& descriptors) {
  const std::string top =
      (mount.descriptor == kNone ? mount.source
                                 : TRY(path_of_descriptor(descriptors.at(mount.descriptor).get()))) +
      "/";
  const auto table = read_text(AT_FDCWD, "/proc/self/mountinfo");
  if (!table) return failed("read /proc/self/mountinfo");
  for (std::string_view left = *table; !left.empty();)
    if (mount_point(take_line(left)).starts_with(top))
      return cannot_bind(mount, top.substr(0, top.size() - 1), EINVAL);
  return {};
}

Result<Early> enter_own_mounts() {
  if (::unshare(CLONE_NEWNS) == 0) {
    // SAFETY: the copy belongs to the host's user namespace, so its mounts would still be propagated.
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
      return failed("make the helper's mounts private");
    return Early::every;
  }
  // A user namespace of its own gives the right to clone mounts; no id is mapped in it.
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
    return explained(Layer::user_namespace, Result<Early>(failed("make user namespace")));
  return Early::handed;
}

Result<SourceTrees> clone_early(const LaunchPlan& plan, const std::vector<UniqueFd>& descriptors,
                                const PrivatePlaces& places) {
  const Early which = TRY(enter_own_mounts());
  SourceTrees trees(plan.mounts.size());
  for (std::size_t i = 0; i < plan.mounts.size(); ++i) {
    const Mount& mount = plan.mounts[i];
    if (!is_early(mount, which)) continue;
    if (which == Early::every && reach_of(mount) == Reach::this_mount)
      TRY(check_nothing_below(mount, descriptors));
    trees[i] = TRY(clone_source(mount, descriptors, places));
  }
  return trees;
}

// As many packets as the descriptors need; each tells which mounts its trees are for.
Result<> send_trees(const Channel& answer_to, const SourceTrees& trees) {
  HelperAnswer answer;
  std::vector<int> handed;
  for (std::size_t i = 0; i <= trees.size(); ++i) {
    const bool last = i == trees.size();
    if (!last && trees[i]) {
      answer.mounts.push_back(static_cast<std::uint32_t>(i));
      handed.push_back(trees[i].get());
    }
    if (!last && handed.size() < kMaxDescriptors) continue;
    answer.more = !last;
    TRY(answer_to.send(codec::encode(answer), handed));
    answer.mounts.clear();
    handed.clear();
  }
  return {};
}

[[noreturn]] void run_helper(const LaunchPlan& plan, const std::vector<UniqueFd>& descriptors,
                             const PrivatePlaces& places, const Channel& answer_to) {
  const Result<SourceTrees> trees = clone_early(plan, descriptors, places);
  Result<> sent;
  if (trees) {
    sent = send_trees(answer_to, *trees);
  } else {
    const Error& error = trees.error();
    sent = answer_to.send(
        codec::encode(HelperAnswer{.errnum = error.errnum, .trail = error.trail, .remedy = error.remedy}));
  }
  ::_exit(sent ? 0 : 1);
}

Result<SourceTrees> receive_trees(const Channel& helper, std::size_t mounts) {
  SourceTrees trees(mounts);
  for (;;) {
    auto packet = TRY(helper.receive());
    if (!packet) return refuse("the helper that opens what is bound died");
    HelperAnswer answer = TRY(codec::decode<HelperAnswer>(packet->bytes));
    if (!answer.trail.empty())
      return std::unexpected(Error{answer.errnum, std::move(answer.trail), std::move(answer.remedy)});
    if (packet->descriptors.size() != answer.mounts.size())
      return refuse("the helper that opens what is bound lost some", "see ulimit -n");
    for (std::size_t i = 0; i < answer.mounts.size(); ++i)
      trees.at(answer.mounts[i]) = std::move(packet->descriptors[i]);
    if (!answer.more) return trees;
  }
}

}  // namespace

Result<SourceTrees> clone_sources_early(const LaunchPlan& plan, const std::vector<UniqueFd>& descriptors,
                                        const PrivatePlaces& places) {
  if (std::ranges::none_of(plan.mounts, is_bind, &Mount::kind)) return SourceTrees(plan.mounts.size());
  auto [ours, theirs] = TRY(Channel::pair());
  // SAFETY: the launcher has one thread, so the child may use the heap.
  const pid_t helper = ::fork();
  if (helper < 0) return failed("fork");
  if (helper == 0) run_helper(plan, descriptors, places, theirs);
  theirs = Channel{};
  auto trees = receive_trees(ours, plan.mounts.size());
  while (::waitpid(helper, nullptr, 0) < 0 && errno == EINTR) {
  }
  return trees;
}

Result<> clone_sources(const LaunchPlan& plan, const std::vector<UniqueFd>& descriptors,
                       const PrivatePlaces& places, SourceTrees& trees) {
  trees.resize(plan.mounts.size());
  for (std::size_t i = 0; i < plan.mounts.size(); ++i)
    if (is_bind(plan.mounts[i].kind) && !trees[i])
      trees[i] = TRY(clone_source(plan.mounts[i], descriptors, places));
  return {};
}

Result<> check_device(int descriptor, const DeviceNode& node) {
  struct stat status{};
  const std::string path = std::string("/dev/") + node.name;
  if (::fstat(descriptor, &status) != 0) return failed("look at " + path);
  if (S_ISCHR(status.st_mode) && status.st_rdev == makedev(node.major, node.minor)) return {};
  return refuse(path + " is not the device that it should be",
                "as root: mknod -m 666 " + path + " c " + std::to_string(node.major) + " " +
                    std::to_string(node.minor) + ", where nothing else stands there");
}

Result<std::vector<UniqueFd>> clone_devices() {
  std::vector<UniqueFd> nodes;
  for (const DeviceNode& device : kDeviceNodes) {
    const std::string path = std::string("/dev/") + device.name;
    UniqueFd node(clone_tree(AT_FDCWD, path.c_str(), Reach::this_mount));
    if (!node) return failed("bind " + path);
    TRY(check_device(node.get(), device));
    nodes.push_back(std::move(node));
  }
  return nodes;
}

}  // namespace pawl::sandbox
