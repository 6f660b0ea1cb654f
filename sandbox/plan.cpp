#include "sandbox/plan.hpp"

#include <algorithm>
#include <set>

#include "sandbox/base/codec.hpp"
#include "sandbox/seccomp_changes.hpp"

namespace pawl::sandbox {
namespace {

constexpr std::size_t kMaxText = 4095;  // a path, an argument's name, a host name: PATH_MAX without its NUL
constexpr std::size_t kMaxMounts = 512;
constexpr std::size_t kMaxPatterns = 512;  // a protection
constexpr std::size_t kMaxArguments = 4096;
constexpr std::size_t kMaxArgument = 120 * 1024;  // bytes; the kernel takes 128 KiB
constexpr std::size_t kMaxApart = 128;
constexpr std::size_t kMaxListeners = 16;
constexpr std::size_t kMaxKept = 28;
constexpr std::size_t kMaxHostname = 64;      // __NEW_UTS_LEN
constexpr std::uint64_t kMinOpenFiles = 128;  // the child keeps its own above 64
constexpr std::uint64_t kMaxOpenFiles = 1 << 20;
constexpr std::uint64_t kMinMemory = 1 << 20;     // bytes: below, not even pid 1 can start
constexpr std::uint32_t kMinProcesses = 2;        // pid 1 and the command
constexpr std::uint32_t kMaxProcesses = 1 << 22;  // PID_MAX_LIMIT
constexpr std::uint32_t kMaxCpus = 100 * 8192;    // hundredths
constexpr std::uint32_t kMaxIoWeight = 10000;     // CGROUP_WEIGHT_MAX
constexpr std::uint32_t kPermissions = 01777;     // no set-user-id, no set-group-id

bool has_nul(std::string_view text) { return text.find('\0') != std::string_view::npos; }

// Absolute, and the one spelling of its path.
bool is_clean_path(std::string_view path) {
  if (path.size() < 2 || path.size() > kMaxText || path.front() != '/' || has_nul(path)) return false;
  path.remove_prefix(1);
  for (;;) {
    const std::size_t slash = path.find('/');
    const std::string_view segment = path.substr(0, slash);
    if (segment.empty() || segment == "." || segment == ".." || segment.size() > 255) return false;
    if (slash == std::string_view::npos) return true;
    path.remove_prefix(slash + 1);
  }
}

bool is_below(std::string_view path, std::string_view directory) {
  return path.size() > directory.size() && path.starts_with(directory) && path[directory.size()] == '/';
}

Result<> check_patterns(const std::vector<std::string>& patterns) {
  if (patterns.size() > kMaxPatterns) return refuse("too many patterns");
  for (const std::string& pattern : patterns)
    if (pattern.empty() || pattern.size() > kMaxText || has_nul(pattern)) return refuse("malformed pattern");
  return {};
}

Result<> check_overlay(const Mount& mount, std::size_t descriptors) {
  if (mount.kind != MountKind::overlay) {
    if (mount.changes != kNone || !mount.hide.empty())
      return refuse("only an overlay keeps changes apart or hides files");
    return {};
  }
  if (mount.presence != Presence::required) return refuse("an overlay is always required");
  if (mount.changes == kNone && mount.hide.empty())
    return refuse("an overlay that neither keeps changes nor hides anything", "bind it instead");
  if (mount.changes != kNone && mount.changes >= descriptors) return refuse("changes: no such descriptor");
  if (mount.changes != kNone && mount.changes == mount.descriptor)
    return refuse("an overlay's changes go into its own source");
  return check_patterns(mount.hide);
}

Result<> check_mount(const Mount& mount, std::size_t descriptors) {
  if (!is_clean_path(mount.target)) return refuse("target is not a clean absolute path: " + mount.target);
  if ((mount.mode & ~kPermissions) != 0) return refuse("mode has bits beyond permissions");
  if (mount.descriptor != kNone && !is_bind(mount.kind)) return refuse("only a bind takes a descriptor");
  TRY(check_overlay(mount, descriptors));
  switch (mount.kind) {
    case MountKind::read_only:
    case MountKind::writable:
    case MountKind::overlay:
      if (mount.descriptor == kNone && !is_clean_path(mount.source))
        return refuse("source is not a clean absolute path: " + mount.source);
      if (mount.descriptor != kNone && mount.descriptor >= descriptors) return refuse("no such descriptor");
      if (mount.descriptor != kNone && !mount.source.empty()) return refuse("both a descriptor and a source");
      return {};
    case MountKind::symlink:
      if (mount.source.empty() || mount.source.size() > kMaxText || has_nul(mount.source))
        return refuse("a link needs somewhere to lead to");
      return {};
    case MountKind::tmpfs:
      if (mount.size < 4096)
        return refuse("a tmpfs needs a size", "a size of 0 would mean no limit to the kernel");
      return {};
    case MountKind::directory:
    case MountKind::file:
    case MountKind::proc:
    case MountKind::devices:
      return {};
  }
  return refuse("unknown kind");
}

// What the child mounts by path must lie where only the launcher has written.
Result<> check_nesting(const std::vector<Mount>& mounts) {
  for (std::size_t later = 0; later < mounts.size(); ++later) {
    for (std::size_t earlier = 0; earlier < later; ++earlier) {
      const Mount& inner = mounts[later];
      const Mount& outer = mounts[earlier];
      if (inner.target == outer.target) return refuse("two mounts at " + inner.target);
      if (is_below(outer.target, inner.target) && inner.kind != MountKind::directory)
        return refuse("mount at " + inner.target + " would hide " + outer.target, "list the outer one first");
      if (!is_below(inner.target, outer.target)) continue;
      if (outer.kind == MountKind::proc) return refuse("mount below /proc: " + inner.target);
      if (is_bind(outer.kind) && (inner.kind == MountKind::proc || inner.kind == MountKind::devices))
        return refuse("mount below a bound directory: " + inner.target);
    }
  }
  return {};
}

Result<> check_mounts(const LaunchPlan& plan, std::size_t descriptors) {
  if (plan.mounts.size() > kMaxMounts) return refuse("too many mounts");
  for (const Mount& mount : plan.mounts) TRY_DURING("mount " + mount.target, check_mount(mount, descriptors));
  TRY(check_nesting(plan.mounts));
  for (const MountKind single : {MountKind::proc, MountKind::devices}) {
    const auto is_single = [&](const Mount& mount) { return mount.kind == single; };
    if (std::ranges::count_if(plan.mounts, is_single) > 1)
      return refuse("more than one mount of one kind of /proc or /dev");
  }
  std::set<std::uint32_t> changes;
  for (const Mount& mount : plan.mounts)
    if (mount.changes != kNone && !changes.insert(mount.changes).second)
      return refuse("two overlays with the changes of one");
  for (const Protection& protection : plan.protections) {
    const auto is_it = [&](const Mount& m) {
      return (m.kind == MountKind::writable || m.changes != kNone) && m.target == protection.mount;
    };
    if (std::ranges::none_of(plan.mounts, is_it))
      return refuse("protection of no writable mount: " + protection.mount);
    TRY_DURING("protection of " + protection.mount, check_patterns(protection.patterns));
  }
  return {};
}

Result<> check_apart(const LaunchPlan& plan) {
  if (plan.apart.size() > kMaxApart) return refuse("too many places to keep apart");
  for (const Apart& apart : plan.apart) {
    const bool is_name = apart.kind == ApartKind::name;
    if (is_name ? !is_clean_path("/" + apart.path) || apart.path.find('/') != std::string::npos
                : !is_clean_path(apart.path))
      return refuse("malformed place to keep apart: " + apart.path);
  }
  return {};
}

Result<> check_identity(const LaunchPlan& plan) {
  if (plan.uid == 0 || plan.gid == 0) return refuse("a sandbox never runs as uid 0 or gid 0");
  if ((plan.uid == kNone) != (plan.gid == kNone)) return refuse("uid and gid are set together or not at all");
  return {};
}

Result<> check_variables(const LaunchPlan& plan) {
  if (plan.environment.size() > kMaxArguments || plan.inherit.size() > kMaxArguments)
    return refuse("too many environment variables");
  for (const std::string& variable : plan.environment) {
    const std::size_t equals = variable.find('=');
    if (equals == 0 || equals == std::string::npos || variable.size() > kMaxArgument || has_nul(variable))
      return refuse("malformed environment variable");
  }
  for (const std::string& name : plan.inherit)
    if (name.empty() || name.size() > kMaxText || name.find('=') != std::string::npos || has_nul(name))
      return refuse("malformed name of an inherited variable");
  return {};
}

Result<> check_command(const LaunchPlan& plan, std::size_t descriptors) {
  if (plan.argv.empty() || plan.argv.size() > kMaxArguments)
    return refuse(plan.argv.empty() ? "there is no command to run"
                                    : "the command has " + std::to_string(plan.argv.size()) +
                                          " words; a sandbox takes " + std::to_string(kMaxArguments),
                  plan.argv.empty() ? "" : "hand the long list over in a file, or to xargs inside");
  for (const std::string& word : plan.argv) {
    if (word.size() > kMaxArgument)
      return refuse("a word of the command has " + std::to_string(word.size()) + " bytes; a sandbox takes " +
                        std::to_string(kMaxArgument),
                    "hand it over in a file or on stdin");
    if (has_nul(word)) return refuse("a word of the command holds a NUL");
  }
  if (plan.argv[0].empty() && plan.executable == kNone) return refuse("empty command name");
  if (plan.executable != kNone && plan.executable >= descriptors)
    return refuse("executable: no such descriptor");
  if (plan.directory != "/" && !is_clean_path(plan.directory))
    return refuse("working directory is not a clean absolute path");
  return check_variables(plan);
}

Result<> check_descriptors(const LaunchPlan& plan, std::size_t descriptors) {
  if (plan.stdio.size() != 3) return refuse("needs exactly three stdio entries");
  const bool has_devices =
      std::ranges::any_of(plan.mounts, [](const Mount& m) { return m.kind == MountKind::devices; });
  for (const StdioEntry& entry : plan.stdio) {
    if ((entry.kind == Stdio::descriptor) != (entry.descriptor != kNone))
      return refuse("malformed stdio entry");
    if (entry.kind == Stdio::descriptor && entry.descriptor >= descriptors)
      return refuse("stdio: no such descriptor");
    if (entry.kind == Stdio::terminal && !has_devices) return refuse("a terminal needs the devices mount");
  }
  if (plan.keep.size() > kMaxKept) return refuse("too many kept descriptors");
  for (const std::uint32_t kept : plan.keep)
    if (kept >= descriptors) return refuse("keep: no such descriptor");
  return {};
}

Result<> check_network(const LaunchPlan& plan) {
  if (plan.listeners.size() > kMaxListeners) return refuse("too many listeners");
  const bool own = has_own_loopback(plan.network);
  if (!plan.listeners.empty() && !own) return refuse("listeners need a network of the sandbox's own");
  if (plan.low_ports == LowPorts::open && !own)
    return refuse("low ports need a network of the sandbox's own");
  const std::set<std::uint16_t> ports(plan.listeners.begin(), plan.listeners.end());
  if (ports.contains(0) || ports.size() != plan.listeners.size())
    return refuse("listener ports are distinct and not 0");
  return {};
}

Result<> check_changes(const std::vector<SyscallChange>& changes) {
  if (changes.size() > kMaxSyscallChanges) return refuse("too many changed system calls");
  std::set<std::string_view> seen;
  for (const SyscallChange& change : changes) {
    if (const std::string complaint = complaint_about(change); !complaint.empty())
      return refuse("system call " + change.call + ": " + complaint);
    if (!seen.insert(change.call).second) return refuse("system call " + change.call + " is changed twice");
  }
  return {};
}

// The service profiles let exactly one execveat pass (seccomp_profile.hpp); these are its premises.
Result<> check_profile(const LaunchPlan& plan) {
  if (is_general(plan.syscalls)) {
    TRY(check_changes(plan.syscall_changes));
    if (plan.network == Network::host) return refuse("the host's network is for the dialer's profile only");
    return {};
  }
  if (!plan.syscall_changes.empty()) return refuse("this syscall profile has no changes");
  if (plan.init != Init::none || plan.executable == kNone)
    return refuse("this syscall profile needs an executable descriptor and no init");
  if (std::ranges::any_of(plan.mounts, [](const Mount& m) { return m.kind == MountKind::proc; }))
    return refuse("this syscall profile takes no /proc", "/proc/self/exe would be a second way to execute");
  if (plan.network == Network::host && plan.syscalls != SyscallProfile::dialer)
    return refuse("the host's network is for the dialer's profile only");
  return {};
}

Result<> check_limits(const Limits& limits) {
  if (limits.memory != 0 && limits.memory < kMinMemory) return refuse("the memory limit is below 1 MiB");
  if (limits.processes != 0 && (limits.processes < kMinProcesses || limits.processes > kMaxProcesses))
    return refuse("the limit of processes is out of bounds");
  if (limits.cpus > kMaxCpus) return refuse("the limit of CPUs is out of bounds");
  if (limits.io_weight > kMaxIoWeight) return refuse("the io weight is out of bounds");
  return {};
}

Result<> check_bounds(const LaunchPlan& plan) {
  if (plan.name.size() > 256 || has_nul(plan.name)) return refuse("malformed name");
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
  };
  if (plan.hostname.empty() || plan.hostname.size() > kMaxHostname ||
      !std::ranges::all_of(plan.hostname, allowed))
    return refuse("malformed host name");
  if (plan.open_files < kMinOpenFiles || plan.open_files > kMaxOpenFiles)
    return refuse("open_files is out of bounds");
  return {};
}

}  // namespace

Bytes encode_plan(const LaunchPlan& plan) { return codec::encode(plan); }

Result<LaunchPlan> decode_plan(ByteSpan bytes, std::size_t descriptors) {
  LaunchPlan plan = TRY_DURING("launch plan", codec::decode<LaunchPlan>(bytes));
  TRY_DURING("launch plan", check_bounds(plan));
  TRY_DURING("launch plan", check_limits(plan.limits));
  TRY_DURING("launch plan", check_identity(plan));
  TRY_DURING("launch plan", check_mounts(plan, descriptors));
  TRY_DURING("launch plan", check_apart(plan));
  TRY_DURING("launch plan", check_command(plan, descriptors));
  TRY_DURING("launch plan", check_descriptors(plan, descriptors));
  TRY_DURING("launch plan", check_network(plan));
  TRY_DURING("launch plan", check_profile(plan));
  return plan;
}

}  // namespace pawl::sandbox
