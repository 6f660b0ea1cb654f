// pawl-init: pid 1 of a sandbox. It starts the command in a process group of its own, in the terminal's
// foreground; tells the launcher when the command was stopped; reaps whatever is orphaned, passes signals on,
// and ends with the command; then the kernel kills everything else in the sandbox. It runs with the agent's
// uid and under the agent's filter, holds the descriptor into which it tells of stops, which the command
// never gets, and the command's terminal, is not dumpable, and reads nobody's bytes.
//
// pawl-init EXECUTABLE TERMINAL STOPS COMMAND...: EXECUTABLE is "-" or a descriptor to execute, TERMINAL "-"
// or 0, 1 or 2, STOPS the descriptor that learns of stops.
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
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

struct Command {
  int executable;
  int terminal;
  char** words;
};

// In the new process, which has our memory until it executes, and a stack of its own: becomes the command.
int become_command(void* argument) {
  const auto [executable, terminal, command] = *static_cast<const Command*>(argument);
  ::setpgid(0, 0);
  // Asked from behind; SIGTTOU, which would stop us for it, is blocked still.
  if (terminal >= 0) ::tcsetpgrp(terminal, ::getpid());
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
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

// Neither fork, whose copy of the memory costs a tenth of a launch, nor vfork, which waits for the execution:
// a Ctrl-Z before that would stop the new process, and with it us, who could not continue it any more. We and
// the new process share errno, which we do not read from here on.
pid_t start(const Command& command) {
  constexpr std::size_t size = 256 * 1024;  // bytes; execvp(3) puts paths and the words of a script there
  alignas(16) static char stack[size];
  return ::clone(&become_command, stack + size, CLONE_VM | SIGCHLD, const_cast<Command*>(&command));
}

void tell_stop(int stops) {
  constexpr char byte = 0;
  if (::write(stops, &byte, 1) < 0) return;  // full: it was told and not read yet
}

// The command as pid 1 sees it.
struct Watched {
  pid_t pid;
  int stops;
  enum class State { going, stopped } state;
};

// Returns the exit code once the command itself has ended.
int reap(Watched& command) {
  int status = 0;
  for (;;) {
    const pid_t changed = ::waitpid(-1, &status, WNOHANG | WUNTRACED | WCONTINUED);
    if (changed <= 0) return -1;
    if (changed != command.pid) continue;
    if (WIFEXITED(status)) return WEXITSTATUS(status);
    if (WIFSIGNALED(status)) return kKilledBy + WTERMSIG(status);
    command.state = WIFSTOPPED(status) ? Watched::State::stopped : Watched::State::going;
    if (WIFSTOPPED(status)) tell_stop(command.stops);
  }
}

void forward(int number, Watched& command) {
  if (number == SIGCONT) command.state = Watched::State::going;
  // A SIGCONT that waited for us goes when a SIGTSTP comes: the command never went on, and cannot stop twice.
  // Who asks is answered all the same.
  if (number == SIGTSTP && command.state == Watched::State::stopped) tell_stop(command.stops);
  // It may not have become its group's leader yet.
  if (::kill(-command.pid, number) != 0) ::kill(command.pid, number);
}

bool is_forwarded(int number) {
  for (const int known : kForwarded)
    if (known == number) return true;
  return false;
}

int supervise(Watched command, const sigset_t& everything) {
  for (;;) {
    const int number = ::sigwaitinfo(&everything, nullptr);
    if (number == SIGCHLD) {
      if (const int code = reap(command); code >= 0) return code;
    } else if (is_forwarded(number)) {
      forward(number, command);
    }
  }
}

void close_all_but(int first, int last) {
  if (first > 0) ::syscall(SYS_close_range, 0u, static_cast<unsigned>(first) - 1, 0u);
  ::syscall(SYS_close_range, static_cast<unsigned>(last) + 1, ~0u, 0u);
}

// The terminal stays open: were nobody in the sandbox to have it for a moment, whoever relays it would take
// that for its end.
void keep_only(int stops, int terminal) {
  const int kept = terminal < 0 ? -1 : ::dup2(terminal, stops + 1);
  close_all_but(stops, kept < 0 ? stops : kept);
}

}  // namespace

int main(int count, char** words) {
  if (count < 5 || ::getpid() != 1) {
    say("pawl-init is pid 1 of a sandbox; pawl-launch starts it\n");
    return 125;
  }
  // SAFETY: makes /proc/1 root's, which nobody in the sandbox is: no reading of our memory, environment,
  // descriptors.
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  const int stops = descriptor_from(words[3]);
  // SAFETY: the command must not get it: whoever writes there stops the person's `pawl run`.
  if (::fcntl(stops, F_SETFD, FD_CLOEXEC) != 0) return 125;
  // A blocked signal waits for sigwaitinfo, also for pid 1, for which the kernel drops those without a
  // handler. We are executed like that (child.cpp), so that none is lost before this line either.
  sigset_t everything;
  ::sigfillset(&everything);
  ::sigprocmask(SIG_SETMASK, &everything, nullptr);
  const Command what{descriptor_from(words[1]), descriptor_from(words[2]), words + 4};
  const pid_t command = start(what);
  if (command < 0) {
    say("pawl: cannot start a process\n");
    return kNotExecutable;
  }
  keep_only(stops, what.terminal);
  return supervise({command, stops, Watched::State::going}, everything);
}
