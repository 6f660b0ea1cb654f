// The least that a launcher can do: the namespaces, mounts, filter and Landlock domain of launch_bench.cpp's
// plan in one process, without a second user namespace, plan, checks, descriptors to hand on, pid 1 of its
// own or anybody to tell.
//
//   bench-floor WORKSPACE PAYLOAD           once, the payload's exit status; filter on descriptor 9
//   bench-floor WORKSPACE PAYLOAD ROUNDS    the median of each step, a line each: name, tab, microseconds
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "sandbox/base/mount_api.hpp"
#include "sandbox/caps.hpp"
#include "tests/bench/series.hpp"

namespace {

using namespace pawl;
using namespace pawl::bench;

constexpr int kFilterFd = 9;
constexpr int kNamespaces =
    CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;
constexpr std::size_t kStack = 256 * 1024;  // bytes

struct Launch {
  std::string workspace, payload;
  std::string user, group;  // "ID ID 1"
  sock_fprog filter{};
};
const Launch* launch = nullptr;

[[noreturn]] void give_up(const char* what) {
  std::perror(what);
  ::_exit(125);
}
void must(long result, const char* what) {
  if (result < 0) give_up(what);
}

void write_to(const char* path, const std::string& text) {
  const int file = ::open(path, O_WRONLY | O_CLOEXEC);
  must(file, path);
  must(::write(file, text.data(), text.size()), path);
  ::close(file);
}

void map_ids() {
  write_to("/proc/self/setgroups", "deny");
  write_to("/proc/self/uid_map", launch->user);
  write_to("/proc/self/gid_map", launch->group);
}

void loopback_up() {
  struct {
    nlmsghdr header;
    ifinfomsg link;
  } request{};
  request.header = {sizeof(request), RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK, 1, 0};
  request.link.ifi_index = 1;
  request.link.ifi_flags = request.link.ifi_change = IFF_UP;
  const int netlink = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  char answer[256];
  must(::send(netlink, &request, sizeof(request), 0), "loopback");
  must(::recv(netlink, answer, sizeof(answer), 0), "loopback");
  ::close(netlink);
}

// Before anything is mounted over where it lies.
int clone(const char* source, std::uint64_t attributes) {
  const int tree = clone_tree(AT_FDCWD, source, Reach::whole_tree);
  must(tree, source);
  must(set_mount_attributes(tree, Reach::whole_tree, {.set = attributes, .propagation = MS_PRIVATE}), source);
  return tree;
}
void attach(int tree, const char* target) {
  must(attach_tree(tree, AT_FDCWD, target), target);
  ::close(tree);
}

void make_file(const char* path) {
  const int file = ::open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0444);
  must(file, path);
  ::close(file);
}

void make_root() {
  constexpr std::uint64_t plain = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
  constexpr unsigned long flags = MS_NOSUID | MS_NODEV;
  must(::mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr), "slave");
  const int usr = clone("/usr", plain | MOUNT_ATTR_RDONLY);
  const int etc = clone("/etc", plain | MOUNT_ATTR_RDONLY);
  const int workspace = clone(launch->workspace.c_str(), plain);
  const int payload = clone(launch->payload.c_str(), plain | MOUNT_ATTR_RDONLY);
  must(::mount("tmpfs", "/tmp", "tmpfs", flags, "mode=0755,size=1m"), "root");
  must(::chdir("/tmp"), "root");
  for (const char* folder : {"usr", "etc", "proc", "dev", "tmp", "work"}) must(::mkdir(folder, 0755), folder);
  for (const char* name : {"bin", "sbin", "lib", "lib64"})
    must(::symlink((std::string("usr/") + name).c_str(), name), name);
  attach(usr, "usr");
  attach(etc, "etc");
  attach(workspace, "work");
  make_file("payload");
  attach(payload, "payload");
  must(::mount("tmpfs", "tmp", "tmpfs", flags, "mode=1777,size=64m"), "tmp");
  for (const std::string name : {"null", "zero", "full", "random", "urandom", "tty"}) {
    make_file(("dev/" + name).c_str());
    must(::mount(("/dev/" + name).c_str(), ("dev/" + name).c_str(), nullptr, MS_BIND, nullptr), "device");
  }
  must(::mkdir("dev/pts", 0755), "pts");
  must(::mkdir("dev/shm", 0755), "shm");
  must(::mount("tmpfs", "dev/shm", "tmpfs", flags, "mode=1777,size=64m"), "shm");
}

void mount_proc() {
  must(::mount("proc", "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY, nullptr), "proc");
}

void mount_terminals() {
  must(::mount("devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=620"),
       "devpts");
}

void enter_root() {
  must(pivot_root_here(), "pivot_root");
  must(::umount2(".", MNT_DETACH), "old root");
  must(::chdir("/work"), "workspace");
}

void drop_capabilities() {
  ::setsid();
  if (sandbox::drop_all_capabilities() != 0) give_up("capabilities");
  must(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
}

void seal_files() {
  constexpr std::uint64_t every = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;
  constexpr std::uint64_t reading =
      LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
  const landlock_ruleset_attr judged{.handled_access_fs = every};
  const auto ruleset = static_cast<int>(::syscall(SYS_landlock_create_ruleset, &judged, sizeof(judged), 0));
  must(ruleset, "Landlock");
  for (const char* path : {"/", "/work", "/tmp", "/dev/shm", "/proc", "/dev"}) {
    landlock_path_beneath_attr rule{};
    rule.allowed_access = std::strcmp(path, "/") == 0 ? reading : every;
    rule.parent_fd = ::open(path, O_PATH | O_CLOEXEC);
    must(::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0), path);
    ::close(rule.parent_fd);
  }
  must(::syscall(SYS_landlock_restrict_self, ruleset, 0), "Landlock");
  ::close(ruleset);
}

void seal_system_calls() {
  must(::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &launch->filter), "seccomp");
}

// Named as in sandbox/child.cpp where both have the step.
struct Step {
  const char* name;
  void (*run)();
};
constexpr Step kSteps[] = {
    {"map ids", map_ids},
    {"bring loopback up", loopback_up},
    {"make the root", make_root},
    {"mount /proc", mount_proc},
    {"mount /dev/pts", mount_terminals},
    {"enter the new root", enter_root},
    {"drop capabilities", drop_capabilities},
    {"seal files", seal_files},
    {"seal system calls", seal_system_calls},
};
constexpr std::size_t kCount = std::size(kSteps);
double begun = 0;
double at[kCount];

int child(void*) {
  begun = now();
  for (std::size_t i = 0; i < kCount; ++i) {
    kSteps[i].run();
    at[i] = now();
  }
  const char* const words[] = {"/payload", nullptr};
  const char* const environment[] = {"PATH=/usr/bin", nullptr};
  ::execve(words[0], const_cast<char**>(words), const_cast<char**>(environment));
  give_up("execute");
}

struct Times {
  double start, executed, ended;
};

int run(void* stack, Times& times) {
  times.start = now();
  const pid_t pid = ::clone(&child, static_cast<char*>(stack) + kStack,
                            kNamespaces | CLONE_VM | CLONE_VFORK | SIGCHLD, nullptr);
  must(pid, "clone");
  times.executed = now();
  int status = 0;
  ::waitpid(pid, &status, 0);
  times.ended = now();
  return status;
}

std::string same_id(unsigned id) { return std::to_string(id) + " " + std::to_string(id) + " 1"; }

void measure(void* stack, int rounds) {
  std::vector<std::vector<double>> steps(kCount + 3);
  for (int round = 0; round < rounds; ++round) {
    let_settle();
    Times times{};
    if (run(stack, times) != 0) std::exit(125);
    steps[0].push_back(begun - times.start);
    for (std::size_t i = 0; i < kCount; ++i) steps[i + 1].push_back(at[i] - (i == 0 ? begun : at[i - 1]));
    steps[kCount + 1].push_back(times.executed - at[kCount - 1]);
    steps[kCount + 2].push_back(times.ended - times.executed);
  }
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const char* name = "make the namespaces";
    if (i > 0) name = i <= kCount ? kSteps[i - 1].name : i == kCount + 1 ? "execute" : "run and end";
    std::printf("%s\t%.1f\n", name, median(steps[i]));
  }
}

}  // namespace

int main(int count, char** words) {
  if (count < 3) return 2;
  static Launch it{words[1], words[2], same_id(::getuid()), same_id(::getgid()), {}};
  struct stat status{};
  must(::fstat(kFilterFd, &status), "filter");
  it.filter.len = static_cast<unsigned short>(static_cast<std::size_t>(status.st_size) / sizeof(sock_filter));
  void* const filter = ::mmap(nullptr, static_cast<std::size_t>(status.st_size), PROT_READ,
                              MAP_PRIVATE | MAP_POPULATE, kFilterFd, 0);
  if (filter == MAP_FAILED) give_up("filter");
  it.filter.filter = static_cast<sock_filter*>(filter);
  launch = &it;
  void* const stack =
      ::mmap(nullptr, kStack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (stack == MAP_FAILED) give_up("stack");
  if (count > 3) {
    measure(stack, std::atoi(words[3]));
    return 0;
  }
  Times times{};
  const int ended = run(stack, times);
  return WIFEXITED(ended) ? WEXITSTATUS(ended) : 128 + WTERMSIG(ended);
}
