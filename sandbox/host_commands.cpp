#include "sandbox/host_commands.hpp"

#include <charconv>

namespace pawl::sandbox {
namespace {

// Whatever is done to the kernel is done there.
std::string on_its_host(const HostEvidence& host) {
  return host.container == Container::none ? "" : "on the container's host: ";
}

constexpr std::string_view kShutDown = "in Windows: wsl --shutdown";

std::string add_to_grub(const std::string& parameter, std::string_view file, std::string_view generate) {
  return "echo 'GRUB_CMDLINE_LINUX=\"$GRUB_CMDLINE_LINUX " + parameter + "\"' | sudo tee -a " +
         std::string(file) + " && " + std::string(generate) + " && sudo reboot";
}

// What a distribution calls its newer kernels; empty: not known here.
std::string upgrade(const HostEvidence& host) {
  const std::string own = "$(. /etc/os-release; echo $";
  if (host.distribution == "ubuntu") return "sudo apt install linux-generic-hwe-" + own + "VERSION_ID)";
  if (host.distribution == "debian")
    return "sudo apt install -t " + own +
           "VERSION_CODENAME)-backports linux-image-$(dpkg --print-architecture)";
  if (host.ostree) return "sudo rpm-ostree upgrade";
  switch (host.family) {
    case Family::debian:
      return "sudo apt update && sudo apt full-upgrade";
    case Family::fedora:
      return "sudo dnf upgrade --refresh kernel";
    case Family::arch:
      return "sudo pacman -Syu";
    case Family::suse:
      return "sudo zypper refresh && sudo zypper dup";
    case Family::alpine:
      return "sudo apk upgrade --update-cache";
    case Family::other:
      return "";
  }
  return "";
}

}  // namespace

bool older(const std::string& release, unsigned than_major, unsigned than_minor) {
  unsigned major = 0;
  unsigned minor = 0;
  const char* const begin = release.data();
  const char* const end = begin + release.size();
  const auto [dot, bad] = std::from_chars(begin, end, major);
  if (bad != std::errc{} || dot == end || *dot != '.') return false;
  if (std::from_chars(dot + 1, end, minor).ec != std::errc{}) return false;
  return major != than_major ? major < than_major : minor < than_minor;
}

bool has_openrc(const HostEvidence& host) { return host.family == Family::alpine && !host.systemd; }

// busybox's sysctl knows no --system; OpenRC's service reads the same files.
std::string set_sysctl(const HostEvidence& host, const std::string& setting) {
  return "echo " + setting + " | sudo tee /etc/sysctl.d/60-pawl.conf && " +
         (has_openrc(host) ? "sudo rc-service sysctl restart" : "sudo sysctl --system");
}

std::string boot_with(const HostEvidence& host, const std::string& parameter) {
  const std::string plainly = "add " + parameter + " to the kernel's command line and reboot";
  if (host.container != Container::none) return on_its_host(host) + plainly;
  if (host.kernel == KernelKind::wsl2)
    return "in %UserProfile%/.wslconfig below [wsl2]: kernelCommandLine = " + parameter + "; then " +
           std::string(kShutDown);
  if (host.loader == Loader::raspberry)
    return "sudo sed -i '1s/$/ " + parameter + "/' /boot/firmware/cmdline.txt && sudo reboot";
  if (host.ostree) return "sudo rpm-ostree kargs --append=" + parameter + " && sudo systemctl reboot";
  if (host.family == Family::fedora)
    return "sudo grubby --update-kernel=ALL --args=" + parameter + " && sudo reboot";
  if (host.family == Family::suse)
    return "sudo pbl --add-option " + parameter + " && sudo pbl --config && sudo reboot";
  if (host.loader == Loader::extlinux)
    return "sudo sed -i 's/^default_kernel_opts=\"/&" + parameter +
           " /' /etc/update-extlinux.conf && sudo update-extlinux && sudo reboot";
  if (host.loader == Loader::grub && host.family == Family::debian)
    return add_to_grub(parameter, "/etc/default/grub.d/60-pawl.cfg", "sudo update-grub");
  if (host.loader == Loader::grub)
    return add_to_grub(parameter, "/etc/default/grub", "sudo grub-mkconfig -o /boot/grub/grub.cfg");
  if (host.family == Family::arch)
    return "sudo sh -c \"sed -i '/^options/s/$/ " + parameter +
           "/' /boot/loader/entries/*.conf\" && sudo reboot (systemd-boot; of a unified image: in "
           "/etc/kernel/cmdline, then sudo mkinitcpio -P)";
  return plainly;
}

std::string load_modules(const HostEvidence& host, std::initializer_list<std::string_view> names) {
  std::string list;
  for (const std::string_view name : names) list += (list.empty() ? "" : " ") + std::string(name);
  return on_its_host(host) + (names.size() > 1 ? "sudo modprobe -a " : "sudo modprobe ") + list +
         " && printf '%s\\n' " + list + " | sudo tee /etc/modules-load.d/pawl.conf";
}

std::string newer_kernel(const HostEvidence& host, const std::string& version, const std::string& built) {
  const std::string wanted = "use Linux " + version + " or later" + built;
  if (host.container != Container::none) return wanted + " on the container's host";
  if (host.kernel == KernelKind::wsl2)
    return wanted +
           ": in Windows: wsl --update && wsl --shutdown (without kernel= in %UserProfile%/.wslconfig)";
  const std::string command = upgrade(host);
  if (command.empty()) return wanted;
  return wanted + ": " + command + ", and reboot; if that is too old, a later release of the distribution";
}

}  // namespace pawl::sandbox
