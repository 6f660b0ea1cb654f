// System calls that a session never needs, each the door to a large piece of the kernel. Destructive ones get
// senseless arguments: where the kernel looks at them, the call was reached.
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <ctime>

#include "tests/escape/attempt.hpp"

namespace pawl::escape {
namespace {

int io_uring_setup(const Plants&) {
  unsigned char parameters[120] = {};
  return answer(::syscall(SYS_io_uring_setup, 1, parameters));
}
int io_uring_enter(const Plants&) { return judged(::syscall(SYS_io_uring_enter, -1, 0, 0, 0, nullptr, 0)); }
int io_uring_register(const Plants&) { return judged(::syscall(SYS_io_uring_register, -1, 0, nullptr, 0)); }
int bpf(const Plants&) {
  std::uint32_t attributes[18] = {2, 4, 4, 1};  // an array of one
  return answer(::syscall(SYS_bpf, 0, attributes, sizeof(attributes)));
}
int perf(const Plants&) {
  std::uint32_t attributes[32] = {1, 128};  // PERF_TYPE_SOFTWARE, its size
  attributes[10] = 3u << 5;                 // without the kernel and a hypervisor
  return answer(::syscall(SYS_perf_event_open, attributes, 0, -1, -1, 0));
}
int userfaultfd(const Plants&) { return answer(::syscall(SYS_userfaultfd, 1 | O_CLOEXEC)); }
int kexec(const Plants&) { return judged(::syscall(SYS_kexec_load, 0, 17, nullptr, ~0ul)); }
int kexec_file(const Plants&) { return judged(::syscall(SYS_kexec_file_load, -1, -1, 0, nullptr, ~0ul)); }
int init_module(const Plants&) { return judged(::syscall(SYS_init_module, nullptr, 0, "")); }
int finit_module(const Plants&) { return judged(::syscall(SYS_finit_module, -1, "", 0)); }
int delete_module(const Plants&) { return judged(::syscall(SYS_delete_module, "pawl-escape", O_NONBLOCK)); }
int reboot(const Plants&) { return judged(::syscall(SYS_reboot, 1, 2, 3, nullptr)); }
int swapon(const Plants&) { return judged(::syscall(SYS_swapon, "/pawl-escape", 0)); }
int swapoff(const Plants&) { return judged(::syscall(SYS_swapoff, "/pawl-escape")); }
int acct(const Plants&) { return judged(::syscall(SYS_acct, "/pawl-escape/none")); }
int kernel_log(const Plants&) {
  char text[64];
  return answer(::syscall(SYS_syslog, 3, text, sizeof(text)));
}
int ioperm(const Plants&) { return judged(::syscall(SYS_ioperm, 0x80, 1, 1)); }
int iopl(const Plants&) { return judged(::syscall(SYS_iopl, 3)); }
int modify_ldt(const Plants&) {
  char table[64];
  return answer(::syscall(SYS_modify_ldt, 0, table, sizeof(table)));
}
int quota(const Plants&) {
  return judged(::syscall(SYS_quotactl, 0x800007 << 8, "/pawl-escape", 0, nullptr));
}
int set_time(const Plants&) {
  const timeval senseless{0, 5'000'000};
  return judged(::syscall(SYS_settimeofday, &senseless, nullptr));
}
int set_clock(const Plants&) {
  const timespec senseless{0, 5'000'000'000};
  return judged(::syscall(SYS_clock_settime, CLOCK_REALTIME, &senseless));
}
int hang_up(const Plants&) {
  return in_child([] { return ::setsid() < 0 ? errno : answer(::syscall(SYS_vhangup)); });
}
int add_key(const Plants&) { return answer(::syscall(SYS_add_key, "user", "pawl-escape-new", "x", 1, -3)); }
int join_keyring(const Plants&) { return answer(::syscall(SYS_keyctl, 1, nullptr)); }
int old_personality(const Plants&) {
  return in_child([] { return answer(::personality(READ_IMPLIES_EXEC)); });
}
int notify_filter(const Plants&) {
  return in_child([] {
    sock_filter allow[] = {{BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW}};
    const sock_fprog program{1, allow};
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    return answer(
        ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program));
  });
}
int foreign_abi_32(const Plants&) {
#ifdef __x86_64__
  long result = 20;  // getpid
  asm volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
  return result > 0 ? 0 : ENOSYS;
#else
  return kAbsent;
#endif
}
int foreign_abi_x32(const Plants&) {
  const long result = ::syscall(0x40000000 | 39);  // getpid
  return result < 0 && errno == ENOSYS && !confined ? kAbsent : answer(result);
}
int kcmp_self(const Plants&) { return answer(::syscall(SYS_kcmp, ::getpid(), ::getpid(), 1, 0, 0)); }
int mbind_pages(const Plants&) { return judged(::syscall(SYS_mbind, nullptr, 0, 0, nullptr, 0, 0)); }
int fanotify(const Plants&) { return answer(::syscall(SYS_fanotify_init, 0x200, O_RDONLY)); }
int fanotify_all(const Plants&) { return answer(::syscall(SYS_fanotify_init, 4, O_RDONLY)); }
int lookup_mounts(const Plants&) {
  std::uint64_t request[4] = {24, ~0ull, 0, 0};
  std::uint64_t ids[8];
  const long count = ::syscall(458, request, ids, 8, 0);  // listmount
  return count < 0 && errno == ENOSYS && !confined ? kAbsent : answer(count);
}
int change_tree(const Plants&) {
  std::uint64_t attributes[4] = {};
  return judged(::syscall(467, -1, "", 0, attributes, sizeof(attributes)));  // open_tree_attr
}
// A filter judges what a tracer made of a call.
int changed_by_tracer(const Plants&) {
#ifdef __x86_64__
  return in_child([] {
    const pid_t child = ::fork();
    if (child == 0) {
      if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) ::_exit(errno);
      (void)::raise(SIGSTOP);
      ::_exit(answer(::syscall(SYS_setpgid, 0, -1)) == 0 ? 0 : errno);  // as it stands, it fails
    }
    int status = 0;
    bool changed = false;
    while (::waitpid(child, &status, 0) == child && WIFSTOPPED(status)) {
      user_regs_struct registers{};
      (void)::ptrace(PTRACE_GETREGS, child, nullptr, &registers);
      if (!changed && registers.orig_rax == SYS_setpgid) {
        registers.orig_rax = SYS_unshare;
        registers.rdi = CLONE_NEWUSER;
        changed = ::ptrace(PTRACE_SETREGS, child, nullptr, &registers) == 0;
      }
      (void)::ptrace(PTRACE_SYSCALL, child, nullptr, nullptr);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : EFAULT;
  });
#else
  return kAbsent;
#endif
}
// On something that is no terminal, the kernel answers that; a filter answers before.
int terminal_request(std::uint64_t request) {
  const int file = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  char key = 'x';
  const long result = ::syscall(SYS_ioctl, file, request, &key);
  return result == 0 || errno == ENOTTY ? 0 : errno;
}
int push_key(const Plants&) { return terminal_request(TIOCSTI); }
int push_key_wide(const Plants&) { return terminal_request((std::uint64_t{1} << 32) | TIOCSTI); }
int paste(const Plants&) { return terminal_request(TIOCLINUX); }
int line_discipline(const Plants&) { return terminal_request(TIOCSETD); }

constexpr Attempt kAttempts[] = {
    {"io-uring-setup", Needs::user, io_uring_setup},
    {"io-uring-enter", Needs::user, io_uring_enter},
    {"io-uring-register", Needs::user, io_uring_register},
    {"bpf", Needs::root, bpf},
    {"perf-event-open", Needs::user, perf},
    {"userfaultfd", Needs::user, userfaultfd},
    {"kexec-load", Needs::root, kexec},
    {"kexec-file-load", Needs::root, kexec_file},
    {"init-module", Needs::root, init_module},
    {"finit-module", Needs::root, finit_module},
    {"delete-module", Needs::root, delete_module},
    {"reboot", Needs::root, reboot},
    {"swapon", Needs::root, swapon},
    {"swapoff", Needs::root, swapoff},
    {"acct", Needs::root, acct},
    {"kernel-log", Needs::root, kernel_log},
    {"ioperm", Needs::root, ioperm},
    {"iopl", Needs::root, iopl},
    {"modify-ldt", Needs::user, modify_ldt},
    {"quotactl", Needs::user, quota},
    {"settimeofday", Needs::root, set_time},
    {"clock-settime", Needs::root, set_clock},
    {"vhangup", Needs::root, hang_up},
    {"add-key", Needs::user, add_key},
    {"join-session-keyring", Needs::user, join_keyring},
    {"personality-executable-data", Needs::user, old_personality},
    {"filter-that-notifies", Needs::user, notify_filter},
    {"calls-of-i386", Needs::user, foreign_abi_32},
    {"calls-of-x32", Needs::user, foreign_abi_x32},
    {"kcmp", Needs::user, kcmp_self},
    {"mbind", Needs::user, mbind_pages},
    {"fanotify", Needs::user, fanotify},
    {"fanotify-with-permission-events", Needs::root, fanotify_all},
    {"list-mounts", Needs::user, lookup_mounts},
    {"open-tree-attr", Needs::user, change_tree},
    {"call-changed-by-a-tracer", Needs::user, changed_by_tracer},
    {"push-a-key", Needs::user, push_key},
    {"push-a-key-with-high-bits", Needs::user, push_key_wide},
    {"paste-a-selection", Needs::user, paste},
    {"change-the-line-discipline", Needs::user, line_discipline},
};

}  // namespace

std::span<const Attempt> kernel_surface() { return kAttempts; }

}  // namespace pawl::escape
