#include "supervisor/policy/system_mounts.hpp"

namespace pawl::policy {
namespace {

using sandbox::Mount;
using sandbox::MountKind;
using sandbox::Presence;

struct Link {
  std::string_view target, source;
};

constexpr Link links[] = {
    {"/bin", "usr/bin"},
    {"/sbin", "usr/sbin"},
    {"/lib", "usr/lib"},
    {"/lib64", "usr/lib64"},
    {"/var/tmp", "/tmp"},
    {"/etc/os-release", "../usr/lib/os-release"},
    {"/etc/mtab", "../proc/self/mounts"},
};

// Of the host's /etc only what programs need to start and to check certificates; nothing that names users,
// hosts or services of this machine, and no private key.
constexpr std::string_view shown_etc[] = {
    "/etc/alternatives",    "/etc/ld.so.cache",     "/etc/localtime", "/etc/mime.types", "/etc/ssl/certs",
    "/etc/ssl/openssl.cnf", "/etc/ca-certificates", "/etc/protocols", "/etc/services",   "/etc/magic",
};

void add_file(std::string_view target, std::string text, std::vector<Mount>& mounts) {
  mounts.push_back(
      {.kind = MountKind::file, .target = std::string(target), .source = std::move(text), .mode = 0444});
}

void add_etc(const Account& account, std::vector<Mount>& mounts) {
  const std::string uid = std::to_string(account.identity.uid);
  const std::string gid = std::to_string(account.identity.gid);
  mounts.push_back({.kind = MountKind::directory, .target = "/etc"});
  add_file("/etc/passwd",
           account.name + ":x:" + uid + ":" + gid + "::" + account.home + ":/bin/bash\n" +
               "nobody:x:65534:65534::/nonexistent:/usr/sbin/nologin\n",
           mounts);
  add_file("/etc/group", account.name + ":x:" + gid + ":\nnogroup:x:65534:\n", mounts);
  add_file("/etc/hosts", "127.0.0.1 localhost\n::1 localhost\n127.0.1.1 pawl\n", mounts);
  add_file("/etc/hostname", "pawl\n", mounts);
  add_file("/etc/nsswitch.conf",
           "passwd: files\ngroup: files\nhosts: files dns\nservices: files\nprotocols: files\n", mounts);
  // Loopback, where nothing answers: a lookup fails at once instead of timing out.
  add_file("/etc/resolv.conf", "nameserver 127.0.0.53\noptions attempts:1 timeout:1\n", mounts);
  for (std::string_view path : shown_etc) {
    Mount mount = pawls_own(read_only_path(path));
    mount.presence = Presence::if_present;
    mounts.push_back(std::move(mount));
  }
}

}  // namespace

Mount read_only_path(std::string_view path) {
  return {.kind = MountKind::read_only, .target = std::string(path), .source = std::string(path)};
}

Mount pawls_own(Mount mount) {
  mount.origin = sandbox::Origin::pawls_own;
  return mount;
}

Mount handed(MountKind kind, std::string_view target, std::uint32_t descriptor) {
  return {.kind = kind, .target = std::string(target), .descriptor = descriptor};
}

void add_system_mounts(const Account& account, std::uint64_t tmp_size, std::vector<Mount>& mounts) {
  mounts.push_back(pawls_own(read_only_path("/usr")));
  add_etc(account, mounts);
  mounts.push_back({.kind = MountKind::proc, .target = "/proc"});
  mounts.push_back({.kind = MountKind::devices, .target = "/dev"});
  mounts.push_back({.kind = MountKind::tmpfs, .target = "/tmp", .size = tmp_size, .mode = 01777});
  for (std::string_view directory : {"/home", "/run", "/var"})
    mounts.push_back({.kind = MountKind::directory, .target = std::string(directory)});
  for (const Link& link : links)
    mounts.push_back(
        {.kind = MountKind::symlink, .target = std::string(link.target), .source = std::string(link.source)});
}

}  // namespace pawl::policy
