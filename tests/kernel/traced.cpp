#include "tests/kernel/traced.hpp"

#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <catch2/catch.hpp>
#include <utility>

namespace pawl::testing {
namespace {

constexpr int kAtCall = SIGTRAP | 0x80;  // PTRACE_O_TRACESYSGOOD
// Without TRACEEXEC whatever is executed would find a SIGTRAP, and pid 1 has it blocked, and would keep it.
constexpr long kOptions = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC;

void set_options(pid_t process, long options) {
  REQUIRE(::ptrace(PTRACE_SETOPTIONS, process, nullptr, options) == 0);
}

}  // namespace

void Traced::become() { ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr); }

Traced::Traced(pid_t child) : pid_(child) {
  REQUIRE(::waitpid(pid_, &status_, 0) == pid_);
  REQUIRE(WIFSTOPPED(status_));  // it has been executed
  set_options(pid_, kOptions);
}

Traced::Traced(pid_t pid, int status) : pid_(pid), status_(status) { set_options(pid_, kOptions); }

Traced::Traced(Traced&& other) noexcept : pid_(std::exchange(other.pid_, -1)), status_(other.status_) {}

bool Traced::resume(Until until) {
  const int stop = WSTOPSIG(status_);
  const int signal = stop == SIGTRAP || stop == SIGSTOP || stop == kAtCall ? 0 : stop;
  const auto request = until == Until::call ? PTRACE_SYSCALL : PTRACE_CONT;
  // It may have been killed while it was held.
  (void)::ptrace(request, pid_, nullptr, signal);
  if (::waitpid(pid_, &status_, 0) == pid_ && WIFSTOPPED(status_)) return true;
  pid_ = -1;
  return false;
}

bool Traced::stops_for(int event) const { return status_ >> 8 == (SIGTRAP | event << 8); }

std::optional<long> Traced::call() const {
  __ptrace_syscall_info info{};
  if (WSTOPSIG(status_) != kAtCall || ::ptrace(PTRACE_GET_SYSCALL_INFO, pid_, sizeof(info), &info) <= 0 ||
      info.op != PTRACE_SYSCALL_INFO_ENTRY)
    return std::nullopt;
  return static_cast<long>(info.entry.nr);
}

bool Traced::go() {
  while (resume(Until::call))
    if (const auto next = call(); next && *next != SYS_rt_sigaction) return true;
  return false;
}

std::optional<Traced> Traced::go_to_child() {
  set_options(pid_, kOptions | PTRACE_O_TRACEVFORK);
  while (resume(Until::event)) {
    if (!stops_for(PTRACE_EVENT_VFORK)) continue;
    unsigned long child = 0;
    REQUIRE(::ptrace(PTRACE_GETEVENTMSG, pid_, nullptr, &child) == 0);
    let_go();
    int status = 0;
    REQUIRE(::waitpid(static_cast<pid_t>(child), &status, __WALL) == static_cast<pid_t>(child));
    return Traced(static_cast<pid_t>(child), status);
  }
  return std::nullopt;
}

void Traced::let_go() {
  if (pid_ > 0) ::ptrace(PTRACE_DETACH, pid_, nullptr, nullptr);
  pid_ = -1;
}

void Traced::kill() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  while (::waitpid(pid_, &status_, __WALL) == pid_ && WIFSTOPPED(status_)) continue;
  pid_ = -1;
}

}  // namespace pawl::testing
