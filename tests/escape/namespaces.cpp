// New namespaces, those of others, and mounts: each is the first step of a longer way out.
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>

#include "tests/escape/attempt.hpp"

namespace pawl::escape {
namespace {

#ifndef CLONE_NEWTIME
constexpr int CLONE_NEWTIME = 0x80;
#endif

int unshared(int flags) {
  return in_child([flags] { return answer(::unshare(flags)); });
}
int user(const Plants&) { return unshared(CLONE_NEWUSER); }
int user_and(int flags) { return unshared(::geteuid() == 0 && !confined ? flags : flags | CLONE_NEWUSER); }
int mounts(const Plants&) { return user_and(CLONE_NEWNS); }
int network(const Plants&) { return user_and(CLONE_NEWNET); }
int pids(const Plants&) { return user_and(CLONE_NEWPID); }
int uts(const Plants&) { return user_and(CLONE_NEWUTS); }
int ipc_space(const Plants&) { return user_and(CLONE_NEWIPC); }
int cgroups(const Plants&) { return user_and(CLONE_NEWCGROUP); }
int clocks(const Plants&) { return user_and(CLONE_NEWTIME); }
int mounts_alone(const Plants&) { return unshared(CLONE_NEWNS); }
int network_alone(const Plants&) { return unshared(CLONE_NEWNET); }

int cloned(const Plants&) {
  const long child = ::syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, nullptr, nullptr, nullptr, 0);
  if (child == 0) ::_exit(0);
  return answer(child);
}
int cloned_new(const Plants&) {
  std::uint64_t arguments[11] = {CLONE_NEWUSER, 0, 0, 0, SIGCHLD};
  const long child = ::syscall(SYS_clone3, arguments, 64);
  if (child == 0) ::_exit(0);
  return answer(child);
}
// The kernel looks at 64 bits, a filter that looks at 32 would not.
int cloned_wide(const Plants&) {
  const long child =
      ::syscall(SYS_clone, (std::uint64_t{1} << 40) | CLONE_NEWUSER | SIGCHLD, nullptr, nullptr, nullptr, 0);
  if (child == 0) ::_exit(0);
  return answer(child);
}

int enter(const std::string& path, int kind) {
  return in_child([&] {
    const int place = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    return place < 0 ? errno : answer(::setns(place, kind));
  });
}
int enter_victims_mounts(const Plants& plants) {
  return enter("/proc/" + plants["victim"] + "/ns/mnt", CLONE_NEWNS);
}
int enter_victims_network(const Plants& plants) {
  return enter("/proc/" + plants["victim"] + "/ns/net", CLONE_NEWNET);
}
int enter_victims_pids(const Plants& plants) {
  return enter("/proc/" + plants["victim"] + "/ns/pid", CLONE_NEWPID);
}
int enter_own_network(const Plants&) { return enter("/proc/self/ns/net", CLONE_NEWNET); }
int enter_by_pidfd(const Plants& plants) {
  return in_child([&] {
    const int process = static_cast<int>(::syscall(SYS_pidfd_open, plants.number("victim"), 0));
    return process < 0 ? errno : answer(::setns(process, CLONE_NEWNS | CLONE_NEWNET));
  });
}

int mounting(const std::function<int()>& work) { return in_new_namespaces(CLONE_NEWNS, work); }
int mount_tmpfs(const Plants&) {
  return mounting([] { return answer(::mount("none", "/tmp", "tmpfs", 0, "")); });
}
int mount_proc(const Plants&) {
  return in_new_namespaces(CLONE_NEWNS | CLONE_NEWPID, [] {
    return in_child([] { return answer(::mount("none", "/proc", "proc", 0, "")); });
  });
}
int mount_bind(const Plants&) {
  return mounting([] { return answer(::mount("/usr", "/tmp", nullptr, MS_BIND, nullptr)); });
}
int remount_root(const Plants&) {
  return mounting([] { return answer(::mount(nullptr, "/", nullptr, MS_REMOUNT | MS_BIND, nullptr)); });
}
int unmount_proc(const Plants&) {
  return mounting([] { return answer(::umount2("/proc", MNT_DETACH)); });
}
int unmount_root(const Plants&) {
  return mounting([] { return answer(::umount2("/", MNT_DETACH)); });
}
int propagate(const Plants&) {
  return mounting([] { return answer(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr)); });
}
int clone_tree(const Plants&) {
  return mounting([] { return answer(::syscall(SYS_open_tree, AT_FDCWD, "/usr", OPEN_TREE_CLONE)); });
}
int new_mount(const Plants&) {
  return mounting([] { return answer(::syscall(SYS_fsopen, "tmpfs", 0)); });
}
int pick_mount(const Plants&) {
  return mounting([] { return judged(::syscall(SYS_fspick, AT_FDCWD, "/tmp", 0)); });
}
int move_mount(const Plants&) {
  return mounting([] { return judged(::syscall(SYS_move_mount, -1, "", -1, "", 4)); });
}
int configure_mount(const Plants&) {
  return mounting([] { return judged(::syscall(SYS_fsconfig, -1, 6, nullptr, nullptr, 0)); });
}
int make_mount(const Plants&) {
  return mounting([] { return judged(::syscall(SYS_fsmount, -1, 0, 0)); });
}
int change_mount(const Plants&) {
  return mounting([] {
    std::uint64_t attributes[4] = {};
    return answer(::syscall(SYS_mount_setattr, AT_FDCWD, "/", 0, attributes, sizeof(attributes)));
  });
}
int pivot(const Plants&) {
  return mounting([] { return judged(::syscall(SYS_pivot_root, "/", "/")); });
}
int change_root(const Plants&) {
  return mounting([] { return answer(::chroot("/")); });
}
int host_name(const Plants&) {
  return in_new_namespaces(CLONE_NEWUTS, [] { return answer(::sethostname("escaped", 7)); });
}
int domain_name(const Plants&) {
  return in_new_namespaces(CLONE_NEWUTS, [] { return answer(::setdomainname("escaped", 7)); });
}
constexpr Attempt kAttempts[] = {
    {"new-user", Needs::user, user},
    {"new-mounts", Needs::user, mounts},
    {"new-network", Needs::user, network},
    {"new-pids", Needs::user, pids},
    {"new-uts", Needs::user, uts},
    {"new-ipc", Needs::user, ipc_space},
    {"new-cgroups", Needs::user, cgroups},
    {"new-clocks", Needs::user, clocks},
    {"new-mounts-alone", Needs::root, mounts_alone},
    {"new-network-alone", Needs::root, network_alone},
    {"clone-new-user", Needs::user, cloned},
    {"clone3-new-user", Needs::user, cloned_new},
    {"clone-new-user-with-high-bits", Needs::user, cloned_wide},
    {"enter-mounts-of-victim", Needs::root, enter_victims_mounts},
    {"enter-network-of-victim", Needs::root, enter_victims_network},
    {"enter-pids-of-victim", Needs::root, enter_victims_pids},
    {"enter-own-network", Needs::root, enter_own_network},
    {"enter-by-pidfd", Needs::root, enter_by_pidfd},
    {"mount-tmpfs", Needs::user, mount_tmpfs},
    {"mount-proc", Needs::user, mount_proc},
    {"mount-bind", Needs::user, mount_bind},
    {"remount-root-writable", Needs::root, remount_root},
    {"unmount-proc", Needs::root, unmount_proc},
    {"unmount-root", Needs::root, unmount_root},
    {"change-propagation", Needs::user, propagate},
    {"open-tree-clone", Needs::user, clone_tree},
    {"fsopen", Needs::user, new_mount},
    {"fspick", Needs::user, pick_mount},
    {"move-mount", Needs::user, move_mount},
    {"fsconfig", Needs::user, configure_mount},
    {"fsmount", Needs::user, make_mount},
    {"mount-setattr", Needs::user, change_mount},
    {"pivot-root", Needs::user, pivot},
    {"chroot", Needs::user, change_root},
    {"set-host-name", Needs::user, host_name},
    {"set-domain-name", Needs::user, domain_name},
};

}  // namespace

std::span<const Attempt> namespaces() { return kAttempts; }

}  // namespace pawl::escape
