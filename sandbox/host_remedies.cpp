#include "sandbox/host_remedies.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>

#include "sandbox/host_commands.hpp"
#include "sandbox/host_limits.hpp"

namespace pawl::sandbox {
namespace {

using Found = std::optional<Diagnosis>;

constexpr std::string_view kMore = "; pawl doctor tells more";

struct Case {
  Layer layer;
  int errnum;
  const HostEvidence& evidence;

  bool is(std::initializer_list<Layer> layers) const {
    return std::ranges::find(layers, layer) != layers.end();
  }
  // EACCES of a bind is the path's own: this user may not look there.
  bool refused() const { return errnum == EPERM || (errnum == EACCES && layer != Layer::read_only_bind); }
  bool directory() const { return is({Layer::state_directory, Layer::socket_directory}); }
  bool unshares() const {
    return is({Layer::user_namespace, Layer::nested_user_namespace, Layer::pid_namespace,
               Layer::network_namespace, Layer::ipc_namespace, Layer::uts_namespace,
               Layer::cgroup_namespace});
  }
  // Rights come from a user namespace of one's own.
  bool namespaced() const {
    return layer <= Layer::cgroup_namespace || is({Layer::overlay, Layer::redirect, Layer::terminal});
  }
};

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

// Where no other cause can be: the kernel is no Linux that could do it.

Found other_kernel(const Case& it) {
  if (it.directory()) return {};
  if (it.evidence.pawl_session)
    return Diagnosis{"this is a pawl sandbox already, and sandboxes do not nest",
                     "run it outside of the session, or run the command directly"};
  if (it.evidence.kernel == KernelKind::wsl1)
    return Diagnosis{"WSL 1 only imitates Linux and has none of this",
                     "in Windows: wsl --set-version DISTRIBUTION 2"};
  if (it.evidence.kernel == KernelKind::gvisor)
    return Diagnosis{"gVisor's kernel does not have all that pawl's sandbox is made of",
                     "run pawl on the host or in a virtual machine, or start the container with the runtime "
                     "runc instead of runsc"};
  return {};
}

// Namespaces are counted (namespaces(7), /proc/sys/user).
Found counted(const Case& it) {
  if (!it.unshares() || (it.errnum != ENOSPC && it.errnum != EUSERS)) return {};
  for (std::size_t i = 0; i < kNamespaceKinds.size(); ++i) {
    if (it.evidence.limits[i] != std::uint64_t{0}) continue;
    const std::string name = "user.max_" + std::string(kNamespaceKinds[i]) + "_namespaces";
    return Diagnosis{
        "this host allows no " + std::string(kNamespaceKinds[i]) + " namespaces: " + name + " is 0",
        set_sysctl(it.evidence, name + "=15000")};
  }
  if (!it.evidence.exhausted.empty()) {
    const std::string name = "user.max_" + it.evidence.exhausted.back() + "_namespaces";
    return Diagnosis{"this host allows no more namespaces of the kind " + joined(it.evidence.exhausted),
                     set_sysctl(it.evidence, name + "=15000")};
  }
  return Diagnosis{"all namespaces that this host allows are in use, or they are nested deeper than 32",
                   "end what holds them (lsns), or raise the one of sysctl user.max_*_namespaces that is "
                   "reached"};
}

// AppArmor allows by a program's path: the profile names those of /usr and /usr/local.
std::string install_profile(const HostEvidence& evidence) {
  constexpr std::string_view place = "/libexec/pawl";
  constexpr std::string_view target = "/etc/apparmor.d/pawl-launch";
  const std::string& program = evidence.program;
  const bool installed = program.ends_with(place);
  const std::string prefix = program.substr(0, program.size() - (installed ? place.size() : 0));
  const std::string file =
      (installed ? prefix + "/share/pawl/apparmor/" : std::string("packaging/apparmor/")) + "pawl-launch";
  const std::string load = " && sudo apparmor_parser -r " + std::string(target);
  if (program.empty() || (installed && (prefix == "/usr" || prefix == "/usr/local")))
    return "sudo install -m 0644 " + file + " " + std::string(target) + load;
  return "sed 's|/usr{,/local}/libexec/pawl|" + program + "|' " + file + " | sudo tee " +
         std::string(target) + load;
}

Found apparmor_restriction(const Case& it) {
  const HostEvidence& evidence = it.evidence;
  // A container has a profile of its own, unless it was started without.
  const bool contained = evidence.container != Container::none;
  if (!it.refused() || !it.namespaced() || evidence.apparmor_restriction.value_or(0) == 0 ||
      evidence.confinement.starts_with("pawl") ||
      (contained && (evidence.filtered || evidence.confinement != "unconfined")))
    return {};
  return Diagnosis{
      "AppArmor keeps user namespaces from programs without a profile, as Ubuntu 24.04 does "
      "(kernel.apparmor_restrict_unprivileged_userns is 1)",
      std::string(contained ? "on the container's host, with that file copied there: " : "") +
          install_profile(evidence)};
}

Found forbidden_namespaces(const Case& it) {
  if (!it.refused() || !it.namespaced()) return {};
  if (it.evidence.chroot && it.errnum == EPERM)
    return Diagnosis{"this process is in a chroot, where the kernel gives nobody a user namespace",
                     "run pawl outside of it, or enter it with: sudo systemd-nspawn --directory DIR"};
  if (it.evidence.userns_clone == 0)
    return Diagnosis{
        "this host keeps user namespaces from ordinary users "
        "(kernel.unprivileged_userns_clone is 0, a setting of Debian's kernels)",
        set_sysctl(it.evidence, "kernel.unprivileged_userns_clone=1")};
  return {};
}

struct ContainerWords {
  Container container;
  std::string_view name;
  std::string_view remedy;
};

constexpr ContainerWords kContainers[] = {
    {Container::docker, "a docker container",
     "docker run --security-opt seccomp=unconfined --security-opt apparmor=unconfined --security-opt "
     "systempaths=unconfined"},
    {Container::podman, "a podman container",
     "podman run --security-opt seccomp=unconfined --security-opt apparmor=unconfined --security-opt "
     "unmask=ALL --security-opt label=disable"},
    {Container::kubernetes, "a Kubernetes pod",
     "in the pod: hostUsers: false; in the container's securityContext: procMount: Unmasked, seccompProfile: "
     "{type: Unconfined}, appArmorProfile: {type: Unconfined}"},
    {Container::lxc, "an LXC or Incus container",
     "on its host: lxc config set NAME security.nesting true && lxc restart NAME (plain LXC: lxc.include = "
     "/usr/share/lxc/config/nesting.conf)"},
    {Container::nspawn, "a systemd-nspawn container",
     "run pawl on the host: systemd-nspawn covers parts of /proc and has no switch against it"},
    {Container::other, "a container",
     "start the container without a seccomp profile, without an AppArmor "
     "profile and with an uncovered /proc, or run pawl on the host"},
};

const ContainerWords* words_of(Container container) {
  const auto* const found = std::ranges::find(kContainers, container, &ContainerWords::container);
  return found != std::end(kContainers) ? found : nullptr;
}

std::string list_of_covers(const HostEvidence& evidence) {
  constexpr std::size_t shown = 3;
  std::vector<std::string> some = evidence.covered_proc;
  if (some.size() > shown) {
    some.resize(shown);
    some.emplace_back("and more");
  }
  return joined(some);
}

// The kernel gives a new /proc only to those who see a whole one already.
Found covered_proc(const Case& it) {
  if (it.layer != Layer::private_proc || !it.refused()) return {};
  const ContainerWords* const words = words_of(it.evidence.container);
  // Then it is the call itself that is refused.
  if (it.evidence.covered_proc.empty() && (words != nullptr || it.evidence.filtered)) return {};
  const std::string where = words != nullptr ? " in " + std::string(words->name) : "";
  if (it.evidence.covered_proc.empty())
    return Diagnosis{"this host shows no whole /proc, and then the kernel gives nobody a new one",
                     "mount a whole one: sudo mount -t proc proc /proc (in a systemd service: "
                     "without ProcSubset=pid)"};
  const std::string cause = "parts of /proc are covered" + where + ": " + list_of_covers(it.evidence);
  if (words != nullptr) return Diagnosis{cause, std::string(words->remedy)};
  return Diagnosis{cause, "uncover it: sudo umount " + it.evidence.covered_proc.back() +
                              " (in a systemd service: without ProtectKernelTunables=, ProtectKernelLogs=, "
                              "ProtectProc= and ProcSubset=)"};
}

Found in_a_container(const Case& it) {
  const ContainerWords* const words = words_of(it.evidence.container);
  if (words == nullptr || it.directory() || it.layer == Layer::limits) return {};
  // A seccomp profile may answer ENOSYS for what it does not allow.
  const bool pretended = it.errnum == ENOSYS && it.evidence.filtered;
  if (!it.refused() && !pretended) return {};
  return Diagnosis{std::string(words->name) + " forbids it", std::string(words->remedy)};
}

Found under_a_filter(const Case& it) {
  if (!it.evidence.filtered || it.directory() || it.layer == Layer::limits) return {};
  if (!it.refused() && it.errnum != ENOSYS) return {};
  return Diagnosis{"a seccomp filter that was there before pawl forbids it",
                   "start pawl outside of what installed it: a container (docker: --security-opt "
                   "seccomp=unconfined), another sandbox, or a systemd service with SystemCallFilter= or "
                   "RestrictNamespaces="};
}

// The session's cgroup is entered with the right of whoever opened it.
Found judged_by_writer(const Case& it) {
  if (it.layer != Layer::cgroup_namespace || it.errnum != EACCES || !older(it.evidence.release, 5, 16))
    return {};
  return Diagnosis{
      "Linux before 5.16 judges by who enters a cgroup, which is an action's own user here",
      "take memory, cpus and io out of the action's limits, or " + newer_kernel(it.evidence, "5.16", "")};
}

Found security_module(const Case& it) {
  if (it.errnum != EACCES || !it.namespaced() || it.evidence.confinement.empty()) return {};
  return Diagnosis{"a security module refuses it to the label " + it.evidence.confinement,
                   "see what it says: sudo journalctl -k -g 'apparmor|avc', and allow it there"};
}

Found landlock(const Case& it) {
  if (!it.is({Layer::landlock, Layer::landlock_scopes}) || it.errnum != EOPNOTSUPP) return {};
  const std::string cause = "this kernel has Landlock, but it was not switched on when it booted";
  if (!it.evidence.security_modules.empty())
    return Diagnosis{cause, boot_with(it.evidence, "lsm=landlock," + it.evidence.security_modules)};
  return Diagnosis{cause,
                   boot_with(it.evidence, "lsm=landlock,MODULES") +
                       ", where MODULES are those that are on now: sudo sh -c 'mount -t securityfs none "
                       "/sys/kernel/security; cat /sys/kernel/security/lsm'"};
}

Found overlay(const Case& it) {
  if (it.layer != Layer::overlay) return {};
  if (it.errnum == EROFS)
    return Diagnosis{"the file system of the data folder is mounted read-only",
                     "mount it writable, or find out why it is not: findmnt -T ~/.local/share, dmesg"};
  if (it.errnum == ENODEV)
    return Diagnosis{"this kernel has no overlay file system",
                     load_modules(it.evidence, {"overlay"}) +
                         "; if it has no such module, use a kernel with CONFIG_OVERLAY_FS"};
  if (it.errnum == EINVAL)
    return Diagnosis{
        "the data folder's file system cannot carry an overlay's changes (NFS, FAT, another "
        "overlay), or the kernel is older than Linux 5.11",
        "put ~/.local/share on ext4, btrfs, xfs or, since Linux 6.6, tmpfs (in a container: a "
        "volume)"};
  if (it.errnum == EOPNOTSUPP || it.errnum == EIO)
    return Diagnosis{"the data folder's file system keeps no extended attributes for users",
                     "put ~/.local/share on ext4, btrfs, xfs or, since Linux 6.6, tmpfs (in a container: a "
                     "volume)"};
  if (it.errnum == EPERM && !it.evidence.filtered && it.evidence.container == Container::none)
    return Diagnosis{"this kernel gives overlays to root alone", newer_kernel(it.evidence, "5.11", "")};
  return {};
}

Found redirect(const Case& it) {
  if (it.layer != Layer::redirect) return {};
  if (it.errnum != EPROTONOSUPPORT && it.errnum != ENOENT && it.errnum != EOPNOTSUPP) return {};
  return Diagnosis{
      "this kernel has no nftables, or not all of it that a redirect takes",
      load_modules(it.evidence,
                   {"nf_tables", "nft_chain_nat", "nft_ct", "nft_limit", "nft_redir", "nft_reject_inet"}) +
          "; if it has no such modules, use a kernel with " + std::string(facts_of(it.layer).configuration)};
}

Found limits(const Case& it) {
  if (it.layer != Layer::limits) return {};
  return diagnose_limits(it.errnum, it.evidence);
}

Found directory(const Case& it) {
  if (!it.directory()) return {};
  const std::string what = it.layer == Layer::state_directory ? "pawl's state" : "pawl's sockets";
  switch (it.errnum) {
    case EROFS:
      return Diagnosis{"the file system for " + what + " is mounted read-only",
                       "mount it writable, or find out why it is not: findmnt -T DIR, dmesg"};
    case ENOSPC:
    case EDQUOT:
      return Diagnosis{"the file system for " + what + " is full, or the quota is reached",
                       "free space there: df -h DIR, df -i DIR"};
    case EACCES:
    case EPERM:
      return Diagnosis{"this user may not write where " + what + " belong",
                       "give it to its owner: sudo chown -R USER DIR, chmod 0700 DIR"};
    case ENAMETOOLONG:
      return Diagnosis{"the path of the socket is longer than the kernel takes (107 bytes)",
                       "set XDG_RUNTIME_DIR to a short folder of your own, as systemd does"};
    default:
      return {};
  }
}

// What the kernel refuses for itself, when nothing else is there to refuse it (user_namespaces(7)).
Found by_exclusion(const Case& it) {
  if (!it.is({Layer::user_namespace, Layer::nested_user_namespace}) || it.errnum != EPERM) return {};
  return Diagnosis{
      "this process is in a chroot, or its uid or gid is not mapped in the user namespace around it",
      "run pawl outside of the chroot, or as a user that the container maps"};
}

Found old_kernel(const Case& it) {
  const LayerFacts& facts = facts_of(it.layer);
  if (facts.major == 0 || it.layer == Layer::limits) return {};
  // An unknown flag is EINVAL; of a mount that can mean many things.
  const bool flags = it.unshares() || it.is({Layer::seccomp, Layer::close_range, Layer::terminal});
  const bool unknown = it.errnum == ENOSYS || (it.errnum == EINVAL && flags);
  if (!unknown) return {};
  const std::string wanted = std::to_string(facts.major) + "." + std::to_string(facts.minor);
  const std::string built = facts.configuration.empty() ? "" : " with " + std::string(facts.configuration);
  const std::string own = it.evidence.release.empty() ? "this kernel" : "Linux " + it.evidence.release;
  if (older(it.evidence.release, facts.major, facts.minor))
    return Diagnosis{own + " is too old for it", newer_kernel(it.evidence, wanted, built)};
  if (it.evidence.kernel == KernelKind::wsl2)
    return Diagnosis{own + " was built without it", newer_kernel(it.evidence, wanted, built)};
  return Diagnosis{own + " was built without it",
                   built.empty() ? "use a kernel as your distribution ships it, " + wanted + " or later"
                                 : "use a kernel" + built};
}

std::string with_doas(std::string remedy) {
  constexpr std::string_view sudo = "sudo ";
  for (std::size_t at = 0; (at = remedy.find(sudo, at)) != std::string::npos;)
    remedy.replace(at, sudo.size(), "doas ");
  return remedy;
}

constexpr Found (*kRules[])(const Case&) = {
    other_kernel, counted,          forbidden_namespaces, covered_proc,    limits,
    directory,    landlock,         apparmor_restriction, in_a_container,  overlay,
    redirect,     judged_by_writer, under_a_filter,       security_module, by_exclusion,
    old_kernel,
};

}  // namespace

std::string Diagnosis::advice() const {
  return cause.empty() ? std::string() : cause + "; " + remedy + std::string(kMore);
}

Diagnosis Diagnosis::of_advice(std::string_view line) {
  if (!line.ends_with(kMore)) return {{}, std::string(line)};
  line.remove_suffix(kMore.size());
  const std::size_t semicolon = line.find("; ");
  if (semicolon == std::string_view::npos) return {{}, std::string(line)};
  return {std::string(line.substr(0, semicolon)), std::string(line.substr(semicolon + 2))};
}

Diagnosis diagnose(Layer layer, int errnum, const HostEvidence& evidence) {
  const Case it{layer, errnum, evidence};
  for (const auto rule : kRules)
    if (Found found = rule(it)) {
      if (evidence.doas) found->remedy = with_doas(std::move(found->remedy));
      return *std::move(found);
    }
  return {};
}

std::string advise(Layer layer, int errnum, const HostEvidence& evidence) {
  return diagnose(layer, errnum, evidence).advice();
}

std::string advise(Layer layer, int errnum) { return advise(layer, errnum, look_at_host()); }

}  // namespace pawl::sandbox
