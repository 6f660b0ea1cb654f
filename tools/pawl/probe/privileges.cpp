// no_new_privs, the system call filter and foreign ABIs. Runs in pawl-probe.
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>

#include "sandbox/seccomp_filter.hpp"
#include "tools/pawl/probe/child.hpp"
#include "tools/pawl/probe/filter.hpp"

namespace pawl::probe {
namespace {

Result<> forbid() {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return failed("set no_new_privs");
  return {};
}

// Calls without an effect that the filter refuses; a container's own filter may refuse some of them already.
struct Harmless {
  const char* name;
  long (*call)();
};
constexpr Harmless kHarmless[] = {
    {"unshare", [] { return ::syscall(SYS_unshare, 0); }},
    {"kcmp", [] { return ::syscall(SYS_kcmp, ::getpid(), ::getpid(), 2 /* KCMP_FILES */, 0, 0); }},
    {"ptrace", [] { return ::syscall(SYS_ptrace, 0 /* PTRACE_TRACEME */, 0, 0, 0); }},
    {"set_mempolicy", [] { return ::syscall(SYS_set_mempolicy, 0 /* MPOL_DEFAULT */, nullptr, 0); }},
};

const Harmless* first_that_works() {
  for (const Harmless& one : kHarmless) {
    const auto works = in_child([&one]() -> Result<> {
      if (one.call() < 0) return failed(one.name);
      return {};
    });
    if (works) return &one;
  }
  return nullptr;
}

#ifdef __x86_64__
long getpid_as_i386() {
  long result = 20;  // getpid of i386
  asm volatile("int $0x80" : "+a"(result) : : "memory", "cc", "r8", "r9", "r10", "r11");
  return result;
}
long getpid_as_x32() { return ::syscall(0x40000000 | SYS_getpid); }

struct Abi {
  const char* name;
  long (*getpid)();
};
constexpr Abi kForeign[] = {{"32-bit", getpid_as_i386}, {"x32", getpid_as_x32}};

Result<> answers(const Abi& abi) {
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);  // it may die of it
  if (abi.getpid() != ::getpid()) return failed(abi.name, ENOSYS);
  return {};
}
#endif

}  // namespace

Result<> forbid_and_filter() {
  const sandbox::FilterProgram program =
      TRY(sandbox::compile_filter(sandbox::profile_of(sandbox::SyscallProfile::standard)));
  const sock_fprog filter{static_cast<unsigned short>(program.size()),
                          const_cast<sock_filter*>(program.data())};
  TRY(forbid());
  if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) != 0)
    return failed("install a system call filter");
  return {};
}

Result<> try_no_new_privileges(const Ground&) {
  return in_child([]() -> Result<> {
    TRY(forbid());
    if (::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1) return got_through("no_new_privs did not stay");
    if (::prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0) return got_through("no_new_privs was taken back");
    return {};
  });
}

Result<> try_seccomp(const Ground&) {
  const Harmless* const call = first_that_works();
  if (call == nullptr) return refuse("no call is left here that the filter could be tried on");
  return in_child([call]() -> Result<> {
    TRY(forbid_and_filter());
    if (call->call() >= 0) return got_through(std::string(call->name) + "(2) passed the system call filter");
    if (errno != EPERM && errno != ENOSYS) return failed(std::string("have refused ") + call->name);
    if (::getppid() <= 0) return failed("call what the filter allows");
    return {};
  });
}

Result<> try_foreign_abi(const Ground&) {
#ifdef __x86_64__
  TRY(needing(sandbox::Layer::seccomp, in_child(forbid_and_filter)));
  std::string found;
  for (const Abi& abi : kForeign) {
    if (const int status = TRY(status_of([&abi] { return answers(abi); })); status != 0) continue;
    found += found.empty() ? abi.name : std::string(" and ") + abi.name;
    const int status = TRY(status_of([&abi]() -> Result<> {
      TRY(forbid_and_filter());
      return answers(abi);
    }));
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS)
      return got_through(std::string("a ") + abi.name + " call did not end in death under the filter");
  }
  if (found.empty()) return nothing_to_hold("this kernel takes neither 32-bit nor x32 calls");
  return {};
#else
  return nothing_to_hold("only x86-64 has foreign calls that are known here");
#endif
}

}  // namespace pawl::probe
