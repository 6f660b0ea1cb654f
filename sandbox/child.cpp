#include "sandbox/child.hpp"

#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "sandbox/base/mount_api.hpp"
#include "sandbox/caps.hpp"
#include "sandbox/keyring.hpp"
#include "sandbox/proc_file.hpp"
#include "sandbox/pty.hpp"

namespace pawl::sandbox {
namespace {

// A step returns 0 or an errno.
int outcome(long result) noexcept { return result < 0 ? errno : 0; }

int reset_signals(ChildPlan& plan) noexcept {
  struct sigaction usual{};
  usual.sa_handler = SIG_DFL;
  for (int number = 1; number < _NSIG; ++number)
    ::sigaction(number, &usual, nullptr);  // some cannot be changed
  sigset_t mask;
  if (plan.signals == Signals::kept)
    ::sigfillset(&mask);
  else
    ::sigemptyset(&mask);
  return outcome(::sigprocmask(SIG_SETMASK, &mask, nullptr));
}

// The launcher may be gone before the kernel knows that we care, and in a new pid namespace getppid(2) cannot
// tell.
int die_with_launcher(ChildPlan& plan) noexcept {
  ::close(plan.launcher_end);
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) return errno;
  pollfd alive{plan.launcher_alive, 0, 0};
  if (::poll(&alive, 1, 0) < 0) return errno;
  return (alive.revents & POLLHUP) != 0 ? EOWNERDEAD : 0;
}

// First the cgroup, then the namespace, of which it is the root: the session sees nothing above itself.
// SAFETY: the kernel judges by who opened the file, and that was the launcher before it gave rights up.
int enter_cgroup(ChildPlan& plan) noexcept {
  if (plan.cgroup >= 0 && ::write(plan.cgroup, "0", 1) != 1) return errno;
  return outcome(::unshare(CLONE_NEWCGROUP));
}

int map_ids(ChildPlan& plan) noexcept { return write_id_maps(plan.id_maps); }

// /proc/self/oom_score_adj is out of the command's reach later: its /proc is read-only.
int raise_oom_score(ChildPlan& plan) noexcept {
  return write_proc_file("/proc/self/oom_score_adj", plan.oom_score);
}

int name_host(ChildPlan& plan) noexcept { return outcome(::sethostname(plan.hostname, plan.hostname_size)); }

// SAFETY: read-only as a whole, so that neither /proc/sys nor sysrq-trigger nor /proc/PID/mem can be written,
// and a raised oom_score_adj not be lowered again. The path lies on the new root, where only the launcher has
// written.
int mount_proc(ChildPlan& plan) noexcept {
  if (plan.proc == nullptr) return 0;
  return outcome(::mount("proc", plan.proc, "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY, nullptr));
}

// What is bound over them reads as empty. A kernel that has no such file has nothing to hide.
int mask_proc(ChildPlan& plan) noexcept {
  for (const char* file : plan.proc_masked)
    if (::mount("/dev/null", file, nullptr, MS_BIND, nullptr) != 0 && errno != ENOENT) return errno;
  return 0;
}

int mount_terminals(ChildPlan& plan) noexcept {
  if (plan.terminals == nullptr) return 0;
  // All instances share the host's kernel.pty.max: without a limit of its own one session could take all.
  return outcome(::mount("devpts", plan.terminals, "devpts", MS_NOSUID | MS_NOEXEC,
                         "newinstance,ptmxmode=0666,mode=620,max=128"));
}

// The working directory is our copy of the root that the launcher built. All of it is locked in this
// namespace, the top too, which pivot_root(2) refuses; so a copy of it, whose top alone is not locked, is
// attached over it.
int enter_root(ChildPlan&) noexcept {
  const int root = clone_tree(AT_FDCWD, "", Reach::whole_tree);
  if (root < 0) return errno;
  if (attach_tree(root, AT_FDCWD, ".") != 0 || ::fchdir(root) != 0) return errno;
  // pivot_root(2), "pivot_root(".", ".")": the old root ends up over the new one and is taken off it.
  if (pivot_root_here() != 0 || ::umount2(".", MNT_DETACH) != 0) return errno;
  return outcome(::chdir("/"));
}

// Before the terminal, which only a session leader can control. The only one: a session is a scheduling group
// of its own (sched(7), autogroup), and making one can cost milliseconds on a busy host. The command shares
// it with pid 1, in a process group of its own: were it the leader, its group would be orphaned, and the
// kernel would not stop it for Ctrl-Z.
int start_session(ChildPlan&) noexcept { return outcome(::setsid()); }

int make_terminal(ChildPlan& plan) noexcept {
  if (plan.terminal == TerminalUse::none) return 0;
  Terminal terminal;
  if (const int error = open_terminal(plan.multiplexer, terminal); error != 0) return error;
  if (const int error = hand_out(plan.report, kTerminalTag, terminal.master); error != 0) return error;
  // Before the command can look: a program that asks for the size once must find the right one.
  if (const int error = set_up_terminal(terminal.slave, plan.modes, plan.size); error != 0) return error;
  plan.slave = ::fcntl(terminal.slave, F_DUPFD_CLOEXEC, kHighDescriptor);
  return plan.slave < 0 ? errno : take_control(plan.slave);
}

int join_keyring(ChildPlan&) noexcept { return join_own_keyring(); }

int wire_descriptors(ChildPlan& plan) noexcept {
  for (std::size_t number = 0; number < plan.descriptors.size(); ++number) {
    const int source = plan.descriptors[number] == kTheTerminal ? plan.slave : plan.descriptors[number];
    if (::dup2(source, static_cast<int>(number)) < 0) return errno;
  }
  if (plan.executable_number < 0) return 0;
  const int moved = ::dup3(plan.executable, plan.executable_number, O_CLOEXEC);
  plan.executable = plan.executable_number;
  return outcome(moved);
}

int close_the_rest(ChildPlan& plan) noexcept {
  const auto first = static_cast<unsigned>(plan.descriptors.size());
  return outcome(::syscall(SYS_close_range, first, ~0u, CLOSE_RANGE_CLOEXEC));
}

int limit_resources(ChildPlan& plan) noexcept {
  const mode_t callers = ::umask(022);
  ::umask(022 | callers);
  for (const ResourceLimit& limit : plan.limits)
    if (::setrlimit(limit.resource, &limit.value) != 0) return errno;
  return 0;
}

int enter_directory(ChildPlan& plan) noexcept { return outcome(::chdir(plan.directory)); }

int drop_capabilities(ChildPlan&) noexcept { return drop_all_capabilities(); }

int forbid_new_privileges(ChildPlan&) noexcept { return outcome(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)); }

int seal_files(ChildPlan& plan) noexcept { return restrict_by_landlock(plan.landlock); }

int seal_syscalls(ChildPlan& plan) noexcept {
  return outcome(::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &plan.filter));
}

int execute(ChildPlan& plan) noexcept {
  if (plan.executable >= 0) {
    ::syscall(SYS_execveat, plan.executable, "", plan.arguments, plan.environment, AT_EMPTY_PATH);
    return errno;
  }
  int error = ENOENT;
  for (const char* candidate : plan.candidates) {
    ::execve(candidate, plan.arguments, plan.environment);
    if (errno != ENOENT && errno != ENOTDIR) error = errno;
    if (errno != ENOENT && errno != ENOTDIR && errno != EACCES) break;
  }
  return error;
}

struct Step {
  std::string_view name;
  int (*run)(ChildPlan&) noexcept;
  std::optional<Layer> layer{};  // what of the host it needs
  std::string_view remedy{};
};

constexpr Step kOrder[] = {
    {"reset signals", reset_signals},
    {"die with the launcher", die_with_launcher},
    {"enter the session's cgroup and its namespace", enter_cgroup, Layer::cgroup_namespace},
    {"map ids", map_ids, Layer::id_maps},
    {"raise the out-of-memory score", raise_oom_score},
    {"name the host", name_host, Layer::uts_namespace},
    {"mount /proc", mount_proc, Layer::private_proc},
    {"hide kernel details in /proc", mask_proc, Layer::private_proc},
    {"mount /dev/pts", mount_terminals, Layer::terminal},
    {"enter the new root", enter_root, Layer::new_root},
    {"start a session", start_session},
    {"make the terminal", make_terminal, Layer::terminal},
    {"join an own keyring", join_keyring, Layer::keyring},
    {"wire descriptors", wire_descriptors},
    {"close other descriptors", close_the_rest, Layer::close_range},
    {"limit resources", limit_resources},
    {"enter the working directory", enter_directory, std::nullopt,
     "the plan must mount it, and its user must be allowed to enter it"},
    {"drop capabilities", drop_capabilities},
    {"forbid new privileges", forbid_new_privileges, Layer::no_new_privileges},
    {"seal files", seal_files, Layer::landlock},
    {"seal system calls", seal_syscalls, Layer::seccomp},
    {"execute", execute},
};

#ifdef PAWL_TEST_OMIT_STEP
// Copies of the test's launcher have another number here (tests/kernel/mutation_test.cpp).
const volatile std::uint32_t kOmitted[] = {0x70617770, 0x6d757461, 0x6e742121, 0xffffffff};
// The same: the step before which they wait, so that somebody can be killed just then
// (tests/kernel/crash_test.cpp).
const volatile std::uint32_t kAwaited[] = {0x70617770, 0x6d757461, 0x70617573, 0xffffffff};
constexpr int kWait = 400;  // ms
#endif

}  // namespace

int run_child(void* argument) noexcept {
  ChildPlan& plan = *static_cast<ChildPlan*>(argument);
  for (std::uint32_t step = 0; step < std::size(kOrder); ++step) {
#ifdef PAWL_TEST_OMIT_STEP
    if (step == kOmitted[3]) continue;
    if (step == kAwaited[3]) ::poll(nullptr, 0, kWait);
#endif
    if (const int error = kOrder[step].run(plan); error != 0) {
      const StepFailure failure{step, error};
      ::send(plan.report, &failure, sizeof(failure), MSG_NOSIGNAL);
      ::_exit(127);
    }
#ifdef PAWL_TIME_STEPS
    step_finished(step);
#endif
  }
  ::_exit(127);
}

std::size_t step_count() noexcept { return std::size(kOrder); }
std::string_view step_name(std::size_t step) noexcept {
  return step < std::size(kOrder) ? kOrder[step].name : "unknown step";
}
std::string_view step_remedy(std::size_t step) noexcept {
  return step < std::size(kOrder) ? kOrder[step].remedy : "";
}
std::optional<Layer> step_layer(std::size_t step) noexcept {
  return step < std::size(kOrder) ? kOrder[step].layer : std::nullopt;
}

}  // namespace pawl::sandbox
