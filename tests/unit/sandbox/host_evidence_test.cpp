#include "sandbox/host_evidence.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "tests/support/temporary_directory.hpp"

using namespace pawl;
using namespace pawl::sandbox;

namespace {

constexpr char kDebian[] =
    "Linux version 6.1.0-25-amd64 (debian-kernel@lists.debian.org) #1 SMP PREEMPT_DYNAMIC Debian 6.1.106-3\n";
constexpr char kRootMount[] = "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n";

// A host's files below a folder.
class FakeHost {
 public:
  FakeHost() {
    write("proc/version", kDebian);
    write("proc/self/mountinfo", kRootMount);
  }
  void write(const std::string& name, const std::string& text) const {
    const std::filesystem::path path = std::filesystem::path(folder_.path()) / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  HostEvidence look() const { return look_at_host(folder_.path()); }

 private:
  test::TemporaryDirectory folder_;
};

}  // namespace

TEST_CASE("kernels are told apart by what they say of themselves") {
  CHECK(kernel_kind(kDebian) == KernelKind::linux);
  CHECK(kernel_release(kDebian) == "6.1.0-25-amd64");
  CHECK(kernel_kind("Linux version 4.4.0-19041-Microsoft (Microsoft@Microsoft.com) #1") == KernelKind::wsl1);
  CHECK(kernel_kind("Linux version 5.15.153.1-microsoft-standard-WSL2 (root@x) #1 SMP") == KernelKind::wsl2);
  CHECK(kernel_kind("Linux version 4.4.0 #1 SMP Sun Jan 10 15:06:54 PST 2016") == KernelKind::gvisor);
  CHECK(kernel_kind("Linux version 4.19.0-gvisor #1 SMP Sun Jan 10 15:06:54 PST 2016") == KernelKind::gvisor);
  CHECK(kernel_kind("Linux version 4.4.0 (buildd@x) #1 SMP Mon Jan 11 2016") == KernelKind::linux);
  CHECK(kernel_release("something else").empty());
}

TEST_CASE("containers are told apart by the marks that their managers leave") {
  const FakeHost bare;
  CHECK(bare.look().container == Container::none);
  const struct {
    const char* file;
    const char* text;
    Container container;
  } marks[] = {
      {".dockerenv", "", Container::docker},
      {"run/.containerenv", "engine=\"podman-4.3.1\"\n", Container::podman},
      {"run/systemd/container", "systemd-nspawn\n", Container::nspawn},
      {"run/host/container-manager", "lxc\n", Container::lxc},
      {"dev/lxd/sock", "", Container::lxc},
      {"run/systemd/container", "lxc-libvirt\n", Container::lxc},
      {"run/systemd/container", "something-new\n", Container::other},
      {"etc/hosts", "# Kubernetes-managed hosts file.\n127.0.0.1 localhost\n", Container::kubernetes},
      {"proc/self/cgroup", "0::/kubepods.slice/kubepods-besteffort.slice/cri-1.scope\n",
       Container::kubernetes},
      {"proc/self/mountinfo",
       "27 1 0:9 / / rw - ext4 /dev/a rw\n28 27 0:50 /proc/cpuinfo /proc/cpuinfo rw - "
       "fuse.lxcfs lxcfs rw\n",
       Container::lxc},
  };
  for (const auto& [file, text, container] : marks) {
    INFO(file << ": " << text);
    const FakeHost host;
    host.write(file, text);
    CHECK(host.look().container == container);
  }
  // WSL marks itself like a container, and is none.
  const FakeHost wsl;
  wsl.write("run/systemd/container", "wsl\n");
  CHECK(wsl.look().container == Container::none);
}

TEST_CASE("what covers parts of /proc is found, and what covers nothing is not counted") {
  const FakeHost host;
  host.write("proc/self/mountinfo", std::string(kRootMount) +
                                        "30 27 0:21 / /proc rw - proc proc rw\n"
                                        "31 30 0:6 /null /proc/kcore rw,nosuid - tmpfs tmpfs rw\n"
                                        "32 30 0:40 / /proc/acpi ro shared:7 - tmpfs tmpfs ro\n"
                                        "33 30 0:41 / /proc/sys/fs/binfmt_misc rw - autofs systemd-1 rw\n");
  CHECK(host.look().covered_proc == std::vector<std::string>{"/proc/kcore", "/proc/acpi"});
  CHECK_FALSE(host.look().chroot);
}

TEST_CASE("a process without a mount at its root is in a chroot") {
  const FakeHost host;
  host.write("proc/self/mountinfo", "30 27 0:21 / /proc rw - proc proc rw\n");
  CHECK(host.look().chroot);
}

TEST_CASE("settings are read, and absent ones stay unknown") {
  const FakeHost host;
  CHECK_FALSE(host.look().userns_clone);
  CHECK_FALSE(host.look().apparmor_restriction);
  CHECK_FALSE(host.look().limits[0]);
  host.write("proc/sys/user/max_user_namespaces", "0\n");
  host.write("proc/sys/user/max_cgroup_namespaces", "7\n");
  host.write("proc/sys/kernel/unprivileged_userns_clone", "0\n");
  host.write("proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1\n");
  host.write("proc/self/attr/current", "docker-default (enforce)\n");
  host.write("proc/self/status", "Name:\tpawl\nNoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t1\n");
  host.write("etc/os-release", "PRETTY_NAME=\"Ubuntu 24.04\"\nID=ubuntu\nVERSION_ID=\"24.04\"\n");
  const HostEvidence seen = host.look();
  CHECK(seen.limits[0] == std::uint64_t{0});
  CHECK(seen.limits[6] == std::uint64_t{7});
  CHECK(seen.userns_clone == 0);
  CHECK(seen.apparmor_restriction == 1);
  CHECK(seen.confinement == "docker-default (enforce)");
  CHECK(seen.filtered);
  CHECK(seen.distribution == "ubuntu");
}

TEST_CASE("the layout of control groups is told by their mounts") {
  const std::string v1 = "32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n";
  const std::string named = "40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd\n";
  const std::string v2 = "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";
  const auto layout = [](const std::string& mounts) {
    const FakeHost host;
    host.write("proc/self/mountinfo", kRootMount + mounts);
    host.write("proc/self/cgroup", "4:memory:/x\n0::/user.slice/user-1000.slice\n");
    return host.look();
  };
  CHECK(layout("").cgroups == CgroupLayout::none);
  CHECK(layout(v1).cgroups == CgroupLayout::legacy);
  CHECK(layout(v1 + v2).cgroups == CgroupLayout::hybrid);
  CHECK(layout(v2).cgroups == CgroupLayout::unified);
  CHECK(layout(named + v2).cgroups == CgroupLayout::unified);
  CHECK(layout(v2).cgroup_mount == "/sys/fs/cgroup/unified");
  CHECK(layout(v2).cgroup_path == "/user.slice/user-1000.slice");
}

TEST_CASE("nothing of a host that cannot be read is taken for a cause") {
  const HostEvidence seen = look_at_host("/nowhere/at-all");
  CHECK(seen.container == Container::none);
  CHECK(seen.kernel == KernelKind::linux);
  CHECK_FALSE(seen.chroot);
  CHECK_FALSE(seen.filtered);
  CHECK(seen.covered_proc.empty());
}

TEST_CASE("distributions are told by what they are like, boot loaders by their files") {
  CHECK(family_of("debian", "") == Family::debian);
  CHECK(family_of("linuxmint", "ubuntu debian") == Family::debian);
  CHECK(family_of("rocky", "rhel centos fedora") == Family::fedora);
  CHECK(family_of("manjaro", "arch") == Family::arch);
  CHECK(family_of("opensuse-tumbleweed", "opensuse suse") == Family::suse);
  CHECK(family_of("alpine", "") == Family::alpine);
  CHECK(family_of("nixos", "") == Family::other);

  const FakeHost host;
  host.write("etc/os-release", "ID=endeavouros\nID_LIKE=\"arch\"\n");
  CHECK(host.look().family == Family::arch);
  CHECK(host.look().loader == Loader::unknown);
  CHECK_FALSE(host.look().doas);
  host.write("usr/bin/doas", "");
  CHECK(host.look().doas);
  host.write("usr/bin/sudo", "");
  CHECK_FALSE(host.look().doas);
  host.write("etc/default/grub", "");
  CHECK(host.look().loader == Loader::grub);
  host.write("etc/update-extlinux.conf", "");
  CHECK(host.look().loader == Loader::extlinux);
  host.write("boot/firmware/cmdline.txt", "");
  CHECK(host.look().loader == Loader::raspberry);
  host.write("run/ostree-booted", "");
  CHECK(host.look().ostree);
}
