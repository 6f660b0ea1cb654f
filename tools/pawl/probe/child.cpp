#include "tools/pawl/probe/child.hpp"

#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>

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
  if (::unshare(namespaces) != 0) return failed(step);
  return {};
}

Result<> enter_as_user(const Ground& ground, int namespaces) {
  TRY(needing(sandbox::Layer::user_namespace, enter(CLONE_NEWUSER, "make a user namespace")));
  if (const int errnum = sandbox::write_id_maps(sandbox::single_id_maps(ground.identity)); errnum != 0)
    return needing(sandbox::Layer::id_maps, failed("map the ids of a user namespace", errnum));
  if (namespaces != 0) TRY(enter(namespaces, "make namespaces"));
  return {};
}

}  // namespace pawl::probe
