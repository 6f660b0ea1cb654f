// Files of the host outside of what the session was given, and ways around the mounts.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "tests/escape/attempt.hpp"

namespace pawl::escape {
namespace {

std::string home(const Plants& plants, const char* name) { return plants["home"] + "/" + name; }

int create_in_home(const Plants& plants) {
  return opens(home(plants, "made-by-the-agent"), O_WRONLY | O_CREAT);
}
int write_in_home(const Plants& plants) { return opens(home(plants, "writable"), O_WRONLY); }
int truncate_in_home(const Plants& plants) { return answer(::truncate(home(plants, "writable").c_str(), 1)); }
int chmod_in_home(const Plants& plants) { return answer(::chmod(home(plants, "writable").c_str(), 0600)); }
int times_in_home(const Plants& plants) {
  return answer(::utimensat(AT_FDCWD, home(plants, "writable").c_str(), nullptr, 0));
}
int write_pawl_key(const Plants& plants) { return opens(home(plants, ".config/pawl/keys/escape"), O_WRONLY); }
int create_beside_policy(const Plants& plants) {
  const std::string path = home(plants, ".config/pawl/keys/made-by-the-agent");
  const int error = opens(path, O_WRONLY | O_CREAT);
  if (!confined) (void)::unlink(path.c_str());
  return error;
}
int unlink_in_home(const Plants& plants) {
  const std::string path = home(plants, "removable");
  if (!confined) (void)opens(path, O_WRONLY | O_CREAT);
  return answer(::unlink(path.c_str()));
}
int rename_in_home(const Plants& plants) {
  const int error = answer(::rename(home(plants, "writable").c_str(), home(plants, "moved").c_str()));
  (void)::rename(home(plants, "moved").c_str(), home(plants, "writable").c_str());
  return error;
}
int link_from_home(const Plants& plants) {
  const std::string path = home(plants, "project/linked");
  const int error = answer(::link(home(plants, "writable").c_str(), path.c_str()));
  if (!confined) (void)::unlink(path.c_str());
  return error;
}
int through_planted_link(const Plants& plants) {
  return finds(plants["workspace"] + "/link-to-netrc", plants["secret"]);
}
int through_own_link(const Plants& plants) {
  (void)::unlink("/tmp/pawl-escape-link");
  if (::symlink(home(plants, ".netrc").c_str(), "/tmp/pawl-escape-link") != 0) return errno;
  const int error = finds("/tmp/pawl-escape-link", plants["secret"]);
  (void)::unlink("/tmp/pawl-escape-link");
  return error;
}
int beside_workspace(const Plants& plants) {
  return finds(plants["workspace"] + "/../.netrc", plants["secret"]);
}
int temporary_file(const Plants& plants) {
  const int file = ::open(plants["home"].c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
  return answer(file);
}
int host_tmp(const Plants& plants) { return finds(plants["host_tmp"], plants["secret"]); }
int host_var_tmp(const Plants& plants) { return finds(plants["host_var_tmp"], plants["secret"]); }
int host_run(const Plants& plants) { return finds(plants["host_run"], plants["secret"]); }
int host_opt(const Plants& plants) { return finds(plants["host_opt"], plants["secret"]); }
int shadow(const Plants&) { return finds("/etc/shadow", "root:"); }
int boot(const Plants&) { return opens_if_there("/boot", O_RDONLY | O_DIRECTORY); }
int root_home(const Plants&) { return opens("/root", O_RDONLY | O_DIRECTORY); }
int var_log(const Plants&) { return opens_if_there("/var/log", O_RDONLY | O_DIRECTORY); }
int var_lib(const Plants&) { return opens_if_there("/var/lib/dpkg", O_RDONLY | O_DIRECTORY); }
int write_usr(const Plants&) { return opens("/usr/bin/env", O_WRONLY); }
int create_in_usr(const Plants&) {
  const int error = opens("/usr/local/bin/pawl-escape", O_WRONLY | O_CREAT);
  if (error == 0) (void)::unlink("/usr/local/bin/pawl-escape");
  return error;
}
int write_etc(const Plants&) { return opens("/etc/passwd", O_WRONLY); }
int write_loader(const Plants&) {
  const int error = opens("/etc/ld.so.preload", O_WRONLY | O_CREAT);
  if (error == 0) (void)::unlink("/etc/ld.so.preload");
  return error;
}
int write_in_root_folder(const Plants&) {
  const int error = answer(::mkdir("/pawl-escape", 0755));
  if (error == 0) (void)::rmdir("/pawl-escape");
  return error;
}

int by_handle(const Plants& plants) {
  alignas(file_handle) char space[sizeof(file_handle) + MAX_HANDLE_SZ] = {};
  auto* const handle = reinterpret_cast<file_handle*>(space);
  handle->handle_bytes = MAX_HANDLE_SZ;
  int mount = 0;
  const char* const known = confined ? plants["workspace"].c_str() : plants["host_opt"].c_str();
  if (::name_to_handle_at(AT_FDCWD, known, handle, &mount, 0) != 0) return errno;
  const int place = ::open(confined ? plants["workspace"].c_str() : "/opt", O_RDONLY | O_CLOEXEC);
  return answer(::open_by_handle_at(place, handle, O_RDONLY));
}

// What a program gains that runs with another's rights.
int gains(const std::string& program) {
  return in_child([&] {
    const int child = in_child([&] {
      ::execl(program.c_str(), program.c_str(), "-p", "-c", "exit $(( $(id -u) == 0 ? 0 : 13 ))", nullptr);
      return errno;
    });
    return child;
  });
}
int setuid_program(const Plants& plants) { return gains(plants["workspace"] + "/setuid-sh"); }
int made_setuid(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0700);
  if (file < 0) return errno;
  struct stat status{};
  const int error = answer(::fchmod(file, 04755));
  (void)::fstat(file, &status);
  (void)::unlink(path.c_str());
  if (error != 0) return error;
  return (status.st_mode & S_ISUID) != 0 ? 0 : EPERM;
}
int make_setuid(const Plants&) { return made_setuid("/tmp/pawl-escape-setuid"); }
int make_setuid_in_workspace(const Plants& plants) { return made_setuid(plants["workspace"] + "/setuid"); }
int create_setuid(const Plants&) {
  (void)::unlink("/tmp/pawl-escape-created");
  const int file = ::open("/tmp/pawl-escape-created", O_RDWR | O_CREAT | O_CLOEXEC, 04700);
  if (file < 0) return errno;
  struct stat status{};
  (void)::fstat(file, &status);
  (void)::unlink("/tmp/pawl-escape-created");
  return (status.st_mode & S_ISUID) != 0 ? 0 : EPERM;
}
int set_file_capabilities(const Plants&) {
  const unsigned char all[20] = {1, 0, 0, 2, 0xff, 0xff, 0xff, 0xff};  // VFS_CAP_REVISION_2, effective
  (void)opens("/tmp/pawl-escape-capable", O_WRONLY | O_CREAT);
  const int error =
      answer(::setxattr("/tmp/pawl-escape-capable", "security.capability", all, sizeof(all), 0));
  (void)::unlink("/tmp/pawl-escape-capable");
  return error;
}
int hide_the_overlay(const Plants& plants) {
  const std::string path = (confined ? plants["workspace"] : plants["home"]) + "/marked";
  (void)::mkdir(path.c_str(), 0755);
  const int error = answer(::setxattr(path.c_str(), "trusted.overlay.opaque", "y", 1, 0));
  (void)::rmdir(path.c_str());
  return error;
}
int immutable(const Plants& plants) {
  (void)plants;
  const int file = ::open("/var/tmp/pawl-escape-immutable", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return errno;
  unsigned flags = 0x10;                                                     // FS_IMMUTABLE_FL
  const int error = answer(::syscall(SYS_ioctl, file, 0x40086602, &flags));  // FS_IOC_SETFLAGS
  flags = 0;
  (void)::syscall(SYS_ioctl, file, 0x40086602, &flags);
  (void)::unlink("/var/tmp/pawl-escape-immutable");
  return error == ENOTTY || error == EOPNOTSUPP ? kAbsent : error;
}

constexpr Attempt kAttempts[] = {
    {"create-in-home", Needs::user, create_in_home},
    {"write-in-home", Needs::user, write_in_home},
    {"truncate-in-home", Needs::user, truncate_in_home},
    {"chmod-in-home", Needs::user, chmod_in_home},
    {"times-in-home", Needs::user, times_in_home},
    {"write-a-key-of-pawl", Needs::user, write_pawl_key},
    {"create-among-the-settings-of-pawl", Needs::user, create_beside_policy},
    {"unlink-in-home", Needs::user, unlink_in_home},
    {"rename-in-home", Needs::user, rename_in_home},
    {"hard-link-from-home", Needs::user, link_from_home},
    {"unnamed-file-in-home", Needs::user, temporary_file},
    {"through-a-planted-link", Needs::user, through_planted_link},
    {"through-a-link-of-its-own", Needs::user, through_own_link},
    {"beside-the-workspace", Needs::user, beside_workspace},
    {"host-tmp", Needs::user, host_tmp},
    {"host-var-tmp", Needs::user, host_var_tmp},
    {"host-run", Needs::user, host_run},
    {"host-opt", Needs::user, host_opt},
    {"shadow", Needs::root, shadow},
    {"boot", Needs::user, boot},
    {"home-of-root", Needs::root, root_home},
    {"logs", Needs::user, var_log},
    {"package-database", Needs::user, var_lib},
    {"write-a-program-of-the-host", Needs::root, write_usr},
    {"create-a-program-of-the-host", Needs::root, create_in_usr},
    {"write-passwd", Needs::root, write_etc},
    {"write-ld-so-preload", Needs::root, write_loader},
    {"write-in-the-root", Needs::root, write_in_root_folder},
    {"open-by-handle", Needs::root, by_handle},
    {"run-a-setuid-program", Needs::user, setuid_program},
    {"make-a-file-setuid", Needs::user, make_setuid},
    {"make-a-file-of-the-workspace-setuid", Needs::user, make_setuid_in_workspace},
    {"create-a-setuid-file", Needs::user, create_setuid},
    {"file-capabilities", Needs::root, set_file_capabilities},
    {"trusted-attributes", Needs::root, hide_the_overlay},
    {"immutable-flag", Needs::root, immutable},
};

}  // namespace

std::span<const Attempt> files() { return kAttempts; }

}  // namespace pawl::escape
