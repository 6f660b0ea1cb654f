#include "tools/pawl/cli/subprocess.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>

#include "sandbox/base/unique_fd.hpp"

namespace pawl::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

struct Pipe {
  UniqueFd reading, writing;
};

Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return failed("make a pipe");
  return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

Result<pid_t> spawn(const ProgramRun& run, int input, int output) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_adddup2(&actions, input, 0);
  posix_spawn_file_actions_adddup2(&actions, output, 1);
  if (run.complaints == ProgramRun::Complaints::hidden)
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
  sigset_t pipe_signal;
  sigemptyset(&pipe_signal);
  sigaddset(&pipe_signal, SIGPIPE);
  posix_spawnattr_setsigdefault(&attributes, &pipe_signal);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  std::vector<char*> argv;
  for (const std::string& word : run.argv) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  pid_t child = 0;
  const int error = ::posix_spawnp(&child, argv[0], &actions, &attributes, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (error == ENOENT) return refuse(run.argv[0] + " is not installed", "apt install openssh-client");
  if (error != 0) return failed("start " + run.argv[0], error);
  return child;
}

// Feeds and drains until the program closes its output.
Result<std::string> exchange(const ProgramRun& run, UniqueFd input, const UniqueFd& output) {
  ::fcntl(input.get(), F_SETFL, O_NONBLOCK);
  const auto deadline = steady_clock::now() + run.patience;
  std::string_view left = run.input;
  std::string text;
  for (;;) {
    if (left.empty()) input.reset();
    std::array<pollfd, 2> watched{{{output.get(), POLLIN, 0}, {input.get(), POLLOUT, 0}}};
    const auto patience = std::chrono::ceil<milliseconds>(deadline - steady_clock::now()).count();
    if (patience <= 0) return failed("wait for " + run.argv[0], ETIMEDOUT);
    if (::poll(watched.data(), watched.size(), static_cast<int>(patience)) < 0 && errno != EINTR)
      return failed("poll");
    if (watched[1].revents != 0) {
      const ssize_t written = ::write(input.get(), left.data(), left.size());
      if (written >= 0)
        left.remove_prefix(static_cast<std::size_t>(written));
      else if (errno != EAGAIN && errno != EINTR)
        left = {};  // it does not want to know more
    }
    if (watched[0].revents == 0) continue;
    std::array<char, 4096> bytes;
    const ssize_t got = ::read(output.get(), bytes.data(), bytes.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return text;
    text.append(bytes.data(), static_cast<std::size_t>(got));
    if (text.size() > run.most_output) return refuse(run.argv[0] + " prints too much");
  }
}

int wait_for(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

Result<ProgramResult> run_program(const ProgramRun& run) {
  Pipe input = TRY(make_pipe());
  Pipe output = TRY(make_pipe());
  const pid_t child = TRY(spawn(run, input.reading.get(), output.writing.get()));
  input.reading.reset();
  output.writing.reset();
  auto text = exchange(run, std::move(input.writing), output.reading);
  if (!text) ::kill(child, SIGKILL);
  const int exit_code = wait_for(child);
  if (!text) return std::unexpected(std::move(text).error());
  return ProgramResult{exit_code, *std::move(text)};
}

}  // namespace pawl::cli
