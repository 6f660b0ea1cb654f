// Control groups: out of one's own, or, with version 1, to a program that the kernel runs as root on the host
// when a group empties (release_agent). Files of the host's hierarchies are only opened.
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/escape/attempt.hpp"

namespace pawl::escape {
namespace {

// Where the host has a hierarchy; "" where it has none of that version.
int of_first(const Plants& plants, const char* file) {
  return opens_if_there(plants["cgroup1"] + file, O_WRONLY);
}
int of_unified(const Plants& plants, const char* file) {
  return opens_if_there(plants["cgroup2"] + file, O_WRONLY);
}
int release_agent(const Plants& plants) { return of_first(plants, "/release_agent"); }
int notify_on_release(const Plants& plants) { return of_first(plants, "/notify_on_release"); }
int tasks(const Plants& plants) { return of_first(plants, "/cgroup.procs"); }
int processes_of_unified(const Plants& plants) { return of_unified(plants, "/cgroup.procs"); }
int controllers_of_unified(const Plants& plants) { return of_unified(plants, "/cgroup.subtree_control"); }
int new_group(const Plants& plants) {
  const std::string path = plants["cgroup2"] + "/pawl-escape";
  if (plants["cgroup2"].empty() && !confined) return kAbsent;
  const int error = answer(::mkdir(path.c_str(), 0755));
  (void)::rmdir(path.c_str());
  return error;
}

int write_to(const char* path, const char* text) {
  const int file = ::open(path, O_WRONLY | O_CLOEXEC);
  if (file < 0) return errno;
  const int error = answer(::write(file, text, 1));
  ::close(file);
  return error;
}
// A hierarchy without controllers, which goes when it is unmounted (unless it has had a group just before).
// Its agent is named "": nothing is run.
int agent_of_its_own(const Plants&) {
  return in_new_namespaces(CLONE_NEWNS, [] {
    if (::mount("none", "/tmp", "cgroup", 0, "none,name=pawl-escape") != 0)
      return !confined && (errno == ENODEV || errno == EINVAL) ? kAbsent : errno;
    int error = write_to("/tmp/notify_on_release", "1");
    if (error == 0) error = write_to("/tmp/release_agent", "\n");
    (void)::umount2("/tmp", 0);
    return error;
  });
}
int mount_first(const Plants& plants) {
  if (plants["cgroup1_controllers"].empty() && !confined) return kAbsent;
  return in_new_namespaces(CLONE_NEWNS | CLONE_NEWCGROUP, [&] {
    return answer(::mount("none", "/tmp", "cgroup", 0, plants["cgroup1_controllers"].c_str()));
  });
}
int mount_unified(const Plants&) {
  return in_new_namespaces(CLONE_NEWNS | CLONE_NEWCGROUP,
                           [] { return answer(::mount("none", "/tmp", "cgroup2", 0, "")); });
}

constexpr Attempt kAttempts[] = {
    {"release-agent", Needs::root, release_agent},
    {"notify-on-release", Needs::root, notify_on_release},
    {"release-agent-of-its-own", Needs::root, agent_of_its_own},
    {"leave-its-group", Needs::root, tasks},
    {"leave-its-unified-group", Needs::root, processes_of_unified},
    {"change-the-controllers", Needs::root, controllers_of_unified},
    {"make-a-group", Needs::root, new_group},
    {"mount-version-1", Needs::user, mount_first},
    {"mount-version-2", Needs::user, mount_unified},
};

}  // namespace

std::span<const Attempt> cgroups() { return kAttempts; }

}  // namespace pawl::escape
