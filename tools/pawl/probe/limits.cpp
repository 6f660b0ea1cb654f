// Limits: a control group (cgroups(7), version 2) as a session gets one, and attempts to have more than its
// share. Runs in pawl-probe as the person, with the launcher's own code.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <csignal>

#include <array>

#include "sandbox/base/text_file.hpp"
#include "sandbox/cgroup.hpp"
#include "tools/pawl/probe/child.hpp"

namespace pawl::probe {
namespace {

constexpr std::size_t kMemory = 32u << 20;  // bytes that the group may have
constexpr std::size_t kTooMuch = 3 * kMemory;
constexpr std::uint32_t kProcesses = 4;
constexpr int kForks = 8;            // more than the group may have
constexpr std::uint32_t kCpus = 20;  // hundredths
constexpr long kSpin = 500;          // milliseconds
constexpr long kTooBusy = 60;        // percent

sandbox::LaunchPlan limited_plan() {
  sandbox::LaunchPlan plan;
  plan.name = "doctor";
  plan.limits.memory = kMemory;
  plan.limits.processes = kProcesses;
  plan.limits.cpus = kCpus;
  return plan;
}

Result<> fork_too_often() {
  bool refused = false;
  std::array<pid_t, kForks> children{};
  for (pid_t& child : children) {
    child = ::fork();
    if (child == 0) {
      ::pause();
      ::_exit(0);
    }
    refused = refused || (child < 0 && errno == EAGAIN);
  }
  for (const pid_t child : children)
    if (child > 0) {
      ::kill(child, SIGKILL);
      ::waitpid(child, nullptr, 0);
    }
  return refused ? Result<>{} : got_through("a group had more processes than its limit");
}

Result<> take_too_much() {
  void* const memory = ::mmap(nullptr, kTooMuch, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return failed("mmap");
  auto* const bytes = static_cast<volatile char*>(memory);
  for (std::size_t at = 0; at < kTooMuch; at += 4096) bytes[at] = 1;
  return {};
}

long milliseconds(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1'000'000;
}

// On a busy host it gets less than its share anyway; more is what must not be.
Result<> keep_busy() {
  const long started = milliseconds(CLOCK_MONOTONIC);
  long passed = 0;
  while (passed < kSpin) passed = milliseconds(CLOCK_MONOTONIC) - started;
  if (milliseconds(CLOCK_PROCESS_CPUTIME_ID) * 100 / passed > kTooBusy)
    return got_through("a process had more processor time than the limit of its group");
  return {};
}

Result<> attack(const sandbox::SessionCgroup& cgroup) {
  const auto join = [&cgroup]() -> Result<> {
    if (::write(cgroup.entry(), "0", 1) != 1) return failed("enter the group");
    return {};
  };
  // Without the controller pids the number is held by the session's user namespace, which is not made here.
  if (read_text(cgroup.directory(), "pids.max"))
    TRY(in_child([&]() -> Result<> {
      TRY(join());
      return fork_too_often();
    }));
  TRY(in_child([&]() -> Result<> {
    TRY(join());
    return keep_busy();
  }));
  const int status = TRY(status_of([&]() -> Result<> {
    TRY(join());
    return take_too_much();
  }));
  if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
    return got_through("a process had more memory than the limit of its group");
  return {};
}

}  // namespace

Result<> try_limits(const Ground&) {
  sandbox::HeldLimits held = TRY(sandbox::hold_limits(limited_plan()));
  TRY(attack(held.cgroup));
  held.cgroup.end();
  return {};
}

}  // namespace pawl::probe
