// The attacker of the kernel tests: a static program that tries one thing and tells what the kernel answered.
// Exit code: 0 it worked, else the errno. `facts` prints what it can learn about where it runs.
#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "tests/kernel/probe.hpp"

void tell(const char* name, const std::string& value) { std::printf("%s=%s\n", name, value.c_str()); }
int number(const std::string& word) { return static_cast<int>(std::strtol(word.c_str(), nullptr, 0)); }

namespace {

int answer(long result) { return result < 0 ? errno : 0; }

std::string line_of(const char* path, const char* key) {
  std::FILE* file = std::fopen(path, "re");
  if (file == nullptr) return "unreadable";
  char line[4096];
  std::string found = "absent";
  while (std::fgets(line, sizeof(line), file) != nullptr)
    if (std::strncmp(line, key, std::strlen(key)) == 0) found = line + std::strlen(key);
  std::fclose(file);
  while (!found.empty() && (found.back() == '\n' || found.back() == '\t')) found.pop_back();
  return found.substr(std::min(found.find_first_not_of(" \t"), found.size()));
}

std::string names_in(const char* path) {
  std::string names;
  DIR* directory = ::opendir(path);
  if (directory == nullptr) return "unreadable";
  while (const dirent* entry = ::readdir(directory)) {
    const std::string name = entry->d_name;
    if (name != "." && name != ".." && name != std::to_string(::dirfd(directory))) names += name + " ";
  }
  ::closedir(directory);
  return names;
}

int facts(const Words&) {
  char text[4096] = {};
  utsname system{};
  ::uname(&system);
  rlimit core{}, files{};
  ::getrlimit(RLIMIT_CORE, &core);
  ::getrlimit(RLIMIT_NOFILE, &files);
  const mode_t mask = ::umask(0);
  tell("uid", std::to_string(::getuid()));
  tell("gid", std::to_string(::getgid()));
  tell("pid", std::to_string(::getpid()));
  tell("sid", std::to_string(::getsid(0)));
  tell("sid_of_1", std::to_string(::getsid(1)));
  tell("pgid", std::to_string(::getpgrp()));
  tell("cwd", ::getcwd(text, sizeof(text)) != nullptr ? text : "unreadable");
  tell("hostname", system.nodename);
  tell("core", std::to_string(core.rlim_max));
  tell("files", std::to_string(files.rlim_max));
  tell("umask", std::to_string(mask));
  for (const char* key : {"CapEff:", "CapPrm:", "CapInh:", "CapBnd:", "CapAmb:", "NoNewPrivs:", "Seccomp:",
                          "Seccomp_filters:", "SigBlk:", "SigIgn:"})
    tell(key, line_of("/proc/self/status", key));
  tell("oom", line_of("/proc/self/oom_score_adj", ""));
  tell("fds", names_in("/proc/self/fd"));
  for (const char* kind : {"user", "mnt", "pid", "net", "ipc", "uts", "cgroup"}) {
    const ssize_t size = ::readlink((std::string("/proc/self/ns/") + kind).c_str(), text, sizeof(text));
    tell((std::string("ns_") + kind).c_str(),
         size > 0 ? std::string(text, static_cast<std::size_t>(size)) : "unreadable");
  }
  tell("root", names_in("/"));
  tell("tty", std::to_string(::isatty(0)) + std::to_string(::isatty(1)) + std::to_string(::isatty(2)));
  const int controlling = ::open("/dev/tty", O_RDWR | O_CLOEXEC);
  tell("controlling", controlling >= 0 ? "yes" : "no");
  tell("foreground", controlling >= 0 ? std::to_string(::tcgetpgrp(controlling)) : "none");
  winsize window{};
  ::ioctl(0, TIOCGWINSZ, &window);
  tell("rows", std::to_string(window.ws_row));
  for (char** variable = environ; *variable != nullptr; ++variable) std::printf("env:%s\n", *variable);
  return 0;
}

int read_file(const Words& words) {
  const int file = ::open(words[0].c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return errno;
  char buffer[4096];
  const ssize_t count = ::read(file, buffer, sizeof(buffer));
  if (count < 0) return errno;
  tell("bytes", std::to_string(count));
  return 0;
}

int write_file(const Words& words) {
  return answer(::open(words[0].c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
}
int append_file(const Words& words) { return answer(::open(words[0].c_str(), O_WRONLY | O_CLOEXEC)); }
int rename_path(const Words& words) { return answer(::rename(words[0].c_str(), words[1].c_str())); }
int unlink_path(const Words& words) { return answer(::unlink(words[0].c_str())); }
int link_path(const Words& words) { return answer(::link(words[0].c_str(), words[1].c_str())); }
int set_attribute(const Words& words) {
  return answer(::setxattr(words[0].c_str(), words[1].c_str(), words[2].data(), words[2].size(), 0));
}
int make_folder(const Words& words) { return answer(::mkdir(words[0].c_str(), 0755)); }
int list(const Words& words) { return tell("names", names_in(words[0].c_str())), 0; }

int unshare_user(const Words&) { return answer(::unshare(CLONE_NEWUSER)); }
int clone_user(const Words&) {
  const long pid = ::syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
  if (pid == 0) ::_exit(0);
  return answer(pid);
}
int clone3_user(const Words&) {
  std::uint64_t arguments[11] = {CLONE_NEWUSER, 0, 0, 0, SIGCHLD};
  const long pid = ::syscall(SYS_clone3, arguments, sizeof(arguments));
  if (pid == 0) ::_exit(0);
  return answer(pid);
}
int trace_child(const Words&) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::pause();
    ::_exit(0);
  }
  const int result = answer(::ptrace(PTRACE_ATTACH, child, nullptr, nullptr));
  ::kill(child, SIGKILL);
  return result;
}
int read_other_memory(const Words&) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::pause();
    ::_exit(0);
  }
  char byte = 0;
  iovec here{&byte, 1};
  iovec there{const_cast<char*>("x"), 1};
  const int result = answer(::process_vm_readv(child, &here, 1, &there, 1, 0));
  ::kill(child, SIGKILL);
  return result;
}
int use_keyring(const Words&) { return answer(::syscall(SYS_add_key, "user", "pawl-test", "x", 1, -2)); }
int ring(const Words&) {
  char parameters[120] = {};
  return answer(::syscall(SYS_io_uring_setup, 4, parameters));
}
int fault_handler(const Words&) { return answer(::syscall(SYS_userfaultfd, 1 /* UFFD_USER_MODE_ONLY */)); }
int new_mount(const Words&) { return answer(::syscall(SYS_fsopen, "tmpfs", 0)); }
int mount_tmpfs(const Words& words) {
  return answer(::mount("tmpfs", words[0].c_str(), "tmpfs", 0, nullptr));
}
int unmount(const Words& words) { return answer(::umount2(words[0].c_str(), MNT_DETACH)); }
int set_user_id(const Words& words) {
  const int file = ::open(words[0].c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
  return file < 0 ? errno : answer(::fchmod(file, 04755));
}
int create_set_user_id(const Words& words) {
  return answer(::open(words[0].c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 04755));
}
int open_socket(const Words& words) {
  return answer(::socket(number(words[0]), number(words[1]), number(words[2])));
}
int executable_stack(const Words&) { return answer(::personality(READ_IMPLIES_EXEC)); }
int listener(const Words&) {
  sock_filter allow[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  sock_fprog program{1, allow};
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  return answer(::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program));
}
int tighten(const Words&) {
  sock_filter allow[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  sock_fprog program{1, allow};
  return answer(::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program));
}
int landlock(const Words&) { return answer(::syscall(444 /* landlock_create_ruleset */, nullptr, 0, 1)); }
int type_into_terminal(const Words&) {
  const int terminal = ::open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
  int locked = 0;
  ::ioctl(terminal, TIOCSPTLCK, &locked);
  const int peer = ::ioctl(terminal, TIOCGPTPEER, O_RDWR | O_NOCTTY);
  if (peer < 0) return errno;
  ::setsid();
  ::ioctl(peer, TIOCSCTTY, 0);
  // Some kernels refuse it to everybody; the upper half of the request must not change the answer either.
  const int plain = answer(::syscall(SYS_ioctl, peer, TIOCSTI, "x"));
  const int high = answer(::syscall(SYS_ioctl, peer, 0x100000000ul | TIOCSTI, "x"));
  tell("plain", std::to_string(plain));
  tell("high", std::to_string(high));
  return plain != 0 ? plain : high;
}
int foreign_number(const Words&) { return ::syscall(0x40000000 | SYS_getpid), 0; }
int foreign_abi(const Words&) {
  long result = 20;  // getpid of i386
  asm volatile("int $0x80" : "+a"(result)::"memory", "r8", "r9", "r10", "r11");
  return 0;
}
int unknown_call(const Words&) { return answer(::syscall(900)); }
int execute_path(const Words& words) {
  char* none[] = {nullptr};
  ::execve(words[0].c_str(), none, none);
  return errno;
}

// Every way to the one execveat(2) that a service's filter lets pass: it is by the number of RLIMIT_NOFILE.
int execute_again(const Words& words) {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  const int number = static_cast<int>(files.rlim_max);
  tell("limit", std::to_string(number));
  const rlimit higher{files.rlim_max + 1, files.rlim_max + 1};
  tell("raise", std::to_string(answer(::setrlimit(RLIMIT_NOFILE, &higher))));
  tell("duplicate", std::to_string(answer(::dup2(1, number))));
  char* none[] = {nullptr};
  tell("closed", std::to_string(answer(::syscall(SYS_execveat, number, "", none, none, AT_EMPTY_PATH))));
  const int path = answer(::syscall(SYS_execveat, number, words[0].c_str(), none, none, AT_EMPTY_PATH));
  tell("path", std::to_string(path));
  return answer(::syscall(SYS_execveat, AT_FDCWD, words[0].c_str(), none, none, 0));
}

int connect_to(const Words& words) {
  timespec before{}, after{};
  ::clock_gettime(CLOCK_MONOTONIC, &before);
  const int client = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(number(words[1])));
  ::inet_pton(AF_INET, words[0].c_str(), &address.sin_addr);
  const int result = answer(::connect(client, reinterpret_cast<sockaddr*>(&address), sizeof(address)));
  ::clock_gettime(CLOCK_MONOTONIC, &after);
  tell("milliseconds",
       std::to_string((after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000));
  if (result != 0) return result;
  char greeting[64] = {};
  const ssize_t count = ::read(client, greeting, sizeof(greeting) - 1);
  tell("heard", count > 0 ? greeting : "nothing");
  return 0;
}

// A daemon as they are made: forked twice, in its own session, without descriptors.
int daemonize(const Words& words) {
  const std::string file = words[0];
  if (::fork() == 0) {
    ::setsid();
    if (::fork() != 0) ::_exit(0);
    ::signal(SIGTERM, SIG_IGN);
    ::signal(SIGHUP, SIG_IGN);
    for (int descriptor = 0; descriptor < 3; ++descriptor) ::close(descriptor);
    for (int i = 0; i < 200; ++i) {
      const int beat = ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
      if (::write(beat, "x", 1) != 1) ::_exit(1);
      ::close(beat);
      ::usleep(20000);
    }
    ::_exit(0);
  }
  ::wait(nullptr);
  ::usleep(100000);
  return 0;
}

int sleep_seconds(const Words& words) {
  std::puts("asleep");
  std::fflush(stdout);
  ::sleep(static_cast<unsigned>(number(words[0])));
  return 0;
}

// Prints every signal until SIGTERM; ready once "waiting" stands there.
int report_signals(const Words&) {
  sigset_t all;
  ::sigfillset(&all);
  ::sigprocmask(SIG_BLOCK, &all, nullptr);
  std::puts("waiting");
  std::fflush(stdout);
  for (;;) {
    const int seen = ::sigwaitinfo(&all, nullptr);
    std::printf("signal=%d\n", seen);
    std::fflush(stdout);
    if (seen == SIGTERM) return 0;
  }
}

void tell_continued(int) {
  if (::write(1, "continued\n", 10) < 0) ::_exit(1);
}

// Shows that it runs. Not a shell: the kernel does not stop a process whose vfork(2)ed child was stopped
// first.
int beat(const Words&) {
  struct sigaction continued{};
  continued.sa_handler = tell_continued;
  ::sigaction(SIGCONT, &continued, nullptr);
  for (const char* word = "ready\n";; word = "beat\n") {
    if (::write(1, word, std::strlen(word)) < 0) return errno;
    ::usleep(20'000);
  }
}

// A child stops and continues us, again and again.
int stop_often(const Words& words) {
  const pid_t self = ::getpid();
  const pid_t child = ::fork();
  if (child == 0) {
    for (int i = 0; i < number(words[0]); ++i) {
      ::kill(self, SIGSTOP);
      ::kill(self, SIGCONT);
    }
    ::_exit(0);
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  return status;
}

int die_of(const Words& words) {
  ::raise(number(words[0]));
  return 0;
}

int exit_with(const Words& words) { return number(words[0]); }
int nothing(const Words&) { return 0; }

// Many processes, each with credentials of its own, so that a shared keyring would be counted from outside.
int multiply(const Words& words) {
  for (int i = 0; i < number(words[0]); ++i) {
    const pid_t child = ::fork();
    if (child < 0) return errno;
    if (child == 0) {
      ::pause();
      ::_exit(0);
    }
  }
  std::puts("multiplied");
  std::fflush(stdout);
  ::sleep(15);
  return 0;
}

// How many domains of Landlock can still be laid over the process: the kernel stops at 16.
int landlock_layers(const Words&) {
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  const std::uint64_t judged = 1;  // LANDLOCK_ACCESS_FS_EXECUTE
  int layers = 0;
  for (;; ++layers) {
    const int ruleset = static_cast<int>(::syscall(SYS_landlock_create_ruleset, &judged, sizeof(judged), 0));
    if (ruleset < 0) return errno;
    const long done = ::syscall(SYS_landlock_restrict_self, ruleset, 0);
    ::close(ruleset);
    if (done != 0) break;
  }
  tell("layers", std::to_string(layers));
  return errno == E2BIG ? 0 : errno;
}

int keyring_references(const Words& words) {
  std::FILE* keys = std::fopen("/proc/keys", "re");
  if (keys == nullptr) return errno;
  int references = 0;
  char line[512];
  while (std::fgets(line, sizeof(line), keys) != nullptr) {
    int usage = 0;
    if (std::strstr(line, words[0].c_str()) != nullptr && std::sscanf(line, "%*s %*s %d", &usage) == 1)
      references += usage;
  }
  std::fclose(keys);
  tell("references", std::to_string(references));
  return 0;
}

int lower_oom(const Words&) {
  const int file = ::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  return file < 0 ? errno : answer(::write(file, "0", 1));
}

int look_at_init(const Words&) {
  tell("environ", std::to_string(read_file({"/proc/1/environ"})));
  tell("mem", std::to_string(append_file({"/proc/1/mem"})));
  tell("init_fds", names_in("/proc/1/fd"));
  return answer(::kill(1, SIGKILL));
}

constexpr Verb kVerbs[] = {
    {"facts", 0, facts},
    {"read", 1, read_file},
    {"write", 1, write_file},
    {"append", 1, append_file},
    {"rename", 2, rename_path},
    {"unlink", 1, unlink_path},
    {"link", 2, link_path},
    {"set-attribute", 3, set_attribute},
    {"mkdir", 1, make_folder},
    {"list", 1, list},
    {"unshare-user", 0, unshare_user},
    {"clone-user", 0, clone_user},
    {"clone3-user", 0, clone3_user},
    {"ptrace", 0, trace_child},
    {"process-vm-readv", 0, read_other_memory},
    {"keyring", 0, use_keyring},
    {"io-uring", 0, ring},
    {"userfaultfd", 0, fault_handler},
    {"fsopen", 0, new_mount},
    {"mount", 1, mount_tmpfs},
    {"umount", 1, unmount},
    {"set-user-id", 1, set_user_id},
    {"create-set-user-id", 1, create_set_user_id},
    {"socket", 3, open_socket},
    {"personality", 0, executable_stack},
    {"listener", 0, listener},
    {"tighten", 0, tighten},
    {"landlock", 0, landlock},
    {"type", 0, type_into_terminal},
    {"x32", 0, foreign_number},
    {"i386", 0, foreign_abi},
    {"unknown", 0, unknown_call},
    {"execute", 1, execute_path},
    {"execute-again", 1, execute_again},
    {"connect", 2, connect_to},
    {"daemon", 1, daemonize},
    {"sleep", 1, sleep_seconds},
    {"signals", 0, report_signals},
    {"beat", 0, beat},
    {"stop-often", 1, stop_often},
    {"die", 1, die_of},
    {"exit", 1, exit_with},
    {"true", 0, nothing},
    {"multiply", 1, multiply},
    {"keyring-references", 1, keyring_references},
    {"landlock-layers", 0, landlock_layers},
    {"lower-oom", 0, lower_oom},
    {"look-at-init", 0, look_at_init},
};

}  // namespace

int main(int count, char** words) {
  const Words rest(words + std::min(count, 2), words + count);
  for (const std::span<const Verb> verbs : {std::span<const Verb>(kVerbs), limit_verbs()})
    for (const Verb& verb : verbs)
      if (count > 1 && words[1] == std::string(verb.name) && rest.size() == verb.words) {
        const int result = verb.run(rest);
        std::fflush(stdout);
        return result;
      }
  std::fprintf(stderr, "probe: no such attempt\n");
  return 200;
}
