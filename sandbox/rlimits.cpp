#include "sandbox/rlimits.hpp"

#include <algorithm>

namespace pawl::sandbox {
namespace {

struct Row {
  int resource;
  rlim_t most;
  const char* reason;
};

// What the kernel counts for a user, it counts in the session's user namespace and in each one above
// (ucounts, Linux 5.14): a session that could use up all of it would leave none to the person's other
// programs.
constexpr Row kAlways[] = {
    {RLIMIT_CORE, 1,
     "byte: no core file, and, unlike 0, no run of the host's core handler over the session's memory "
     "(core(5))"},
    {RLIMIT_MEMLOCK, rlim_t{1} << 20, "bytes a process; what is locked cannot be swapped out"},
    {RLIMIT_MSGQUEUE, rlim_t{400} << 10, "bytes of POSIX message queues, half of a user's usual share"},
    {RLIMIT_SIGPENDING, 8192, "queued signals and timers, of some ten thousand that a user has"},
    {RLIMIT_NICE, 0, "priority is never raised"},
    {RLIMIT_RTPRIO, 0, "no real-time scheduling, which would starve the host"},
};

// Bytes of private memory, in which a thread's stack counts whole: pawl-dial has sixteen, of the size that
// the C library takes from the limit of the first.
constexpr rlim_t kServiceMemory = rlim_t{256} << 20;
constexpr rlim_t kServiceStack = rlim_t{2} << 20;

}  // namespace

Result<std::vector<ResourceLimit>> resource_limits(const Limits& limits, std::uint64_t open_files,
                                                   Runs runs) {
  std::vector<ResourceLimit> made;
  const auto add = [&made](int resource, rlim_t most) -> Result<> {
    rlimit own{};
    if (::getrlimit(resource, &own) != 0) return failed("read resource limit " + std::to_string(resource));
    const rlim_t value = std::min(most, own.rlim_max);
    made.push_back({resource, {value, value}});
    return {};
  };
  for (const Row& row : kAlways) TRY(add(row.resource, row.most));
  TRY(add(RLIMIT_NOFILE, open_files));
  // Counted in the session's user namespace, where the person's other processes do not count; but it counts
  // for theirs, in the namespaces above.
  if (limits.processes != 0) TRY(add(RLIMIT_NPROC, limits.processes));
  if (runs == Runs::service) {
    TRY(add(RLIMIT_DATA, kServiceMemory));
    TRY(add(RLIMIT_STACK, kServiceStack));
  }
  return made;
}

}  // namespace pawl::sandbox
