#include "sandbox/host_limits.hpp"

#include <cerrno>

#include "sandbox/host_commands.hpp"
#include "sandbox/host_layer.hpp"

namespace pawl::sandbox {
namespace {

// "pawld.service" of "/system.slice/pawld.service"; empty: this process is in no service of the system.
std::string own_service(std::string_view path) {
  constexpr std::string_view lead = "/system.slice/";
  constexpr std::string_view mark = ".service";
  if (!path.starts_with(lead)) return {};
  const std::size_t end = path.find(mark);
  if (end == std::string_view::npos) return {};
  path = path.substr(0, end + mark.size());
  return std::string(path.substr(path.rfind('/') + 1));
}

// A group that holds processes gives nothing to those below it, so the container's own go one down.
std::string writable_cgroups(const HostEvidence& evidence) {
  std::string start = "give it a writable /sys/fs/cgroup in a cgroup namespace of its own";
  if (evidence.container == Container::docker)
    start = "docker run --cgroupns=private --security-opt writable-cgroups=true (Docker 28)";
  if (evidence.container == Container::podman)
    start = "podman run --cgroupns=private --security-opt unmask=/sys/fs/cgroup";
  if (evidence.container == Container::kubernetes)
    start =
        "on its node: cgroup_writable = true for the runtime in containerd's configuration (containerd 2.1), "
        "or "
        "with CRI-O the annotation io.kubernetes.cri-o.cgroup2-mount-hierarchy-rw: \"true\"";
  return start +
         ", and in it, as root: mkdir /sys/fs/cgroup/init && xargs -n1 </sys/fs/cgroup/cgroup.procs sh -c "
         "'echo $0 >/sys/fs/cgroup/init/cgroup.procs'; or run pawl on the host";
}

bool openrc(const HostEvidence& evidence) {
  return has_openrc(evidence) && evidence.container == Container::none;
}

std::string unified_groups(const HostEvidence& evidence) {
  if (openrc(evidence))
    return "echo 'rc_cgroup_mode=\"unified\"' | sudo tee -a /etc/rc.conf && sudo rc-update add cgroups && "
           "sudo "
           "reboot";
  if (evidence.systemd || evidence.container != Container::none)
    return boot_with(evidence, "systemd.unified_cgroup_hierarchy=1");
  return "mount only cgroup2, at /sys/fs/cgroup, when the host starts";
}

// A file of our own beside the unit, where `systemctl edit` would put what is typed into an editor.
std::string drop_in(const std::string& unit, const std::string& setting) {
  const std::string folder = "/etc/systemd/system/" + unit + ".d";
  return "sudo mkdir -p " + folder + " && printf '[Service]\\n" + setting + "\\n' | sudo tee " + folder +
         "/pawl.conf && sudo systemctl daemon-reload";
}

}  // namespace

Diagnosis diagnose_limits(int errnum, const HostEvidence& evidence) {
  const LayerFacts& facts = facts_of(Layer::limits);
  const bool contained = evidence.container != Container::none;
  if (evidence.kernel == KernelKind::wsl2 && evidence.cgroups != CgroupLayout::unified)
    return Diagnosis{
        "WSL 2 mounts control groups of version 1",
        "in Windows: wsl --update && wsl --shutdown (WSL 2.5.1 mounts version 2); if it stays: " +
            boot_with(evidence, "cgroup_no_v1=all")};
  if (evidence.kernel == KernelKind::wsl2 && !contained && !evidence.systemd)
    return Diagnosis{"this WSL distribution runs without systemd, which would delegate a control group",
                     "in /etc/wsl.conf below [boot]: systemd=true; then in Windows: wsl --shutdown"};
  if (evidence.cgroups == CgroupLayout::legacy || evidence.cgroups == CgroupLayout::hybrid)
    return Diagnosis{"this host has control groups of version 1, and limits need the unified hierarchy",
                     unified_groups(evidence)};
  if (evidence.cgroups == CgroupLayout::none)
    return Diagnosis{"no control groups of version 2 are mounted",
                     openrc(evidence) ? "sudo rc-update add cgroups && sudo rc-service cgroups start"
                                      : "sudo mount -t cgroup2 none /sys/fs/cgroup"};
  if (contained) return Diagnosis{"this container may not make control groups", writable_cgroups(evidence)};
  if (errnum == EOPNOTSUPP) {
    const std::string off = evidence.loader == Loader::raspberry
                                ? boot_with(evidence, "cgroup_enable=memory")
                                : "take cgroup_disable= off the kernel's command line and reboot";
    return Diagnosis{"this kernel was built without that part of its control groups, or booted with it off",
                     off + ", or use a kernel with " + std::string(facts.configuration)};
  }
  if (errnum == ENOENT && older(evidence.release, facts.major, facts.minor))
    return Diagnosis{
        "Linux " + evidence.release + " cannot end a control group as a whole (cgroup.kill)",
        newer_kernel(evidence, std::to_string(facts.major) + "." + std::to_string(facts.minor), "")};
  const std::string service = own_service(evidence.cgroup_path);
  if (evidence.systemd && !service.empty())
    return Diagnosis{"systemd has not delegated its control group to " + service,
                     drop_in(service, "Delegate=yes") + " && sudo systemctl restart " + service};
  if (evidence.systemd)
    return Diagnosis{"no control group is delegated to this user",
                     drop_in("user@.service", "Delegate=cpu cpuset io memory pids") +
                         "; then log out and in again (no user manager: sudo loginctl enable-linger USER)"};
  return Diagnosis{
      "no control group is delegated to this user",
      "sudo sh -c 'cd " + evidence.cgroup_mount +
          " && echo +cpu +io +memory +pids >cgroup.subtree_control && mkdir -p pawl/shell && chown -R USER "
          "pawl && echo PID >pawl/shell/cgroup.procs', where PID is the shell that starts pawl"};
}

}  // namespace pawl::sandbox
