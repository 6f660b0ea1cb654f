// A process of the same user outside of the session, by the number that it has there.
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/escape/attempt.hpp"

namespace pawl::escape {
namespace {

pid_t victim(const Plants& plants) { return plants.number("victim"); }
// Unconfined the number leads to the victim. Inside, where it may be a process of the session, to that.
int not_ours(const Plants& plants, int outcome) {
  if (outcome != 0 || !confined) return outcome;
  return finds("/proc/" + plants["victim"] + "/comm", plants["victim_name"]);
}
std::string proc(const Plants& plants, const char* file) { return "/proc/" + plants["victim"] + file; }

int see(const Plants& plants) { return finds(proc(plants, "/comm"), plants["victim_name"]); }
int signal_zero(const Plants& plants) { return not_ours(plants, answer(::kill(victim(plants), 0))); }
int signal_thread(const Plants& plants) {
  return not_ours(plants, answer(::syscall(SYS_tgkill, victim(plants), victim(plants), 0)));
}
int queue_signal(const Plants& plants) { return not_ours(plants, answer(::sigqueue(victim(plants), 0, {}))); }
int trace(const Plants& plants) {
  const pid_t pid = victim(plants);
  if (::ptrace(PTRACE_ATTACH, pid, nullptr, nullptr) != 0) return errno;
  ::waitpid(pid, nullptr, __WALL);
  (void)::ptrace(PTRACE_DETACH, pid, nullptr, nullptr);
  return not_ours(plants, 0);
}
int seize(const Plants& plants) {
  if (::ptrace(PTRACE_SEIZE, victim(plants), nullptr, nullptr) != 0) return errno;
  return not_ours(plants, 0);  // it goes when this process ends
}
// Nothing is mapped at address 0: EFAULT says that the process itself was reached.
template <auto Move>
int move_memory(const Plants& plants) {
  char byte = 0;
  iovec local{&byte, 1};
  iovec remote{nullptr, 1};
  const long count = Move(victim(plants), &local, 1, &remote, 1, 0);
  return count < 0 && errno != EFAULT ? errno : not_ours(plants, 0);
}
int open_pidfd(const Plants& plants) {
  return not_ours(plants, answer(::syscall(SYS_pidfd_open, victim(plants), 0)));
}
int take_descriptor(const Plants& plants) {
  const int process = static_cast<int>(::syscall(SYS_pidfd_open, victim(plants), 0));
  if (process < 0) return errno;
  return not_ours(plants, answer(::syscall(SYS_pidfd_getfd, process, 0, 0)));
}
int signal_by_pidfd(const Plants& plants) {
  const int process = static_cast<int>(::syscall(SYS_pidfd_open, victim(plants), 0));
  if (process < 0) return errno;
  return not_ours(plants, answer(::syscall(SYS_pidfd_send_signal, process, 0, nullptr, 0)));
}
int open_memory(const Plants& plants) { return opens(proc(plants, "/mem"), O_RDONLY); }
int read_maps(const Plants& plants) { return finds(proc(plants, "/maps"), "python"); }
int read_descriptors(const Plants& plants) { return opens(proc(plants, "/fd"), O_RDONLY | O_DIRECTORY); }
int read_program(const Plants& plants) { return not_ours(plants, opens(proc(plants, "/exe"), O_RDONLY)); }
int change_oom(const Plants& plants) {
  return not_ours(plants, opens(proc(plants, "/oom_score_adj"), O_WRONLY));
}
int change_priority(const Plants& plants) {
  return not_ours(plants, answer(::setpriority(PRIO_PROCESS, static_cast<id_t>(victim(plants)), 5)));
}
int change_limits(const Plants& plants) {
  rlimit limit{};
  return not_ours(plants, answer(::prlimit(victim(plants), RLIMIT_CORE, nullptr, &limit)));
}
int change_affinity(const Plants& plants) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(0, &set);
  CPU_SET(1, &set);
  return not_ours(plants, answer(::sched_setaffinity(victim(plants), sizeof(set), &set)));
}
int change_io_priority(const Plants& plants) {
  return not_ours(plants, answer(::syscall(SYS_ioprio_set, 1, victim(plants), (2 << 13) | 7)));
}
int compare(const Plants& plants) {
  return not_ours(plants, answer(::syscall(SYS_kcmp, ::getpid(), victim(plants), 1, 0, 0)));
}
int session_of(const Plants& plants) { return not_ours(plants, answer(::getsid(victim(plants)))); }
int group_of(const Plants& plants) { return not_ours(plants, answer(::getpgid(victim(plants)))); }
int move_pages(const Plants& plants) {
  const unsigned long first = 1;
  return not_ours(plants, answer(::syscall(SYS_migrate_pages, victim(plants), 64, &first, &first)));
}
int robust_list(const Plants& plants) {
  void* head = nullptr;
  std::size_t size = 0;
  return not_ours(plants, answer(::syscall(SYS_get_robust_list, victim(plants), &head, &size)));
}
int join_group(const Plants& plants) {
  // EPERM where the group is of another session: it was found. ESRCH where there is none.
  if (::setpgid(0, victim(plants)) == 0 || (errno == EPERM && !confined)) return not_ours(plants, 0);
  return errno;
}
int trace_first(const Plants&) { return answer(::ptrace(PTRACE_SEIZE, 1, nullptr, nullptr)); }
int read_first(const Plants&) {
  char byte = 0;
  const iovec local{&byte, 1};
  const iovec remote{nullptr, 1};
  return ::process_vm_readv(1, &local, 1, &remote, 1, 0) < 0 && errno != EFAULT ? errno : 0;
}
int see_launcher(const Plants& plants) { return finds("/proc/" + plants["harness"] + "/comm", "python3"); }

constexpr Attempt kAttempts[] = {
    {"see", Needs::user, see},
    {"see-who-started-it", Needs::user, see_launcher},
    {"signal", Needs::user, signal_zero},
    {"signal-a-thread", Needs::user, signal_thread},
    {"queue-a-signal", Needs::user, queue_signal},
    {"ptrace-attach", Needs::user, trace},
    {"ptrace-seize", Needs::user, seize},
    {"ptrace-pid-1", Needs::root, trace_first},
    {"read-memory-of-pid-1", Needs::root, read_first},
    {"read-memory", Needs::user, move_memory<::process_vm_readv>},
    {"write-memory", Needs::user, move_memory<::process_vm_writev>},
    {"pidfd", Needs::user, open_pidfd},
    {"take-a-descriptor", Needs::user, take_descriptor},
    {"signal-by-pidfd", Needs::user, signal_by_pidfd},
    {"open-its-memory", Needs::user, open_memory},
    {"read-its-maps", Needs::user, read_maps},
    {"list-its-descriptors", Needs::user, read_descriptors},
    {"read-its-program", Needs::user, read_program},
    {"make-it-be-killed-first", Needs::user, change_oom},
    {"change-its-priority", Needs::user, change_priority},
    {"change-its-limits", Needs::user, change_limits},
    {"change-its-processors", Needs::user, change_affinity},
    {"change-its-io-priority", Needs::user, change_io_priority},
    {"compare-with-it", Needs::user, compare},
    {"its-session", Needs::user, session_of},
    {"its-group", Needs::user, group_of},
    {"join-its-group", Needs::user, join_group},
    {"move-its-pages", Needs::user, move_pages},
    {"its-robust-list", Needs::user, robust_list},
};

}  // namespace

std::span<const Attempt> processes() { return kAttempts; }

}  // namespace pawl::escape
