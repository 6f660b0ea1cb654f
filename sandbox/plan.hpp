// LaunchPlan: everything the launcher needs to build one sandbox, as plain data. Made by the broker (policy
// lowered), read by pawl-launch. The launcher trusts its shape no further than decode_plan() checks it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sandbox/base/bytes.hpp"
#include "sandbox/base/error.hpp"

namespace pawl::sandbox {

inline constexpr std::uint32_t kNone = 0xffffffff;  // "no descriptor", "keep the caller's id"

// Binds are made in the outer user namespace, so that the session cannot change them.
enum class MountKind : std::uint8_t {
  directory,  // an empty directory on the root tmpfs, `mode`
  file,       // a read-only file whose contents are `source`; of `mode` only the read bits count
  symlink,    // a link to `source`
  read_only,  // the host's `source` (or a handed descriptor) and all below it: nosuid nodev ro
  writable,   // the same, writable, and nothing that is mounted below it (which is refused)
  tmpfs,      // own, `size` bytes (never 0), `mode`
  proc,       // own /proc, read-only as a whole, keyring lists and kernel addresses masked
  devices,    // null zero full random urandom tty, fd links, own devpts, /dev/shm of `size` bytes (0: 64 MiB)
  overlay,    // the source's files (and nothing that is mounted below it) without what `hide` names; what is
              // written goes to `changes`, or nothing can be
};
constexpr MountKind last_of(MountKind) { return MountKind::overlay; }
// Shows files of the host, which `source` or `descriptor` names.
constexpr bool is_bind(MountKind kind) {
  return kind == MountKind::read_only || kind == MountKind::writable || kind == MountKind::overlay;
}

enum class Presence : std::uint8_t { required, if_present };
constexpr Presence last_of(Presence) { return Presence::if_present; }

// Whose word a bind's source is.
enum class Origin : std::uint8_t {
  named,      // a person's or a role's: no part of its path may be a link, and it is held against `apart`
  pawls_own,  // a fixed path of the system's or of pawl's own making: links of their owners are followed
};
constexpr Origin last_of(Origin) { return Origin::pawls_own; }

struct Mount {
  MountKind kind = MountKind::directory;
  std::string target;  // absolute, no "." or "..", inside the sandbox
  std::string source;  // see MountKind; absolute host path for binds
  // With a source: index into the descriptors handed with the plan, instead of `source`. Of a directory or a
  // regular file that still has a path; the launcher opens that and insists on the same inode.
  std::uint32_t descriptor = kNone;
  std::uint64_t size = 0;  // bytes
  std::uint32_t mode = 0755;
  Presence presence = Presence::required;
  Origin origin = Origin::named;
  // Overlays: index of a handed directory that holds two others, `upper` and `work` (overlayfs's upperdir and
  // workdir), both of the sandbox's uid. kNone: nothing can be written.
  std::uint32_t changes = kNone;
  std::vector<std::string> hide;  // overlays: patterns as in Protection; what matches reads as absent

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.kind, self.target, self.source, self.descriptor, self.size, self.mode, self.presence,
            self.origin, self.changes, self.hide);
  }
};

// Paths of a mount that must stay as they are on the host. A pattern without '/' matches a name at every
// depth; with '/', a path relative to the mount; `*` stays within a segment, `**` crosses. Below a writable
// mount what exists of them is made read-only; of an overlay nothing reaches the host, and they are for
// whoever applies its changes later.
struct Protection {
  std::string mount;  // target of the mount
  std::vector<std::string> patterns;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.mount, self.patterns);
  }
};

// What no named bind may show, whatever the paths look like: compared by identity (sandbox/apart.hpp).
enum class ApartKind : std::uint8_t {
  whole,   // `path` and all in it: a bind neither is, nor holds, nor lies in it
  holder,  // a home: a bind neither is nor holds it
  name,    // a bind has no entry of this name at its top
};
constexpr ApartKind last_of(ApartKind) { return ApartKind::name; }

struct Apart {
  ApartKind kind = ApartKind::whole;
  std::string path;  // absolute host path, or the name

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.kind, self.path);
  }
};

enum class Network : std::uint8_t {
  loopback,  // own namespace, lo up, nothing else; `listeners` are made in it
  captured,  // the same, and all that leaves it is led to listeners of ours, handed out after those
             // (capture.hpp)
  none,      // own namespace, nothing up
  host,      // the host's: the dialer only
};
constexpr Network last_of(Network) { return Network::host; }
// A namespace of the sandbox's own with loopback up: what listens there is the launcher's or the session's.
constexpr bool has_own_loopback(Network network) {
  return network == Network::loopback || network == Network::captured;
}

// Whether ports below 1024 can be bound in the sandbox's network.
enum class LowPorts : std::uint8_t { closed, open };
constexpr LowPorts last_of(LowPorts) { return LowPorts::open; }

enum class SyscallProfile : std::uint8_t {
  standard,  // agents and actions: what programs need, nothing that reaches the kernel's edges
  service,   // pawl-egress: sockets it was given, timers, memory; no open, no exec, no socket(2)
  dialer,    // pawl-dial: the above and connecting sockets, reading resolver files
  minimal,   // standard without networks, queues, priorities and ownership: for reading and small tools
  build,     // standard, and debuggers and NUMA placement within the session
};
constexpr SyscallProfile last_of(SyscallProfile) { return SyscallProfile::build; }

inline constexpr std::size_t kMaxSyscallChanges = 64;

// One call that is judged otherwise than by the profile; of general profiles only (seccomp_changes.hpp).
struct SyscallChange {
  std::string call;
  bool allowed = false;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.call, self.allowed);
  }
};

enum class Stdio : std::uint8_t { null, terminal, descriptor };
constexpr Stdio last_of(Stdio) { return Stdio::descriptor; }

struct StdioEntry {
  Stdio kind = Stdio::null;
  std::uint32_t descriptor = kNone;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.kind, self.descriptor);
  }
};

enum class Init : std::uint8_t {
  reaper,  // pawl-init is pid 1: it starts the command, reaps, forwards signals
  none,    // the command itself is pid 1
};
constexpr Init last_of(Init) { return Init::none; }

enum class Enforcement : std::uint8_t {
  required,     // a limit that this host cannot hold is a refusal
  best_effort,  // such a limit is reported, and the command runs without it
};
constexpr Enforcement last_of(Enforcement) { return Enforcement::best_effort; }

// What all processes of the sandbox may use together; 0: no such limit. `processes` holds everywhere
// (rlimits.hpp), the others need a cgroup (cgroup.hpp).
struct Limits {
  std::uint64_t memory = 0;     // bytes; what is written to a tmpfs counts
  std::uint32_t processes = 0;  // processes and threads, pid 1 among them
  std::uint32_t cpus = 0;       // hundredths of a CPU's time
  std::uint32_t io_weight = 0;  // share of a busy disk, 1 to 10000; other cgroups have 100
  Enforcement enforcement = Enforcement::required;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.memory, self.processes, self.cpus, self.io_weight, self.enforcement);
  }
};

// Landlock ABI 2 (Linux 5.19): before it, no file could be moved from one folder to another.
inline constexpr std::uint32_t kLeastLandlock = 2;
inline constexpr std::uint32_t kMostLandlock = 6;  // the newest whose rights pawl uses

struct LaunchPlan {
  std::string name;                        // for messages only: "session 3f2a…", "action deploy"
  std::uint32_t uid = kNone, gid = kNone;  // outer ids to take on first (needs CAP_SETUID); never 0
  std::vector<Mount> mounts;               // made in this order
  std::vector<Protection> protections;
  Network network = Network::loopback;
  std::vector<std::uint16_t> listeners;  // TCP ports on 127.0.0.1 inside; the sockets are handed out
  SyscallProfile syscalls = SyscallProfile::standard;
  Init init = Init::reaper;
  std::vector<std::string> argv;         // argv[0] is looked up in the PATH of `environment` inside
  std::uint32_t executable = kNone;      // index of a handed descriptor to execute instead (execveat)
  std::vector<std::string> environment;  // "NAME=value", complete
  std::vector<std::string> inherit;      // names whose values the launcher's client tells
  std::vector<StdioEntry> stdio;         // exactly three
  std::vector<std::uint32_t> keep;       // handed descriptors the command keeps, as 3, 4, … in this order
  std::string directory = "/";           // working directory inside
  std::string hostname = "pawl";
  std::uint64_t open_files = 65536;  // RLIMIT_NOFILE, lowered to what the caller may set
  std::uint32_t wall_time = 0;       // seconds; 0: no limit
  std::vector<Apart> apart;          // held against the named binds
  Limits limits;
  std::uint32_t landlock = kLeastLandlock;  // the least ABI that the kernel must enforce
  std::vector<SyscallChange> syscall_changes;
  LowPorts low_ports = LowPorts::closed;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.name, self.uid, self.gid, self.mounts, self.protections, self.network, self.listeners,
            self.syscalls, self.init, self.argv, self.executable, self.environment, self.inherit, self.stdio,
            self.keep, self.directory, self.hostname, self.open_files, self.wall_time, self.apart,
            self.limits, self.landlock, self.syscall_changes, self.low_ports);
  }
};

Bytes encode_plan(const LaunchPlan& plan);
// Well formed, within bounds, and coherent: absolute clean targets, three stdio entries, descriptor indexes
// below `descriptors`, no uid or gid 0, no NUL in any text, at least one argument.
Result<LaunchPlan> decode_plan(ByteSpan bytes, std::size_t descriptors);

}  // namespace pawl::sandbox
