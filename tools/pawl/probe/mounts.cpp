// The root of a sandbox, read-only binds, /proc and a terminal. The launcher's own code builds them. Runs in
// pawl-probe.
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <cstdlib>

#include "sandbox/base/mount_api.hpp"
#include "sandbox/caps.hpp"
#include "sandbox/mounts.hpp"
#include "sandbox/pty.hpp"
#include "tools/pawl/probe/child.hpp"
#include "tools/pawl/probe/filter.hpp"

namespace pawl::probe {
namespace {

constexpr char kHostFile[] = "/etc/passwd";  // every host has one
constexpr unsigned long kProcFlags = MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY;

// A root with these directories, built in U0 and left as the working directory.
Result<> build(std::initializer_list<const char*> directories) {
  sandbox::LaunchPlan plan;
  for (const char* path : directories)
    plan.mounts.push_back({.kind = sandbox::MountKind::directory, .target = path});
  TRY(sandbox::build_root(plan, {}));
  return {};
}

// As the child of a launch enters it (sandbox/child.cpp).
Result<> enter_root() {
  const UniqueFd root(clone_tree(AT_FDCWD, "", Reach::whole_tree));
  if (!root) return failed("clone the new root");
  if (attach_tree(root.get(), AT_FDCWD, ".") != 0 || ::fchdir(root.get()) != 0)
    return failed("attach the new root");
  if (pivot_root_here() != 0) return failed("pivot_root");
  if (::umount2(".", MNT_DETACH) != 0 || ::chdir("/") != 0) return failed("leave the old root");
  return {};
}

bool opens(const char* path, int flags) {
  return static_cast<bool>(UniqueFd(::open(path, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)));
}

Result<> attack_bind(const char* file) {
  if (opens(file, O_WRONLY)) return got_through("a file below a read-only bind was opened for writing");
  if (::mount(nullptr, ".", nullptr, MS_REMOUNT | MS_BIND, nullptr) == 0 ||
      set_mount_attributes(AT_FDCWD, Reach::this_mount, {.clear = MOUNT_ATTR_RDONLY}) == 0)
    return got_through("a read-only bind was made writable from inside");
  if (::umount2(".", MNT_DETACH) == 0) return got_through("a read-only bind was taken off from inside");
  return {};
}

// Numbers in a listing of /proc are processes.
Result<std::size_t> processes_in(const char* path) {
  DIR* const directory = ::opendir(path);
  if (directory == nullptr) return failed(std::string("list ") + path);
  std::size_t count = 0;
  while (const dirent* entry = ::readdir(directory)) count += std::atoi(entry->d_name) > 0 ? 1 : 0;
  ::closedir(directory);
  return count;
}

Result<> mount_own_proc() {
  if (::mount("proc", "proc", "proc", kProcFlags, nullptr) != 0) return failed("mount /proc");
  if (::mount("/dev/null", "proc/kallsyms", nullptr, MS_BIND, nullptr) != 0 && errno != ENOENT)
    return failed("hide a file of /proc");
  if (TRY(processes_in("proc")) != 1) return got_through("a private /proc tells of other processes");
  for (const char* file : {"proc/sys/kernel/core_pattern", "proc/sysrq-trigger", "proc/self/oom_score_adj"})
    if (opens(file, O_WRONLY))
      return got_through(std::string("/") + file + " can be opened for writing inside");
  return {};
}

Result<> attack_terminal(const sandbox::Terminal& terminal) {
  TRY(forbid_and_filter());
  char key = 'x';
  if (::ioctl(terminal.slave, TIOCSTI, &key) == 0)
    return got_through("a key was pushed into a terminal (TIOCSTI)");
  if (errno != EPERM)
    return got_through("pushing a key into a terminal (TIOCSTI) was not refused by the filter");
  return {};
}

}  // namespace

Result<> try_new_root(const Ground& ground) {
  if (!opens(kHostFile, O_RDONLY)) return failed(std::string("open ") + kHostFile);
  return in_child([&]() -> Result<> {
    TRY(enter_as_user(ground, CLONE_NEWNS));
    TRY(build({"/inside"}));
    return in_child([&]() -> Result<> {
      TRY(enter_as_user(ground, CLONE_NEWNS));
      TRY(enter_root());
      if (opens(kHostFile, O_RDONLY)) return got_through("a file of the host is there in a new root");
      if (!opens("/inside", O_PATH)) return failed("find what was put into the new root");
      if (::mkdir("/made", 0700) == 0) return got_through("a read-only root can be written");
      return {};
    });
  });
}

Result<> try_read_only_bind(const Ground& ground) {
  constexpr char file[] = "bound/file";
  // Relative to the scratch folder, the working directory.
  if ((::mkdir("bound", 0700) != 0 && errno != EEXIST) ||
      !UniqueFd(::open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600)))
    return failed("make a file to protect");
  if (!opens(file, O_WRONLY)) return failed("open a file that nothing protects");
  return in_child([&]() -> Result<> {
    TRY(enter_as_user(ground, CLONE_NEWNS));
    const UniqueFd tree(clone_tree(AT_FDCWD, "bound", Reach::whole_tree));
    if (!tree) return failed("clone a tree");
    constexpr MountAttributes sealed{.set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV,
                                     .propagation = MS_PRIVATE};
    if (set_mount_attributes(tree.get(), Reach::whole_tree, sealed) != 0) return failed("restrict a bind");
    if (attach_tree(tree.get(), AT_FDCWD, "bound") != 0) return failed("attach a bind");
    return in_child([&]() -> Result<> {
      TRY(enter_as_user(ground, CLONE_NEWNS));
      if (::chdir("bound") != 0) return failed("enter a bind");
      return attack_bind("file");
    });
  });
}

Result<> try_private_proc(const Ground& ground) {
  return in_child([&]() -> Result<> {
    TRY(enter_as_user(ground, CLONE_NEWNS));
    TRY(needing(sandbox::Layer::new_root, build({"/proc"})));
    return in_child([&]() -> Result<> {
      TRY(enter_as_user(ground, CLONE_NEWNS | CLONE_NEWPID));
      return in_child(mount_own_proc);
    });
  });
}

Result<> try_terminal(const Ground& ground) {
  return in_child([&]() -> Result<> {
    TRY(enter_as_user(ground, CLONE_NEWNS));
    TRY(needing(sandbox::Layer::new_root, build({"/pts"})));
    return in_child([&]() -> Result<> {
      TRY(enter_as_user(ground, CLONE_NEWNS));
      if (::mount("devpts", "pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=620") !=
          0)
        return failed("mount /dev/pts");
      if (::setsid() < 0) return failed("start a session");
      sandbox::Terminal terminal;
      if (const int errnum = sandbox::open_terminal("pts/ptmx", terminal); errnum != 0)
        return failed("make a terminal", errnum);
      if (const int errnum = sandbox::take_control(terminal.slave); errnum != 0)
        return failed("take control of a terminal", errnum);
      return attack_terminal(terminal);
    });
  });
}

}  // namespace pawl::probe
