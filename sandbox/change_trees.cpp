#include "sandbox/change_trees.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <algorithm>

#include "sandbox/base/channel.hpp"
#include "sandbox/base/codec.hpp"
#include "sandbox/base/mount_api.hpp"
#include "sandbox/file_identity.hpp"
#include "sandbox/host_remedies.hpp"

namespace pawl::sandbox {
namespace {

// overlayfs itself does not mind, and the session would find its own changes among its files.
Result<> check_apart(const Mount& mount, const std::vector<UniqueFd>& descriptors, const UniqueFd& folder) {
  struct stat shown{};
  const int looked = mount.descriptor == kNone ? ::stat(mount.source.c_str(), &shown)
                                               : ::fstat(descriptors.at(mount.descriptor).get(), &shown);
  if (looked != 0) return failed("look at what is shown at " + mount.target);
  if (leads_through(TRY(Lineages().of(folder.get())), {shown.st_dev, shown.st_ino}))
    return refuse("it lies in what is shown at " + mount.target,
                  "choose another workspace, or an XDG_DATA_HOME outside of this one");
  return {};
}

Result<UniqueFd> open_own(const UniqueFd& tree, const char* name) {
  UniqueFd folder(open_beneath(tree.get(), name, O_PATH | O_DIRECTORY | O_NOFOLLOW));
  if (!folder) return failed(std::string("open ") + name);
  return folder;
}

Result<ChangeTree> clone_one(const Mount& mount, const std::vector<UniqueFd>& descriptors) {
  const UniqueFd here = TRY(open_again(descriptors.at(mount.changes).get()));
  TRY(check_apart(mount, descriptors, here));
  ChangeTree changes;
  changes.tree = UniqueFd(clone_tree(here.get(), "", Reach::this_mount));
  if (!changes.tree) return failed("clone it");
  changes.upper = TRY(open_own(changes.tree, "upper"));
  changes.work = TRY(open_own(changes.tree, "work"));
  return changes;
}

bool keeps_changes(const Mount& mount) { return mount.changes != kNone; }

struct HelperAnswer {
  std::int32_t errnum = 0;
  std::string trail;
  std::string remedy;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.errnum, self.trail, self.remedy);
  }
};

Result<ChangeTrees> clone_in_own_namespace(const LaunchPlan& plan, const std::vector<UniqueFd>& descriptors) {
  // A user namespace of its own gives the right to clone mounts; no id is mapped in it.
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
    return explained(Layer::user_namespace, Result<ChangeTrees>(failed("make user namespace")));
  ChangeTrees trees;
  TRY(clone_changes(plan, descriptors, trees));
  return trees;
}

[[noreturn]] void run_helper(const LaunchPlan& plan, const std::vector<UniqueFd>& descriptors,
                             const Channel& answer_to) {
  const Result<ChangeTrees> trees = clone_in_own_namespace(plan, descriptors);
  HelperAnswer answer;
  std::vector<int> handed;
  if (trees) {
    for (const ChangeTree& one : *trees)
      if (one.tree) handed.insert(handed.end(), {one.tree.get(), one.upper.get(), one.work.get()});
  } else {
    answer = {trees.error().errnum, trees.error().trail, trees.error().remedy};
  }
  const Result<> sent = answer_to.send(codec::encode(answer), handed);
  ::_exit(sent ? 0 : 1);
}

}  // namespace

Result<ChangeTrees> clone_changes_early(const LaunchPlan& plan, const std::vector<UniqueFd>& descriptors) {
  ChangeTrees trees(plan.mounts.size());
  const auto kept = static_cast<std::size_t>(std::ranges::count_if(plan.mounts, keeps_changes));
  if (kept == 0) return trees;
  if (kept * 3 > kMaxDescriptors) return refuse("too many overlays");
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
  if (!*packet) return refuse("the helper that opens folders for changes died");
  HelperAnswer answer = TRY(codec::decode<HelperAnswer>((*packet)->bytes));
  if (!answer.trail.empty())
    return std::unexpected(Error{answer.errnum, std::move(answer.trail), std::move(answer.remedy)});
  std::vector<UniqueFd>& got = (*packet)->descriptors;
  if (got.size() != kept * 3) return refuse("the helper that opens folders for changes lost some");
  for (std::size_t i = 0, next = 0; i < trees.size(); ++i)
    if (keeps_changes(plan.mounts[i])) {
      trees[i] = {std::move(got[next]), std::move(got[next + 1]), std::move(got[next + 2])};
      next += 3;
    }
  return trees;
}

Result<> clone_changes(const LaunchPlan& plan, const std::vector<UniqueFd>& descriptors, ChangeTrees& trees) {
  trees.resize(plan.mounts.size());
  for (std::size_t i = 0; i < plan.mounts.size(); ++i)
    if (keeps_changes(plan.mounts[i]) && !trees[i].tree)
      trees[i] = TRY_DURING("the folder for changes of " + plan.mounts[i].target,
                            clone_one(plan.mounts[i], descriptors));
  return {};
}

}  // namespace pawl::sandbox
