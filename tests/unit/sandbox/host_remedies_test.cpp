#include "sandbox/host_remedies.hpp"

#include <catch2/catch.hpp>

using namespace pawl;
using namespace pawl::sandbox;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

HostEvidence ordinary_host() {
  HostEvidence host;
  host.distribution = "debian";
  host.release = "6.1.0-25-amd64";
  host.systemd = true;
  host.limits.fill(15000);
  host.cgroups = CgroupLayout::unified;
  host.cgroup_mount = "/sys/fs/cgroup";
  host.program = "/usr/libexec/pawl";
  return host;
}

template <class Change>
HostEvidence host_with(const Change& change) {
  HostEvidence host = ordinary_host();
  change(host);
  return host;
}

}  // namespace

TEST_CASE("a count of namespaces that is zero is named, with the setting that raises it") {
  for (std::size_t i = 0; i < kNamespaceKinds.size(); ++i) {
    const auto host = host_with([i](HostEvidence& it) { it.limits[i] = 0; });
    const std::string setting = "user.max_" + std::string(kNamespaceKinds[i]) + "_namespaces";
    const Diagnosis found = diagnose(Layer::user_namespace, ENOSPC, host);
    CHECK_THAT(found.cause, Contains(setting + " is 0"));
    CHECK(found.remedy ==
          "echo " + setting + "=15000 | sudo tee /etc/sysctl.d/60-pawl.conf && sudo sysctl --system");
  }
}

TEST_CASE("namespaces that ran out are named by what was tried") {
  const auto host = host_with([](HostEvidence& it) { it.exhausted = {"pid"}; });
  const Diagnosis found = diagnose(Layer::nested_user_namespace, ENOSPC, host);
  CHECK(found.cause == "this host allows no more namespaces of the kind pid");
  CHECK_THAT(found.remedy, Contains("user.max_pid_namespaces=15000"));
  CHECK_THAT(diagnose(Layer::user_namespace, EUSERS, ordinary_host()).cause,
             Contains("nested deeper than 32"));
  // A file system that is full says the same errno, and means something else.
  CHECK_FALSE(diagnose(Layer::new_root, ENOSPC, host));
}

TEST_CASE("Debian's switch against user namespaces is named") {
  const auto host = host_with([](HostEvidence& it) { it.userns_clone = 0; });
  const Diagnosis found = diagnose(Layer::user_namespace, EPERM, host);
  CHECK_THAT(found.cause, Contains("kernel.unprivileged_userns_clone is 0"));
  CHECK_THAT(found.remedy, Contains("kernel.unprivileged_userns_clone=1"));
}

TEST_CASE("Ubuntu's restriction by AppArmor leads to the profile of this installation") {
  const auto restricted = [](HostEvidence& it) {
    it.apparmor_restriction = 1;
    it.confinement = "unconfined";
  };
  const auto host = host_with(restricted);
  // The namespace is made there, and then gives no right: the map, or the first mount, is what fails.
  for (const Layer layer : {Layer::user_namespace, Layer::id_maps, Layer::new_root, Layer::overlay})
    for (const int errnum : {EPERM, EACCES}) {
      const Diagnosis found = diagnose(layer, errnum, host);
      CHECK_THAT(found.cause, Contains("kernel.apparmor_restrict_unprivileged_userns is 1"));
      CHECK(found.remedy ==
            "sudo install -m 0644 /usr/share/pawl/apparmor/pawl-launch /etc/apparmor.d/pawl-launch && sudo "
            "apparmor_parser -r /etc/apparmor.d/pawl-launch");
    }
  const auto built = host_with([&](HostEvidence& it) {
    restricted(it);
    it.program = "/home/alice/pawl/build";
  });
  // The profile allows by path, so it has to be given theirs.
  CHECK(
      diagnose(Layer::id_maps, EPERM, built).remedy ==
      "sed 's|/usr{,/local}/libexec/pawl|/home/alice/pawl/build|' packaging/apparmor/pawl-launch | sudo tee "
      "/etc/apparmor.d/pawl-launch && sudo apparmor_parser -r /etc/apparmor.d/pawl-launch");
  const auto elsewhere = host_with([&](HostEvidence& it) {
    restricted(it);
    it.program = "/opt/pawl/libexec/pawl";
  });
  CHECK_THAT(diagnose(Layer::id_maps, EPERM, elsewhere).remedy,
             Contains("|/opt/pawl/libexec/pawl|' /opt/pawl/share/pawl/apparmor/pawl-launch | sudo tee"));
  const auto profiled = host_with([&](HostEvidence& it) {
    restricted(it);
    it.confinement = "pawl-launch (unconfined)";
  });
  CHECK_FALSE(diagnose(Layer::id_maps, EPERM, profiled));
}

TEST_CASE("a container that was started without an AppArmor profile needs pawl's on its host") {
  const auto contained = [](const char* label) {
    return host_with([label](HostEvidence& it) {
      it.apparmor_restriction = 1;
      it.container = Container::docker;
      it.confinement = label;
    });
  };
  const Diagnosis found = diagnose(Layer::id_maps, EPERM, contained("unconfined"));
  CHECK_THAT(found.cause, Contains("kernel.apparmor_restrict_unprivileged_userns is 1"));
  CHECK_THAT(found.remedy, StartsWith("on the container's host") && Contains("apparmor_parser -r"));
  CHECK(diagnose(Layer::id_maps, EPERM, contained("docker-default (enforce)")).cause ==
        "a docker container forbids it");
  auto filtered = contained("unconfined");
  filtered.filtered = true;
  CHECK(diagnose(Layer::id_maps, EPERM, filtered).cause == "a docker container forbids it");
}

TEST_CASE("each container is told its own switches") {
  const struct {
    Container container;
    const char* cause;
    const char* remedy;
  } all[] = {
      {Container::docker, "a docker container forbids it", "docker run --security-opt seccomp=unconfined"},
      {Container::podman, "a podman container forbids it", "--security-opt unmask=ALL"},
      {Container::kubernetes, "a Kubernetes pod forbids it", "hostUsers: false"},
      {Container::lxc, "an LXC or Incus container forbids it", "security.nesting true"},
      {Container::nspawn, "a systemd-nspawn container forbids it", "run pawl on the host"},
      {Container::other, "a container forbids it", "run pawl on the host"},
  };
  for (const auto& [container, cause, remedy] : all) {
    const auto host = host_with([&](HostEvidence& it) { it.container = container; });
    for (const Layer layer : {Layer::user_namespace, Layer::keyring, Layer::landlock, Layer::new_root}) {
      const Diagnosis found = diagnose(layer, EPERM, host);
      CHECK(found.cause == cause);
      CHECK_THAT(found.remedy, Contains(remedy));
    }
  }
}

TEST_CASE("a container's filter that answers ENOSYS is not taken for an old kernel") {
  const auto filtered = host_with([](HostEvidence& it) {
    it.container = Container::docker;
    it.filtered = true;
  });
  CHECK(diagnose(Layer::landlock, ENOSYS, filtered).cause == "a docker container forbids it");
  const auto open = host_with([](HostEvidence& it) { it.container = Container::docker; });
  CHECK_THAT(diagnose(Layer::landlock, ENOSYS, open).cause, Contains("was built without it"));
}

TEST_CASE("a filter outside of a container is named as what it is") {
  const auto host = host_with([](HostEvidence& it) { it.filtered = true; });
  for (const Layer layer : {Layer::user_namespace, Layer::keyring, Layer::seccomp, Layer::private_proc}) {
    const Diagnosis found = diagnose(layer, EPERM, host);
    CHECK_THAT(found.cause, Contains("seccomp filter that was there before pawl"));
    CHECK_THAT(found.remedy, Contains("SystemCallFilter="));
  }
}

TEST_CASE("a covered /proc names what covers it, and the way to uncover it") {
  const auto covered = [](HostEvidence& it) { it.covered_proc = {"/proc/kcore", "/proc/keys"}; };
  const Diagnosis bare = diagnose(Layer::private_proc, EPERM, host_with(covered));
  CHECK(bare.cause == "parts of /proc are covered: /proc/kcore, /proc/keys");
  CHECK_THAT(bare.remedy, Contains("sudo umount /proc/keys"));
  CHECK_THAT(bare.remedy, Contains("ProtectKernelTunables="));

  const auto docker = host_with([&](HostEvidence& it) {
    covered(it);
    it.container = Container::docker;
  });
  CHECK(diagnose(Layer::private_proc, EPERM, docker).cause ==
        "parts of /proc are covered in a docker container: /proc/kcore, /proc/keys");
  CHECK_THAT(diagnose(Layer::private_proc, EPERM, docker).remedy, Contains("systempaths=unconfined"));
  const auto pod = host_with([&](HostEvidence& it) {
    covered(it);
    it.container = Container::kubernetes;
  });
  CHECK_THAT(diagnose(Layer::private_proc, EPERM, pod).remedy, Contains("procMount: Unmasked"));
  CHECK_THAT(diagnose(Layer::private_proc, EPERM, ordinary_host()).cause, Contains("no whole /proc"));
}

TEST_CASE("a chroot, WSL 1, gVisor and a session of pawl are named before anything else") {
  const auto in_chroot = host_with([](HostEvidence& it) { it.chroot = true; });
  CHECK_THAT(diagnose(Layer::user_namespace, EPERM, in_chroot).cause, Contains("chroot"));
  CHECK_THAT(diagnose(Layer::user_namespace, EPERM, ordinary_host()).cause,
             Contains("in a chroot, or its uid"));
  const auto wsl1 = host_with([](HostEvidence& it) { it.kernel = KernelKind::wsl1; });
  CHECK_THAT(diagnose(Layer::user_namespace, EINVAL, wsl1).remedy,
             Contains("wsl --set-version DISTRIBUTION 2"));
  const auto gvisor = host_with([](HostEvidence& it) {
    it.kernel = KernelKind::gvisor;
    it.container = Container::docker;
  });
  CHECK_THAT(diagnose(Layer::landlock, ENOSYS, gvisor).cause, Contains("gVisor"));
  const auto nested = host_with([](HostEvidence& it) { it.pawl_session = true; });
  CHECK_THAT(diagnose(Layer::user_namespace, EPERM, nested).cause, Contains("pawl sandbox already"));
}

TEST_CASE("an old kernel is told the version that brings what is missing") {
  const auto old = host_with([](HostEvidence& it) { it.release = "5.4.0-42-generic"; });
  const struct {
    Layer layer;
    int errnum;
    const char* remedy;
  } all[] = {{Layer::close_range, ENOSYS, "use Linux 5.11 or later"},
             {Layer::landlock, ENOSYS, "use Linux 5.19 or later with CONFIG_SECURITY_LANDLOCK=y"},
             {Layer::new_root, ENOSYS, "use Linux 5.12 or later"},
             {Layer::landlock_scopes, ENOSYS, "use Linux 6.12 or later with CONFIG_SECURITY_LANDLOCK=y"}};
  for (const auto& [layer, errnum, remedy] : all) {
    const Diagnosis found = diagnose(layer, errnum, old);
    CHECK(found.cause == "Linux 5.4.0-42-generic is too old for it");
    CHECK_THAT(found.remedy, StartsWith(remedy));
  }
  // New enough, and without it all the same.
  const Diagnosis without = diagnose(Layer::user_namespace, EINVAL, ordinary_host());
  CHECK(without.cause == "Linux 6.1.0-25-amd64 was built without it");
  CHECK(without.remedy == "use a kernel with CONFIG_USER_NS=y");
}

TEST_CASE("Landlock that was not switched on at boot keeps the modules that were") {
  const auto host = host_with([](HostEvidence& it) { it.security_modules = "capability,yama,apparmor"; });
  const Diagnosis found = diagnose(Layer::landlock, EOPNOTSUPP, host);
  CHECK_THAT(found.remedy, Contains("lsm=landlock,capability,yama,apparmor"));
  // Where securityfs is not mounted, the command that shows them.
  CHECK_THAT(diagnose(Layer::landlock, EOPNOTSUPP, ordinary_host()).remedy,
             Contains("lsm=landlock,MODULES") && Contains("cat /sys/kernel/security/lsm"));
}

TEST_CASE("an overlay that cannot be is told apart by what failed") {
  CHECK_THAT(diagnose(Layer::overlay, ENODEV, ordinary_host()).remedy, Contains("modprobe overlay"));
  CHECK_THAT(diagnose(Layer::overlay, EINVAL, ordinary_host()).remedy, Contains("ext4, btrfs, xfs"));
  for (const int errnum : {EOPNOTSUPP, EIO})
    CHECK_THAT(diagnose(Layer::overlay, errnum, ordinary_host()).cause,
               Contains("no extended attributes for users"));
  CHECK_THAT(diagnose(Layer::overlay, EPERM, ordinary_host()).remedy, Contains("Linux 5.11"));
  CHECK_THAT(diagnose(Layer::overlay, EROFS, ordinary_host()).cause, Contains("read-only"));
}

TEST_CASE("nftables that are not all there are told apart from a refusal") {
  for (const int errnum : {EPROTONOSUPPORT, ENOENT, EOPNOTSUPP})
    CHECK_THAT(diagnose(Layer::redirect, errnum, ordinary_host()).remedy, Contains("nft_redir"));
  CHECK_FALSE(diagnose(Layer::redirect, EPERM, ordinary_host()));
}

TEST_CASE("limits are told by the layout of control groups before the errno") {
  const auto layout = [](CgroupLayout cgroups) {
    return host_with([cgroups](HostEvidence& it) { it.cgroups = cgroups; });
  };
  for (const CgroupLayout old : {CgroupLayout::legacy, CgroupLayout::hybrid})
    CHECK_THAT(diagnose(Layer::limits, EOPNOTSUPP, layout(old)).remedy,
               Contains("systemd.unified_cgroup_hierarchy=1"));
  CHECK_THAT(diagnose(Layer::limits, ENOENT, layout(CgroupLayout::none)).remedy,
             Contains("mount -t cgroup2"));
  CHECK_THAT(
      diagnose(Layer::limits, EACCES, ordinary_host()).remedy,
      Contains("sudo tee /etc/systemd/system/user@.service.d/pawl.conf && sudo systemctl daemon-reload") &&
          Contains("Delegate=cpu cpuset io memory pids"));
  const auto plain = host_with([](HostEvidence& it) { it.systemd = false; });
  CHECK_THAT(diagnose(Layer::limits, EACCES, plain).remedy,
             Contains("cd /sys/fs/cgroup ") && Contains("chown -R USER pawl"));
  CHECK_THAT(diagnose(Layer::limits, EOPNOTSUPP, plain).remedy, Contains("CONFIG_MEMCG"));
  const auto wsl2 = host_with([](HostEvidence& it) {
    it.kernel = KernelKind::wsl2;
    it.cgroups = CgroupLayout::hybrid;
  });
  CHECK_THAT(diagnose(Layer::limits, EOPNOTSUPP, wsl2).remedy, Contains("cgroup_no_v1=all"));
  const auto docker = host_with([](HostEvidence& it) { it.container = Container::docker; });
  CHECK_THAT(diagnose(Layer::limits, EROFS, docker).remedy,
             Contains("writable-cgroups=true") && Contains("/sys/fs/cgroup/init"));
  const auto podman = host_with([](HostEvidence& it) { it.container = Container::podman; });
  CHECK_THAT(diagnose(Layer::limits, EROFS, podman).remedy, Contains("unmask=/sys/fs/cgroup"));
  const auto pod = host_with([](HostEvidence& it) { it.container = Container::kubernetes; });
  CHECK_THAT(diagnose(Layer::limits, EROFS, pod).remedy,
             Contains("cgroup_writable = true") && Contains("cgroup2-mount-hierarchy-rw"));
  const auto without_systemd = host_with([](HostEvidence& it) {
    it.kernel = KernelKind::wsl2;
    it.systemd = false;
  });
  CHECK_THAT(diagnose(Layer::limits, EACCES, without_systemd).remedy,
             Contains("/etc/wsl.conf below [boot]: systemd=true") && Contains("wsl --shutdown"));
  const auto pi = host_with([](HostEvidence& it) { it.loader = Loader::raspberry; });
  CHECK_THAT(diagnose(Layer::limits, EOPNOTSUPP, pi).remedy,
             Contains("cgroup_enable=memory/' /boot/firmware"));
  const auto alpine = [](CgroupLayout cgroups) {
    return host_with([cgroups](HostEvidence& it) {
      it.family = Family::alpine;
      it.systemd = false;
      it.cgroups = cgroups;
    });
  };
  CHECK_THAT(diagnose(Layer::limits, ENOENT, alpine(CgroupLayout::hybrid)).remedy,
             Contains("rc_cgroup_mode=\"unified\""));
  CHECK_THAT(diagnose(Layer::limits, ENOENT, alpine(CgroupLayout::none)).remedy,
             Contains("rc-service cgroups start"));
}

TEST_CASE("an old kernel that judges by who enters a cgroup is named, a newer one is not") {
  const auto on = [](std::string release) {
    return host_with([&release](HostEvidence& it) { it.release = std::move(release); });
  };
  CHECK_THAT(diagnose(Layer::cgroup_namespace, EACCES, on("5.15.0-91-generic")).remedy,
             Contains("Linux 5.16"));
  CHECK_FALSE(diagnose(Layer::cgroup_namespace, EACCES, on("5.16.0")));
}

TEST_CASE("an old kernel that cannot kill a cgroup is named, a newer one lacks delegation") {
  const auto on = [](std::string release) {
    return host_with([&release](HostEvidence& it) { it.release = std::move(release); });
  };
  CHECK_THAT(diagnose(Layer::limits, ENOENT, on("5.10.0-30-amd64")).cause, Contains("cgroup.kill"));
  CHECK_THAT(diagnose(Layer::limits, ENOENT, on("5.10.0-30-amd64")).remedy, Contains("Linux 5.14"));
  CHECK_THAT(diagnose(Layer::limits, ENOENT, on("6.1.0-25-amd64")).cause, Contains("delegated"));
}

TEST_CASE("a service that was delegated nothing is named, a person's session is not taken for one") {
  const auto in = [](std::string path) {
    return host_with([&path](HostEvidence& it) { it.cgroup_path = std::move(path); });
  };
  CHECK_THAT(diagnose(Layer::limits, 0, in("/system.slice/pawld.service")).remedy,
             Contains("/etc/systemd/system/pawld.service.d/pawl.conf") && Contains("Delegate=yes") &&
                 Contains("systemctl restart pawld.service"));
  CHECK_THAT(diagnose(Layer::limits, 0, in("/system.slice/system-pawl.slice/pawl@a.service/leaf")).remedy,
             Contains("/pawl@a.service.d/"));
  CHECK_THAT(diagnose(Layer::limits, 0, in("/user.slice/user-1000.slice/session-1.scope")).remedy,
             Contains("/user@.service.d/"));
}

TEST_CASE("folders that cannot be written say why") {
  CHECK_THAT(diagnose(Layer::state_directory, EROFS, ordinary_host()).cause, Contains("mounted read-only"));
  CHECK_THAT(diagnose(Layer::state_directory, ENOSPC, ordinary_host()).remedy, Contains("df -h"));
  CHECK_THAT(diagnose(Layer::socket_directory, EACCES, ordinary_host()).cause, Contains("sockets"));
  CHECK_THAT(diagnose(Layer::socket_directory, ENAMETOOLONG, ordinary_host()).cause, Contains("107 bytes"));
  // A container is not to blame for a folder.
  const auto docker = host_with([](HostEvidence& it) { it.container = Container::docker; });
  CHECK_THAT(diagnose(Layer::state_directory, EACCES, docker).cause, Contains("may not write"));
}

TEST_CASE("a path that may not be looked at is no fault of the host's") {
  const auto docker = host_with([](HostEvidence& it) { it.container = Container::docker; });
  CHECK_FALSE(diagnose(Layer::read_only_bind, EACCES, docker));
  CHECK(diagnose(Layer::read_only_bind, EPERM, docker));
  CHECK_FALSE(diagnose(Layer::new_root, EPERM, ordinary_host()));
}

TEST_CASE("advice is one line, and can be taken apart again") {
  const auto pod = host_with([](HostEvidence& it) { it.container = Container::kubernetes; });
  const Diagnosis said = diagnose(Layer::user_namespace, EPERM, pod);
  const std::string line = said.advice();
  CHECK(line.find('\n') == std::string::npos);
  CHECK_THAT(line, Contains("pawl doctor"));
  const Diagnosis heard = Diagnosis::of_advice(line);
  CHECK(heard.cause == said.cause);
  CHECK(heard.remedy == said.remedy);
  CHECK_FALSE(Diagnosis::of_advice("start it again"));
  CHECK(Diagnosis::of_advice("start it again").remedy == "start it again");
  CHECK(Diagnosis{}.advice().empty());
}

TEST_CASE("a failure gets advice only where the kernel refused and nobody has advised yet") {
  const auto advised = [](Error error) {
    return explained(Layer::state_directory, Result<>(std::unexpected(std::move(error)))).error().remedy;
  };
  CHECK_THAT(advised({EROFS, "open it", {}}), Contains("read-only"));
  CHECK(advised({EROFS, "open it", "known already"}) == "known already");
  CHECK(advised({0, "pawl says no", {}}).empty());
  CHECK(explained(Layer::state_directory, Result<>{}));
}

TEST_CASE("every layer has a name of its own, and is found by it") {
  for (const LayerFacts& facts : all_layers()) {
    CHECK(layer_named(facts.name) == facts.layer);
    CHECK_FALSE(facts.holds.empty());
  }
  CHECK_FALSE(layer_named("no such layer"));
}
