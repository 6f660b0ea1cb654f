#include "tools/pawl/child_process.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <vector>

#include "sandbox/base/own_programs.hpp"
#include "sandbox/launch_protocol.hpp"

namespace pawl::run {
namespace {

struct Redirection {
  int from;
  int to;
};

// A session is a scheduling group of its own (sched(7), autogroup), and slow to make on a busy host: not for
// what is on the way of every launch.
enum class Leave : short { group = POSIX_SPAWN_SETPGROUP, session = POSIX_SPAWN_SETSID };

// All our descriptors are CLOEXEC, so the program gets exactly the redirections and /dev/null.
Result<pid_t> spawn(const std::string& program, std::vector<const char*> arguments,
                    const std::vector<Redirection>& redirections, Leave leave, char* const* environment) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  // Not ours: who reads those waits until the program, which may stay when we go, has closed them.
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
  for (const Redirection& redirection : redirections)
    posix_spawn_file_actions_adddup2(&actions, redirection.from, redirection.to);
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes, static_cast<short>(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                                           static_cast<short>(leave)));
  arguments.push_back(nullptr);
  pid_t child = 0;
  const int error = ::posix_spawn(&child, program.c_str(), &actions, &attributes,
                                  const_cast<char* const*>(arguments.data()), environment);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) return failed("start " + program, error);
  return child;
}

}  // namespace

Result<> start_launcher(const Channel& control) {
  char* nothing[] = {nullptr};
  TRY(spawn(TRY(find_program("pawl-launch")), {"pawl-launch"}, {{control.fd(), sandbox::kControlFd}},
            Leave::group, nothing));
  return {};
}

Result<pid_t> start_broker(const std::string& program, const UniqueFd& log) {
  return spawn(program, {"pawld", "--embedded"}, {{log.get(), 1}, {log.get(), 2}}, Leave::session, environ);
}

Result<> run_in_front(const std::string& program, const std::vector<std::string>& arguments) {
  sigset_t none, all, ending;
  sigemptyset(&none);
  sigfillset(&all);
  sigemptyset(&ending);
  for (const int number : {SIGTERM, SIGHUP}) sigaddset(&ending, number);
  std::signal(SIGINT, SIG_IGN);
  std::signal(SIGQUIT, SIG_IGN);
  std::vector<char*> words;
  words.reserve(arguments.size() + 1);
  for (const std::string& argument : arguments) words.push_back(const_cast<char*>(argument.c_str()));
  words.push_back(nullptr);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  pid_t child = 0;
  const int error = ::posix_spawn(&child, program.c_str(), nullptr, &attributes, words.data(), environ);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) return failed("start " + program, error);
  // A session blocks them for good, and nothing reads them any more.
  ::sigprocmask(SIG_UNBLOCK, &ending, nullptr);
  while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) continue;
  return {};
}

}  // namespace pawl::run
