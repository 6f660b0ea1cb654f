// What /proc and /sys tell of the host or let somebody change. Files that only act when written are only
// opened.
#include <fcntl.h>
#include <unistd.h>

#include "tests/escape/attempt.hpp"

namespace pawl::escape {
namespace {

template <const char* const& Path>
int writes(const Plants&) {
  const int error = opens(Path, O_WRONLY);
  return !confined && error == ENOENT ? kAbsent : error;
}
template <const char* const& Path>
int reads(const Plants&) {
  const int file = ::open(Path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return !confined && errno == ENOENT ? kAbsent : errno;
  char bytes[8] = {};
  const ssize_t count = ::read(file, bytes, sizeof(bytes));
  const int error = count < 0 ? errno : 0;
  ::close(file);
  if (error == EAGAIN || error == EISDIR) return 0;
  return error != 0 ? error : (count == 0 ? ENODATA : 0);
}
template <const char* const& Path>
int lists(const Plants&) {
  const int error = opens(Path, O_RDONLY | O_DIRECTORY);
  return !confined && error == ENOENT ? kAbsent : error;
}

int symbols(const Plants&) {
  // Without the right to see them, all addresses are zero.
  const int error = finds("/proc/kallsyms", " t ");
  return error != 0 ? error : (finds("/proc/kallsyms", "\nffffffff") == 0 ? 0 : ENODATA);
}
int host_names_of_mounts(const Plants& plants) { return finds("/proc/self/mountinfo", plants["home"] + " "); }

#define PLACE(name, path) constexpr const char* name = path
PLACE(kSysrq, "/proc/sysrq-trigger");
PLACE(kCorePattern, "/proc/sys/kernel/core_pattern");
PLACE(kModprobe, "/proc/sys/kernel/modprobe");
PLACE(kHotplug, "/proc/sys/kernel/hotplug");
PLACE(kHostname, "/proc/sys/kernel/hostname");
PLACE(kPanic, "/proc/sys/kernel/panic");
PLACE(kPtrace, "/proc/sys/kernel/perf_event_paranoid");
PLACE(kOvercommit, "/proc/sys/vm/overcommit_memory");
PLACE(kDropCaches, "/proc/sys/vm/drop_caches");
PLACE(kLinks, "/proc/sys/fs/protected_symlinks");
PLACE(kBinfmt, "/proc/sys/fs/binfmt_misc/register");
PLACE(kForward, "/proc/sys/net/ipv4/ip_forward");
PLACE(kKcore, "/proc/kcore");
PLACE(kKmsg, "/proc/kmsg");
PLACE(kTimers, "/proc/timer_list");
PLACE(kSlab, "/proc/slabinfo");
PLACE(kPageCounts, "/proc/kpagecount");
PLACE(kVmalloc, "/proc/vmallocinfo");
PLACE(kMtrr, "/proc/mtrr");
PLACE(kFirst, "/proc/1/environ");
PLACE(kFirstMaps, "/proc/1/maps");
PLACE(kSysDevices, "/sys/devices");
PLACE(kSysNet, "/sys/class/net");
PLACE(kSysBlock, "/sys/block");
PLACE(kSysModules, "/sys/module");
PLACE(kSysFirmware, "/sys/firmware");
PLACE(kSysSecurity, "/sys/kernel/security");
PLACE(kSysDebug, "/sys/kernel/debug");
PLACE(kSysTrace, "/sys/kernel/tracing");
PLACE(kSysCgroup, "/sys/fs/cgroup");
PLACE(kSysBpf, "/sys/fs/bpf");
PLACE(kSysPower, "/sys/power/state");
PLACE(kSysUevent, "/sys/kernel/uevent_helper");
#undef PLACE

constexpr Attempt kAttempts[] = {
    {"sysrq", Needs::root, writes<kSysrq>},
    {"core-pattern", Needs::root, writes<kCorePattern>},
    {"modprobe-path", Needs::root, writes<kModprobe>},
    {"hotplug-helper", Needs::root, writes<kHotplug>},
    {"host-name", Needs::root, writes<kHostname>},
    {"panic", Needs::root, writes<kPanic>},
    {"perf-event-paranoid", Needs::root, writes<kPtrace>},
    {"overcommit", Needs::root, writes<kOvercommit>},
    {"drop-caches", Needs::root, writes<kDropCaches>},
    {"protected-links", Needs::root, writes<kLinks>},
    {"binary-formats", Needs::root, writes<kBinfmt>},
    {"ip-forward", Needs::root, writes<kForward>},
    {"memory-of-the-kernel", Needs::root, reads<kKcore>},
    {"messages-of-the-kernel", Needs::root, reads<kKmsg>},
    {"symbols-of-the-kernel", Needs::root, symbols},
    {"timers", Needs::root, reads<kTimers>},
    {"slabs", Needs::root, reads<kSlab>},
    {"page-counts", Needs::root, reads<kPageCounts>},
    {"vmalloc", Needs::root, reads<kVmalloc>},
    {"mtrr", Needs::root, writes<kMtrr>},
    {"environment-of-pid-1", Needs::root, reads<kFirst>},
    {"maps-of-pid-1", Needs::root, reads<kFirstMaps>},
    {"mounts-of-the-host", Needs::user, host_names_of_mounts},
    {"sys-devices", Needs::user, lists<kSysDevices>},
    {"sys-net", Needs::user, lists<kSysNet>},
    {"sys-block", Needs::user, lists<kSysBlock>},
    {"sys-modules", Needs::user, lists<kSysModules>},
    {"sys-firmware", Needs::user, lists<kSysFirmware>},
    {"sys-security", Needs::user, lists<kSysSecurity>},
    {"sys-debug", Needs::root, lists<kSysDebug>},
    {"sys-tracing", Needs::root, lists<kSysTrace>},
    {"sys-cgroup", Needs::user, lists<kSysCgroup>},
    {"sys-bpf", Needs::root, lists<kSysBpf>},
    {"sys-power", Needs::root, writes<kSysPower>},
    {"sys-uevent-helper", Needs::root, writes<kSysUevent>},
};

}  // namespace

std::span<const Attempt> proc_and_sys() { return kAttempts; }

}  // namespace pawl::escape
