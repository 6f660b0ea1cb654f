// What can be seen of a host that bears on why it refuses a layer: sysctls, security modules, marks that
// container managers leave. Evidence explains a failure that was met; nothing is decided by it. Reads small
// files of the kernel and the system, never a person's. Runs in the launcher after a failure, in `pawl run`,
// in `pawl doctor` and in pawl-probe.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pawl::sandbox {

enum class KernelKind : std::uint8_t { linux, wsl1, wsl2, gvisor };
enum class Container : std::uint8_t { none, docker, podman, kubernetes, lxc, nspawn, other };
enum class Family : std::uint8_t { other, debian, fedora, arch, suse, alpine };  // of distributions
enum class Loader : std::uint8_t { unknown, grub, extlinux, raspberry };         // by their files
enum class CgroupLayout : std::uint8_t { none, legacy, hybrid, unified };

// sysctl user.max_NAME_namespaces, in this order.
inline constexpr std::array<std::string_view, 7> kNamespaceKinds = {"user", "mnt", "net",   "pid",
                                                                    "ipc",  "uts", "cgroup"};

struct HostEvidence {
  std::string distribution;  // ID of os-release: "debian"
  Family family = Family::other;
  Loader loader = Loader::unknown;
  bool ostree = false;  // the system is an image, which only rpm-ostree changes
  bool doas = false;    // instead of sudo
  std::string release;  // of the kernel: "6.1.0-25-amd64"
  KernelKind kernel = KernelKind::linux;
  Container container = Container::none;
  bool pawl_session = false;  // in a sandbox of pawl already
  bool chroot = false;
  bool filtered = false;  // this process has a seccomp filter that somebody else installed
  bool systemd = false;   // as the system's manager
  std::array<std::optional<std::uint64_t>, kNamespaceKinds.size()> limits{};
  std::vector<std::string> exhausted;       // of kNamespaceKinds: found by trying
  std::optional<int> userns_clone;          // Debian's kernel.unprivileged_userns_clone
  std::optional<int> apparmor_restriction;  // kernel.apparmor_restrict_unprivileged_userns
  std::string confinement;                  // this process's AppArmor or SELinux label; may be empty
  std::string security_modules;             // "lockdown,capability,landlock"; empty: not readable
  std::vector<std::string> covered_proc;    // mount points below /proc that hide part of it
  CgroupLayout cgroups = CgroupLayout::none;
  std::string cgroup_mount;  // of the v2 hierarchy: "/sys/fs/cgroup"; empty: not mounted
  std::string cgroup_path;   // this process's place in it: "/user.slice/…"
  std::string program;       // folder of the running program
};

// Everything but `exhausted`. `root` stands in front of every path: tests bring a tree of their own.
HostEvidence look_at_host(const std::string& root = {});

// Of the namespaces that a session needs, the kinds that cannot be made for want of room (ENOSPC, EUSERS).
// Really makes the others: for a process that is about to end.
std::vector<std::string> try_for_room();

// The parsers, for tests.
Family family_of(std::string_view id, std::string_view id_like);
KernelKind kernel_kind(std::string_view proc_version);
std::string kernel_release(std::string_view proc_version);
// Mount points below /proc of a mountinfo text, without those that cover nothing by nature (binfmt_misc,
// nfsd).
std::vector<std::string> mounts_below_proc(std::string_view mountinfo);

}  // namespace pawl::sandbox
