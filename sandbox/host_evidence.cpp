#include "sandbox/host_evidence.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <climits>

#include "sandbox/base/own_programs.hpp"
#include "sandbox/base/text_file.hpp"
#include "sandbox/base/unique_fd.hpp"

namespace pawl::sandbox {
namespace {

// What cannot be read reads as empty.
std::string text_of(const std::string& path) {
  return read_text(AT_FDCWD, path.c_str()).value_or(std::string());
}

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

std::string first_line(const std::string& text) {
  using std::string_view_literals::operator""sv;
  return text.substr(0, text.find_first_of("\n\0"sv));
}

template <class Number>
std::optional<Number> number_in(const std::string& path) {
  const std::string text = text_of(path);
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end == text.data()) return {};
  return number;
}

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(at), text.size());
    parts.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

// The value of NAME=value or "Name:\tvalue" at the beginning of a line.
std::string value_of(std::string_view text, std::string_view name) {
  for (std::string_view line : split(text, '\n')) {
    if (!line.starts_with(name)) continue;
    line.remove_prefix(name.size());
    while (!line.empty() && (line.front() == '\t' || line.front() == ' ' || line.front() == '"'))
      line.remove_prefix(1);
    while (line.ends_with('"')) line.remove_suffix(1);
    return std::string(line);
  }
  return {};
}

// proc_pid_mountinfo(5): "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw"
struct MountLine {
  std::string_view point;
  std::string_view type;
  std::string_view options;  // of the file system
};

std::vector<MountLine> mount_lines(std::string_view mountinfo) {
  std::vector<MountLine> lines;
  for (const std::string_view line : split(mountinfo, '\n')) {
    const std::vector<std::string_view> words = split(line, ' ');
    const auto dash = std::ranges::find(words, "-");
    if (words.size() < 5 || words.end() - dash < 4) continue;
    lines.push_back({words[4], dash[1], dash[3]});
  }
  return lines;
}

Loader loader_of(const std::string& root) {
  if (exists(root + "/boot/firmware/cmdline.txt")) return Loader::raspberry;
  if (exists(root + "/etc/update-extlinux.conf")) return Loader::extlinux;
  return exists(root + "/etc/default/grub") ? Loader::grub : Loader::unknown;
}

Container container_of(const std::string& root, std::string_view mountinfo) {
  // Kubernetes first: its containers carry the marks of the runtime below, too.
  if (exists(root + "/var/run/secrets/kubernetes.io") ||
      text_of(root + "/etc/hosts").find("Kubernetes-managed") != std::string::npos ||
      mountinfo.find("kubepods") != std::string_view::npos ||
      text_of(root + "/proc/self/cgroup").find("kubepods") != std::string::npos)
    return Container::kubernetes;
  if (exists(root + "/run/.containerenv")) return Container::podman;
  if (exists(root + "/.dockerenv")) return Container::docker;
  std::string manager = first_line(text_of(root + "/run/systemd/container"));
  if (manager.empty()) manager = first_line(text_of(root + "/run/host/container-manager"));
  if (manager == "docker") return Container::docker;
  if (manager == "podman") return Container::podman;
  if (manager == "systemd-nspawn") return Container::nspawn;
  const bool lxcfs = std::ranges::any_of(mount_lines(mountinfo),
                                         [](const MountLine& line) { return line.type == "fuse.lxcfs"; });
  if (manager.starts_with("lxc") || lxcfs || exists(root + "/dev/lxd/sock") ||
      exists(root + "/dev/incus/sock"))
    return Container::lxc;
  return manager.empty() || manager == "wsl" ? Container::none : Container::other;
}

// Without a mount at "/" the root of this process lies somewhere within a mount: a chroot.
bool in_chroot(std::string_view mountinfo) {
  return !mountinfo.empty() && std::ranges::none_of(mount_lines(mountinfo),
                                                    [](const MountLine& line) { return line.point == "/"; });
}

void look_at_cgroups(const std::string& root, std::string_view mountinfo, HostEvidence& evidence) {
  bool legacy = false;
  for (const MountLine& line : mount_lines(mountinfo)) {
    // "cgroup" with name=… only tracks processes and limits nothing.
    if (line.type == "cgroup" && line.options.find("name=") == std::string_view::npos) legacy = true;
    if (line.type == "cgroup2" && evidence.cgroup_mount.empty()) evidence.cgroup_mount = line.point;
  }
  const std::string own = text_of(root + "/proc/self/cgroup");
  for (const std::string_view line : split(own, '\n'))
    if (line.starts_with("0::")) evidence.cgroup_path = line.substr(3);
  const bool unified = !evidence.cgroup_mount.empty();
  if (legacy) evidence.cgroups = unified ? CgroupLayout::hybrid : CgroupLayout::legacy;
  if (!legacy && unified) evidence.cgroups = CgroupLayout::unified;
}

}  // namespace

std::string kernel_release(std::string_view proc_version) {
  constexpr std::string_view lead = "Linux version ";
  if (!proc_version.starts_with(lead)) return {};
  proc_version.remove_prefix(lead.size());
  return std::string(proc_version.substr(0, proc_version.find_first_of(" \n")));
}

Family family_of(std::string_view id, std::string_view id_like) {
  constexpr struct {
    std::string_view name;
    Family family;
  } known[] = {{"debian", Family::debian}, {"ubuntu", Family::debian}, {"fedora", Family::fedora},
               {"rhel", Family::fedora},   {"centos", Family::fedora}, {"arch", Family::arch},
               {"suse", Family::suse},     {"opensuse", Family::suse}, {"alpine", Family::alpine}};
  std::vector<std::string_view> words = split(id_like, ' ');
  words.insert(words.begin(), id);
  for (const std::string_view word : words)
    for (const auto& [name, family] : known)
      if (word == name) return family;
  return Family::other;
}

KernelKind kernel_kind(std::string_view proc_version) {
  const std::string release = kernel_release(proc_version);
  // gVisor says one version for ever, with the build time of Linux 4.4.
  if (release.ends_with("-gvisor") ||
      (release == "4.4.0" && proc_version.find("Sun Jan 10 15:06:54 PST 2016") != std::string_view::npos))
    return KernelKind::gvisor;
  if (release.ends_with("-Microsoft")) return KernelKind::wsl1;
  return release.find("microsoft") != std::string::npos ? KernelKind::wsl2 : KernelKind::linux;
}

std::vector<std::string> mounts_below_proc(std::string_view mountinfo) {
  std::vector<std::string> points;
  for (const MountLine& line : mount_lines(mountinfo)) {
    // On directories that are always empty: the kernel does not mind these.
    const bool harmless =
        line.point.starts_with("/proc/sys/fs/binfmt_misc") || line.point.starts_with("/proc/fs/nfsd");
    if (line.point.starts_with("/proc/") && !harmless) points.emplace_back(line.point);
  }
  return points;
}

HostEvidence look_at_host(const std::string& root) {
  HostEvidence evidence;
  const std::string version = text_of(root + "/proc/version");
  const std::string mountinfo = text_of(root + "/proc/self/mountinfo");
  const std::string system = text_of(root + "/etc/os-release");
  evidence.distribution = value_of(system, "ID=");
  evidence.family = family_of(evidence.distribution, value_of(system, "ID_LIKE="));
  evidence.loader = loader_of(root);
  evidence.ostree = exists(root + "/run/ostree-booted");
  evidence.doas = exists(root + "/usr/bin/doas") && !exists(root + "/usr/bin/sudo");
  evidence.release = kernel_release(version);
  evidence.kernel = kernel_kind(version);
  evidence.container = container_of(root, mountinfo);
  evidence.pawl_session = exists(root + "/run/pawl/broker");
  evidence.chroot = in_chroot(mountinfo);
  evidence.filtered = value_of(text_of(root + "/proc/self/status"), "Seccomp:") == "2";
  evidence.systemd = exists(root + "/run/systemd/system");
  for (std::size_t i = 0; i < kNamespaceKinds.size(); ++i)
    evidence.limits[i] = number_in<std::uint64_t>(root + "/proc/sys/user/max_" +
                                                  std::string(kNamespaceKinds[i]) + "_namespaces");
  evidence.userns_clone = number_in<int>(root + "/proc/sys/kernel/unprivileged_userns_clone");
  evidence.apparmor_restriction =
      number_in<int>(root + "/proc/sys/kernel/apparmor_restrict_unprivileged_userns");
  evidence.confinement = first_line(text_of(root + "/proc/self/attr/current"));
  evidence.security_modules = first_line(text_of(root + "/sys/kernel/security/lsm"));
  evidence.covered_proc = mounts_below_proc(mountinfo);
  look_at_cgroups(root, mountinfo, evidence);
  evidence.program = program_folder().value_or("");
  return evidence;
}

std::vector<std::string> try_for_room() {
  constexpr int flags[] = {CLONE_NEWUSER, CLONE_NEWNS,  CLONE_NEWNET,   CLONE_NEWPID,
                           CLONE_NEWIPC,  CLONE_NEWUTS, CLONE_NEWCGROUP};
  static_assert(std::size(flags) == kNamespaceKinds.size());
  std::vector<std::string> exhausted;
  // The user namespace last: what is made after it would be counted in it.
  for (std::size_t i = std::size(flags); i-- > 0;)
    if (::unshare(flags[i]) != 0 && (errno == ENOSPC || errno == EUSERS))
      exhausted.emplace_back(kNamespaceKinds[i]);
  return exhausted;
}

}  // namespace pawl::sandbox
