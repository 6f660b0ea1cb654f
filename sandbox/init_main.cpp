// pawl-init: pid 1 of a sandbox. It starts the command in a session of its own, reaps whatever is orphaned,
// passes signals on, and ends with the command; then the kernel kills everything else in the sandbox. It runs
// with the agent's uid and under the agent's filter, holds no descriptor, is not dumpable, and reads nobody's
// bytes.
//
// pawl-init EXECUTABLE TERMINAL COMMAND...: EXECUTABLE is "-" or a descriptor to execute, TERMINAL "-" or 0,
// 1 or 2.
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace {

constexpr int kNotFound = 127;       // as shells report it
constexpr int kNotExecutable = 126;  // the same
constexpr int kKilledBy = 128;       // plus the signal's number

// What the supervisor may ask the command by signal. SIGTTIN and SIGTTOU are the terminal's, SIGCHLD is ours.
constexpr int kForwarded[] = {SIGHUP,  SIGINT,  SIGQUIT,  SIGTERM, SIGUSR1, SIGUSR2,
                              SIGCONT, SIGTSTP, SIGWINCH, SIGALRM, SIGPIPE, SIGURG};

void say(const char* text) {
  if (::write(STDERR_FILENO, text, std::strlen(text)) < 0) return;  // nobody listens
}

int descriptor_from(const char* word) { return std::strcmp(word, "-") == 0 ? -1 : std::atoi(word); }

void execute_descriptor(int executable, char** command) {
  ::fcntl(executable, F_SETFD, FD_CLOEXEC);
  ::syscall(SYS_execveat, executable, "", command, environ, AT_EMPTY_PATH);
  // ENOENT: a script, whose interpreter would have nothing to read. It keeps the descriptor.
  if (errno != ENOENT) return;
  ::fcntl(executable, F_SETFD, 0);
  ::syscall(SYS_execveat, executable, "", command, environ, AT_EMPTY_PATH);
}

// In the new process: becomes the command.
[[noreturn]] void become_command(int executable, int terminal, char** command, const sigset_t& signals) {
  ::setsid();
  if (terminal >= 0) ::ioctl(terminal, TIOCSCTTY, 0);
  ::sigprocmask(SIG_SETMASK, &signals, nullptr);
  if (executable >= 0)
    execute_descriptor(executable, command);
  else
    ::execvp(command[0], command);
  const int error = errno;
  say("pawl: cannot run ");
  say(command[0]);
  say(": ");
  say(strerrordesc_np(error));
  say("\n");
  ::_exit(error == ENOENT ? kNotFound : kNotExecutable);
}

// Returns the exit code once the command itself has ended.
int reap(pid_t command) {
  int status = 0;
  for (;;) {
    const pid_t ended = ::waitpid(-1, &status, WNOHANG);
    if (ended <= 0) return -1;
    if (ended == command) return WIFEXITED(status) ? WEXITSTATUS(status) : kKilledBy + WTERMSIG(status);
  }
}

bool is_forwarded(int number) {
  for (const int known : kForwarded)
    if (known == number) return true;
  return false;
}

int supervise(pid_t command, const sigset_t& everything) {
  for (;;) {
    const int number = ::sigwaitinfo(&everything, nullptr);
    if (number == SIGCHLD) {
      if (const int code = reap(command); code >= 0) return code;
    } else if (is_forwarded(number)) {
      ::kill(-command, number);
    }
  }
}

}  // namespace

int main(int count, char** words) {
  if (count < 4 || ::getpid() != 1) {
    say("pawl-init is pid 1 of a sandbox; pawl-launch starts it\n");
    return 125;
  }
  // SAFETY: makes /proc/1 root's, which nobody in the sandbox is: no reading of our memory, environment,
  // descriptors.
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  // A blocked signal waits for sigwaitinfo, also for pid 1, for which the kernel drops those without a
  // handler.
  sigset_t everything;
  sigset_t before;
  ::sigfillset(&everything);
  ::sigprocmask(SIG_SETMASK, &everything, &before);
  const pid_t command = ::vfork();  // NOLINT(bugprone-unsafe-functions): the parent has nothing else to do
  if (command == 0) become_command(descriptor_from(words[1]), descriptor_from(words[2]), words + 3, before);
  if (command < 0) {
    say("pawl: cannot start a process\n");
    return kNotExecutable;
  }
  ::syscall(SYS_close_range, 0u, ~0u, 0u);
  return supervise(command, everything);
}
