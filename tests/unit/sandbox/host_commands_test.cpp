#include "sandbox/host_commands.hpp"

#include <catch2/catch.hpp>

#include "sandbox/host_remedies.hpp"

using namespace pawl::sandbox;
using Catch::Matchers::Contains;

namespace {

HostEvidence host_of(std::string distribution, Family family, Loader loader = Loader::unknown) {
  HostEvidence host;
  host.distribution = std::move(distribution);
  host.release = "5.10.0";
  host.family = family;
  host.loader = loader;
  host.systemd = true;
  return host;
}

}  // namespace

TEST_CASE("a kernel parameter is set with what the distribution and its boot loader have for it") {
  auto ostree = host_of("fedora", Family::fedora);
  ostree.ostree = true;
  auto wsl = host_of("ubuntu", Family::debian, Loader::grub);
  wsl.kernel = KernelKind::wsl2;
  auto contained = host_of("alpine", Family::alpine);
  contained.container = Container::docker;
  const struct {
    HostEvidence host;
    const char* command;
  } all[] = {
      {host_of("debian", Family::debian, Loader::grub),
       "echo 'GRUB_CMDLINE_LINUX=\"$GRUB_CMDLINE_LINUX a=b\"' | sudo tee -a /etc/default/grub.d/60-pawl.cfg "
       "&& "
       "sudo update-grub && sudo reboot"},
      {host_of("debian", Family::debian, Loader::raspberry),
       "sudo sed -i '1s/$/ a=b/' /boot/firmware/cmdline.txt && sudo reboot"},
      {host_of("fedora", Family::fedora, Loader::grub),
       "sudo grubby --update-kernel=ALL --args=a=b && sudo reboot"},
      {ostree, "sudo rpm-ostree kargs --append=a=b && sudo systemctl reboot"},
      {host_of("arch", Family::arch, Loader::grub),
       "echo 'GRUB_CMDLINE_LINUX=\"$GRUB_CMDLINE_LINUX a=b\"' | sudo tee -a /etc/default/grub && sudo "
       "grub-mkconfig -o /boot/grub/grub.cfg && sudo reboot"},
      {host_of("arch", Family::arch),
       "sudo sh -c \"sed -i '/^options/s/$/ a=b/' /boot/loader/entries/*.conf\" && sudo reboot "
       "(systemd-boot; of "
       "a unified image: in /etc/kernel/cmdline, then sudo mkinitcpio -P)"},
      {host_of("opensuse-tumbleweed", Family::suse, Loader::grub),
       "sudo pbl --add-option a=b && sudo pbl --config && sudo reboot"},
      {host_of("alpine", Family::alpine, Loader::extlinux),
       "sudo sed -i 's/^default_kernel_opts=\"/&a=b /' /etc/update-extlinux.conf && sudo update-extlinux && "
       "sudo "
       "reboot"},
      {host_of("nixos", Family::other), "add a=b to the kernel's command line and reboot"},
      {wsl,
       "in %UserProfile%/.wslconfig below [wsl2]: kernelCommandLine = a=b; then in Windows: wsl --shutdown"},
      {contained, "on the container's host: add a=b to the kernel's command line and reboot"},
  };
  for (const auto& [host, command] : all) CHECK(boot_with(host, "a=b") == command);
}

TEST_CASE("a newer kernel is what the distribution calls so") {
  auto wsl = host_of("ubuntu", Family::debian);
  wsl.kernel = KernelKind::wsl2;
  auto contained = host_of("debian", Family::debian);
  contained.container = Container::podman;
  const struct {
    HostEvidence host;
    const char* words;
  } all[] = {
      {host_of("ubuntu", Family::debian),
       ": sudo apt install linux-generic-hwe-$(. /etc/os-release; echo $VERSION_ID), and reboot"},
      {host_of("debian", Family::debian),
       "$VERSION_CODENAME)-backports linux-image-$(dpkg --print-architecture)"},
      {host_of("linuxmint", Family::debian), "sudo apt full-upgrade"},
      {host_of("rocky", Family::fedora), "sudo dnf upgrade --refresh kernel"},
      {host_of("arch", Family::arch), "sudo pacman -Syu"},
      {host_of("opensuse-leap", Family::suse), "sudo zypper dup"},
      {host_of("alpine", Family::alpine), "sudo apk upgrade"},
      {wsl, ": in Windows: wsl --update && wsl --shutdown"},
      {contained, "use Linux 5.19 or later on the container's host"},
  };
  for (const auto& [host, words] : all) {
    CHECK_THAT(newer_kernel(host, "5.19", ""), Contains(words));
    // What a failing layer says is the same.
    CHECK_THAT(diagnose(Layer::landlock, ENOSYS, host).remedy, Contains("use Linux 5.19 or later"));
  }
  CHECK(newer_kernel(host_of("nixos", Family::other), "5.19", "") == "use Linux 5.19 or later");
}

TEST_CASE("sysctls and modules are set at once and at every boot") {
  auto alpine = host_of("alpine", Family::alpine);
  alpine.systemd = false;
  CHECK(set_sysctl(alpine, "a=1") ==
        "echo a=1 | sudo tee /etc/sysctl.d/60-pawl.conf && sudo rc-service sysctl restart");
  const auto arch = host_of("arch", Family::arch);
  CHECK(set_sysctl(arch, "a=1") == "echo a=1 | sudo tee /etc/sysctl.d/60-pawl.conf && sudo sysctl --system");
  CHECK(load_modules(arch, {"one"}) ==
        "sudo modprobe one && printf '%s\\n' one | sudo tee /etc/modules-load.d/pawl.conf");
  CHECK_THAT(load_modules(arch, {"one", "two"}), Contains("modprobe -a one two && printf '%s\\n' one two |"));
}

TEST_CASE("where there is doas and no sudo, the commands use it") {
  auto alpine = host_of("alpine", Family::alpine);
  alpine.doas = true;
  alpine.limits[0] = 0;
  const std::string remedy = diagnose(Layer::user_namespace, ENOSPC, alpine).remedy;
  CHECK_THAT(remedy, Contains("| doas tee /etc/sysctl.d/60-pawl.conf && doas ") && !Contains("sudo"));
}
