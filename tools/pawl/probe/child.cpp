#include "tools/pawl/probe/child.hpp"

#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>

#include <array>
#include <climits>

#include "sandbox/base/channel.hpp"
#include "sandbox/base/codec.hpp"
#include "sandbox/idmap.hpp"

namespace pawl::probe {
namespace {

struct Answer {
  bool done = false;
  std::int32_t errnum = 0;
  std::string trail;
  std::string remedy;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.done, self.errnum, self.trail, self.remedy);
  }
};

// Where a process sees in which namespace it is; of pids, in which its next child will be.
struct NamespaceLink {
  int flag;
  const char* name;
  const char* path;
};
constexpr NamespaceLink kLinks[] = {
    {CLONE_NEWUSER, "user", "/proc/self/ns/user"},
    {CLONE_NEWNS, "mount", "/proc/self/ns/mnt"},
    {CLONE_NEWNET, "network", "/proc/self/ns/net"},
    {CLONE_NEWPID, "pid", "/proc/self/ns/pid_for_children"},
    {CLONE_NEWIPC, "ipc", "/proc/self/ns/ipc"},
    {CLONE_NEWUTS, "uts", "/proc/self/ns/uts"},
    {CLONE_NEWCGROUP, "cgroup", "/proc/self/ns/cgroup"},
};

// Empty where /proc does not tell; a pid namespace without its first process has no name yet.
using Names = std::array<std::string, std::size(kLinks)>;
Names own_namespaces() {
  Names names;
  for (std::size_t i = 0; i < names.size(); ++i) {
    std::array<char, PATH_MAX> target{};
    const ssize_t size = ::readlink(kLinks[i].path, target.data(), target.size());
    names[i].assign(target.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  }
  return names;
}

[[noreturn]] void run(const Task& task, const Channel& report) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  const Result<> result = task();
  Answer answer{.done = result.has_value()};
  if (!result) answer = {false, result.error().errnum, result.error().trail, result.error().remedy};
  if (report) (void)report.send(codec::encode(answer));
  ::_exit(result ? 0 : 1);
}

int wait_for(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  return status;
}

}  // namespace

Result<> in_child(const Task& task) {
  auto [ours, theirs] = TRY(Channel::pair());
  const pid_t child = ::fork();
  if (child < 0) return failed("fork");
  if (child == 0) {
    ours = Channel{};
    run(task, theirs);
  }
  theirs = Channel{};
  const auto packet = ours.receive();
  const int status = wait_for(child);
  if (!packet) return std::unexpected(packet.error());
  if (!*packet) {
    const std::string how = WIFSIGNALED(status) ? "was killed by signal " + std::to_string(WTERMSIG(status))
                                                : "ended without a word";
    return failed("a process of the probe " + how, ECHILD);
  }
  Answer answer = TRY(codec::decode<Answer>((*packet)->bytes));
  if (answer.done) return {};
  return std::unexpected(Error{answer.errnum, std::move(answer.trail), std::move(answer.remedy)});
}

Result<int> status_of(const Task& task) {
  const pid_t child = ::fork();
  if (child < 0) return failed("fork");
  if (child == 0) run(task, {});
  return wait_for(child);
}

Result<> enter(int namespaces, const char* step) {
  // SAFETY: of this process alone, which ends with the probe.
  const Names before = own_namespaces();
  if (::unshare(namespaces) != 0) return failed(step);
  const Names after = own_namespaces();
  for (std::size_t i = 0; i < after.size(); ++i)
    if ((namespaces & kLinks[i].flag) != 0 && !before[i].empty() && before[i] == after[i])
      return got_through("unshare(2) succeeded, and made no " + std::string(kLinks[i].name) + " namespace");
  return {};
}

Result<> enter_as_user(const Ground& ground, int namespaces) {
  TRY(needing(sandbox::Layer::user_namespace, enter(CLONE_NEWUSER, "make a user namespace")));
  if (const int errnum = sandbox::write_id_maps(sandbox::single_id_maps(ground.identity)); errnum != 0)
    return needing(sandbox::Layer::id_maps, failed("map the ids of a user namespace", errnum));
  if (namespaces == 0) return {};
  auto entered = enter(namespaces, "make namespaces");
  // Their number is at its end: of a layer that is made of mounts the same errno would mean a full disk.
  if (!entered && (entered.error().errnum == ENOSPC || entered.error().errnum == EUSERS))
    return needing(sandbox::Layer::user_namespace, std::move(entered));
  return entered;
}

}  // namespace pawl::probe
