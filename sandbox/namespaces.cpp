#include "sandbox/namespaces.hpp"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include "sandbox/base/unique_fd.hpp"
#include "sandbox/idmap.hpp"

namespace pawl::sandbox {
namespace {

// The first byte of a sysctl, or 0 where this kernel has none of that name.
char sysctl_value(const char* path) {
  const UniqueFd file(::open(path, O_RDONLY | O_CLOEXEC));
  char value = 0;
  if (!file || ::read(file.get(), &value, 1) != 1) return 0;
  return value;
}

}  // namespace

std::string namespace_remedy(int errnum) {
  if (sysctl_value("/proc/sys/user/max_user_namespaces") == '0')
    return "this host allows no user namespaces: sysctl -w user.max_user_namespaces=15000";
  if (sysctl_value("/proc/sys/kernel/unprivileged_userns_clone") == '0')
    return "this host keeps user namespaces from ordinary users: sysctl -w "
           "kernel.unprivileged_userns_clone=1";
  if (sysctl_value("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == '1')
    return "AppArmor restricts user namespaces here: install pawl's profile (/etc/apparmor.d/pawl-launch), "
           "or "
           "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0";
  if (errnum == ENOSPC || errnum == EUSERS)
    return "too many or too deeply nested namespaces: see sysctl user.max_user_namespaces, "
           "user.max_mnt_namespaces, "
           "user.max_net_namespaces";
  if (errnum == EPERM || errnum == EACCES)
    return "a container or a chroot forbids it: in docker or podman run with --security-opt "
           "seccomp=unconfined "
           "--security-opt apparmor=unconfined --security-opt systempaths=unconfined, or run pawl on the "
           "host";
  if (errnum == EINVAL || errnum == ENOSYS)
    return "this kernel lacks a namespace: it needs Linux 5.14 with CONFIG_USER_NS";
  return {};
}

Result<> enter_outer_namespaces(const Identity& identity, Network network) {
  const IdMaps maps = single_id_maps(identity);
  const int namespaces = CLONE_NEWUSER | CLONE_NEWNS | (network == Network::host ? 0 : CLONE_NEWNET);
  // SAFETY: everything shared becomes a slave in the copy, because its user namespace differs: nothing
  // mounted here reaches the host.
  if (::unshare(namespaces) != 0) {
    const int errnum = errno;
    return std::unexpected(failed("make user namespace", errnum).error().advising(namespace_remedy(errnum)));
  }
  if (const int errnum = write_id_maps(maps); errnum != 0)
    return std::unexpected(
        failed("map ids of the outer user namespace", errnum).error().advising(namespace_remedy(errnum)));
  return {};
}

}  // namespace pawl::sandbox
