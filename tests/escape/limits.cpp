// More of the host than a session may have.
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/escape/attempt.hpp"

namespace pawl::escape {
namespace {

int core_dumps(const Plants&) {
  return in_child([] {
    const rlimit limit{4096, 4096};
    if (::setrlimit(RLIMIT_CORE, &limit) != 0) return errno;
    rlimit now{};
    (void)::getrlimit(RLIMIT_CORE, &now);
    return now.rlim_cur == 4096 ? 0 : EPERM;
  });
}
int more_files(const Plants&) {
  return in_child([] {
    const rlimit limit{1u << 20, 1u << 20};
    return answer(::setrlimit(RLIMIT_NOFILE, &limit));
  });
}
int more_locked_memory(const Plants&) {
  return in_child([] {
    const rlimit limit{RLIM_INFINITY, RLIM_INFINITY};
    return answer(::setrlimit(RLIMIT_MEMLOCK, &limit));
  });
}
int higher_priority(const Plants&) {
  return in_child([] { return answer(::setpriority(PRIO_PROCESS, 0, -10)); });
}
int real_time(const Plants&) {
  return in_child([] {
    const sched_param first{1};
    return answer(::sched_setscheduler(0, SCHED_FIFO, &first));
  });
}
int round_robin(const Plants&) {
  return in_child([] {
    const sched_param first{1};
    return answer(::sched_setscheduler(0, SCHED_RR, &first));
  });
}
int io_real_time(const Plants&) {
  return in_child([] { return answer(::syscall(SYS_ioprio_set, 1, 0, 1 << 13)); });
}
int never_killed_for_memory(const Plants&) {
  return in_child([] {
    const int file = ::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    return file < 0 ? errno : answer(::write(file, "-1000", 5));
  });
}
// What was set so that the session goes before the host's own programs do.
int killed_later(const Plants&) {
  return in_child([] {
    const int file = ::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (file < 0 || (!confined && ::write(file, "900", 3) < 0)) return errno;
    return answer(::pwrite(file, "100", 3, 0));
  });
}
// More than a session's memory file systems hold; a disk promises it at once.
int fill(const std::string& folder) {
  const std::string path = folder + "/pawl-escape-big";
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return errno;
  const int error = answer(::fallocate(file, FALLOC_FL_KEEP_SIZE, 0, off_t{5} << 30));
  (void)::unlink(path.c_str());
  ::close(file);
  return error;
}
int fill_tmp(const Plants& plants) { return fill(confined ? "/tmp" : plants["big"]); }
int fill_shared_memory(const Plants& plants) { return fill(confined ? "/dev/shm" : plants["big"]); }
int new_privileges(const Plants&) { return ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0 ? 0 : EPERM; }
int ambient_capability(const Plants&) {
  return in_child([] { return answer(::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 13, 0, 0)); });
}
int bounding_capability(const Plants&) {
  for (int capability = 0; capability <= 40; ++capability)
    if (::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) == 1) return 0;
  return EPERM;
}
int secure_bits(const Plants&) {
  return in_child([] { return answer(::prctl(PR_SET_SECUREBITS, 0, 0, 0, 0)); });
}
int become_root(const Plants&) {
  return in_child([] { return ::setuid(0) == 0 && ::geteuid() == 0 ? 0 : (errno != 0 ? errno : EPERM); });
}
int become_another(const Plants&) {
  return in_child([] { return answer(::setresuid(12345, 12345, 12345)); });
}
int join_groups(const Plants&) {
  return in_child([] {
    const gid_t groups[] = {0, 6};
    return answer(::syscall(SYS_setgroups, 2, groups));
  });
}

constexpr Attempt kAttempts[] = {
    {"core-dumps", Needs::user, core_dumps},
    {"more-open-files", Needs::root, more_files},
    {"more-locked-memory", Needs::root, more_locked_memory},
    {"a-higher-priority", Needs::root, higher_priority},
    {"real-time", Needs::root, real_time},
    {"round-robin", Needs::root, round_robin},
    {"real-time-for-disks", Needs::root, io_real_time},
    {"never-killed-for-memory", Needs::root, never_killed_for_memory},
    {"killed-later-than-was-set", Needs::user, killed_later},
    {"fill-tmp", Needs::user, fill_tmp},
    {"fill-shared-memory", Needs::user, fill_shared_memory},
    {"gain-new-privileges", Needs::user, new_privileges},
    {"raise-an-ambient-capability", Needs::root, ambient_capability},
    {"capabilities-in-reach", Needs::user, bounding_capability},
    {"secure-bits", Needs::root, secure_bits},
    {"become-root", Needs::root, become_root},
    {"become-another-user", Needs::root, become_another},
    {"join-groups", Needs::root, join_groups},
};

}  // namespace

std::span<const Attempt> limits() { return kAttempts; }

}  // namespace pawl::escape
