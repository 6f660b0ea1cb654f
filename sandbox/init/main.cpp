// pawl-init: pid 1 of a sandbox. It starts the command in a process group of its own, in the terminal's
// foreground; tells the launcher when the command was stopped; reaps whatever is orphaned, passes signals on,
// and ends with the command; then the kernel kills everything else in the sandbox. It runs with the agent's
// uid and under the agent's filter, holds the descriptor into which it tells of stops, which the command
// never gets, and the command's terminal, is not dumpable, and reads nobody's bytes.
//
// pawl-init EXECUTABLE TERMINAL STOPS COMMAND...: EXECUTABLE is "-" or a descriptor to execute, TERMINAL "-"
// or 0, 1 or 2, STOPS the descriptor that learns of stops.
#include <asm/errno.h>
#include <asm/ioctls.h>
#include <linux/fcntl.h>
#include <linux/prctl.h>

#include <cstddef>

#include "sandbox/init/execute.hpp"
#include "sandbox/init/kernel.hpp"

namespace pawl::init {
namespace {

constexpr int kNotFound = 127;       // as shells report it
constexpr int kNotExecutable = 126;  // the same
constexpr int kKilledBy = 128;       // plus the signal's number

// What the supervisor may ask the command by signal. SIGTTIN and SIGTTOU are the terminal's, SIGCHLD is ours.
constexpr int kForwarded[] = {SIGHUP,  SIGINT,  SIGQUIT,  SIGTERM, SIGUSR1, SIGUSR2,
                              SIGCONT, SIGTSTP, SIGWINCH, SIGALRM, SIGPIPE, SIGURG};

void say(const char* text) {
  constexpr int standard_error = 2;
  call(__NR_write, standard_error, text, static_cast<long>(length(text)));  // nobody listens: nobody to tell
}

// "-" or a number.
int descriptor_from(const char* word) {
  int number = 0;
  for (; *word >= '0' && *word <= '9'; ++word) number = number * 10 + (*word - '0');
  return *word == '\0' ? number : -1;
}

struct Command {
  int executable;
  int terminal;
  char** words;
  char** environment;
};

// In the new process, which has our memory until it executes, and a stack of its own: becomes the command.
void become_command(void* argument) {
  const auto [executable, terminal, command, environment] = *static_cast<const Command*>(argument);
  call(__NR_setpgid, 0L, 0L);
  // Asked from behind; SIGTTOU, which would stop us for it, is blocked still.
  const int own = static_cast<int>(call(__NR_getpid));
  if (terminal >= 0) call(__NR_ioctl, terminal, TIOCSPGRP, &own);
  block_only(kNoSignal);
  const int error = -execute(executable, command, environment);
  say("pawl: cannot run ");
  say(command[0]);
  say(": ");
  say(error_text(error));
  say("\n");
  leave(error == ENOENT ? kNotFound : kNotExecutable);
}

// Neither fork, whose copy of the memory costs a tenth of a launch, nor vfork, which waits for the execution:
// a Ctrl-Z before that would stop the new process, and with it us, who could not continue it any more.
int start(Command& command) {
  constexpr std::size_t size = 64 * 1024;  // bytes; a path, and little besides
  alignas(16) static char stack[size];
  return static_cast<int>(
      clone_onto(__NR_clone, CLONE_VM | SIGCHLD, stack + size, &become_command, &command));
}

void tell_stop(int stops) {
  constexpr char byte = 0;
  call(__NR_write, stops, &byte, 1L);  // full: it was told and not read yet
}

// What became of a process, of the number that wait4(2) gives.
class Status {
 public:
  explicit Status(int status) : status_(status) {}
  bool exited() const { return (status_ & 0x7f) == 0; }
  bool stopped() const { return (status_ & 0xff) == 0x7f; }
  bool continued() const { return status_ == 0xffff; }
  bool killed() const { return !exited() && !stopped() && !continued(); }
  int code() const { return (status_ >> 8) & 0xff; }
  int signal() const { return status_ & 0x7f; }

 private:
  int status_;
};

// The command as pid 1 sees it.
struct Watched {
  int pid;
  int stops;
  enum class State { going, stopped } state;
};

// Returns the exit code once the command itself has ended.
int reap(Watched& command) {
  for (;;) {
    int number = 0;
    const long changed = call(__NR_wait4, -1, &number, WNOHANG | WUNTRACED | WCONTINUED, nullptr);
    if (changed <= 0) return -1;
    if (changed != command.pid) continue;
    const Status status(number);
    if (status.exited()) return status.code();
    if (status.killed()) return kKilledBy + status.signal();
    command.state = status.stopped() ? Watched::State::stopped : Watched::State::going;
    if (status.stopped()) tell_stop(command.stops);
  }
}

void forward(int number, Watched& command) {
  if (number == SIGCONT) command.state = Watched::State::going;
  // A SIGCONT that waited for us goes when a SIGTSTP comes: the command never went on, and cannot stop twice.
  // Who asks is answered all the same.
  if (number == SIGTSTP && command.state == Watched::State::stopped) tell_stop(command.stops);
  // It may not have become its group's leader yet.
  if (call(__NR_kill, -command.pid, number) != 0) call(__NR_kill, command.pid, number);
}

bool is_forwarded(int number) {
  for (const int known : kForwarded)
    if (known == number) return true;
  return false;
}

int supervise(Watched command) {
  for (;;) {
    const int number = wait_for_signal(kEverySignal);
    if (number == SIGCHLD) {
      if (const int code = reap(command); code >= 0) return code;
    } else if (is_forwarded(number)) {
      forward(number, command);
    }
  }
}

void close_all_but(int first, int last) {
  if (first > 0) close_range(0, static_cast<unsigned>(first) - 1);
  close_range(static_cast<unsigned>(last) + 1, ~0u);
}

// The terminal stays open: were nobody in the sandbox to have it for a moment, whoever relays it would take
// that for its end.
bool keep_only(int stops, int terminal) {
  const int last = terminal < 0 ? stops : stops + 1;
  if (terminal >= 0 && call(__NR_dup3, terminal, last, 0L) != last) return false;
  close_all_but(stops, last);
  return true;
}

int run(int count, char** words, char** environment) {
  if (count < 5 || call(__NR_getpid) != 1) {
    say("pawl-init is pid 1 of a sandbox; pawl-launch starts it\n");
    return 125;
  }
  // SAFETY: makes /proc/1 root's, which nobody in the sandbox is: no reading of our memory, environment,
  // descriptors.
  call(__NR_prctl, PR_SET_DUMPABLE, 0L, 0L, 0L, 0L);
  const int stops = descriptor_from(words[3]);
  // SAFETY: the command must not get it: whoever writes there stops the person's `pawl run`.
  if (call(__NR_fcntl, stops, F_SETFD, FD_CLOEXEC) != 0) return 125;
  // A blocked signal waits for wait_for_signal, also for pid 1, for which the kernel drops those without a
  // handler. We are executed like that (child.cpp), so that none is lost before this line either.
  block_only(kEverySignal);
  Command what{descriptor_from(words[1]), descriptor_from(words[2]), words + 4, environment};
  const int command = start(what);
  if (command < 0) {
    say("pawl: cannot start a process\n");
    return kNotExecutable;
  }
  if (!keep_only(stops, what.terminal)) {
    say("pawl: cannot keep the terminal\n");
    return kNotExecutable;
  }
  return supervise({command, stops, Watched::State::going});
}

}  // namespace
}  // namespace pawl::init

// The stack that the kernel made: the count, the words, nullptr, the environment, nullptr.
extern "C" [[gnu::used, noreturn]] void pawl_init_main(long* stack) {
  auto** const words = reinterpret_cast<char**>(stack + 1);
  pawl::init::leave(pawl::init::run(static_cast<int>(*stack), words, words + *stack + 1));
}
PAWL_INIT_ENTRY(pawl_init_main);
