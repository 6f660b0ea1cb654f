// The probe's attempts to use more than its share: memory, processes, files, terminals, disk, CPU time.
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "tests/kernel/probe.hpp"

namespace {

// What they tell is how far they came before the kernel said no; the answer is its errno.

int eat_memory(const Words& words) {
  constexpr std::size_t kPiece = std::size_t{1} << 20;
  for (int eaten = 0; eaten < number(words[0]); ++eaten) {
    void* piece = ::mmap(nullptr, kPiece, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (piece == MAP_FAILED) return errno;
    std::memset(piece, 1, kPiece);
  }
  tell("eaten", words[0]);
  return 0;
}

int fork_bomb(const Words& words) {
  std::vector<pid_t> children;
  int error = 0;
  while (children.size() < static_cast<std::size_t>(number(words[0])) && error == 0) {
    const pid_t child = ::fork();
    if (child == 0) {
      ::pause();
      ::_exit(0);
    }
    if (child < 0)
      error = errno;
    else
      children.push_back(child);
  }
  tell("forked", std::to_string(children.size()));
  std::fflush(stdout);
  for (const pid_t child : children) ::kill(child, SIGKILL);
  return error;
}

int open_many(const char* path, int most) {
  int count = 0;
  while (count < most && ::open(path, O_RDWR | O_NOCTTY | O_CLOEXEC) >= 0) ++count;
  const int error = count < most ? errno : 0;
  tell("opened", std::to_string(count));
  return error;
}
int open_files(const Words& words) {
  rlimit own{};
  ::getrlimit(RLIMIT_NOFILE, &own);
  own.rlim_cur = own.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &own);
  return open_many("/dev/null", number(words[0]));
}
int open_terminals(const Words& words) { return open_many("/dev/ptmx", number(words[0])); }

int fill_file(const Words& words) {
  const int file = ::open(words[0].c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return errno;
  const std::vector<char> piece(std::size_t{1} << 20, 'x');
  int written = 0;
  int error = 0;
  for (; written < number(words[1]) && error == 0; ++written)
    if (const ssize_t size = ::write(file, piece.data(), piece.size());
        size < static_cast<ssize_t>(piece.size()))
      error = size < 0 ? errno : ENOSPC;
  ::unlink(words[0].c_str());
  tell("mebibytes", std::to_string(error == 0 ? written : written - 1));
  return error;
}

int make_files(const Words& words) {
  int made = 0;
  int error = 0;
  for (; made < number(words[1]) && error == 0; ++made) {
    const int file =
        ::open((words[0] + "/" + std::to_string(made)).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    error = file < 0 ? errno : 0;
    ::close(file);
  }
  for (int i = 0; i < made; ++i) ::unlink((words[0] + "/" + std::to_string(i)).c_str());
  tell("made", std::to_string(error == 0 ? made : made - 1));
  return error;
}

// Percent of one CPU that it got, over so many milliseconds.
int spin(const Words& words) {
  const auto now = [](clockid_t clock) {
    timespec time{};
    ::clock_gettime(clock, &time);
    return time.tv_sec * 1000 + time.tv_nsec / 1000000;
  };
  const long started = now(CLOCK_MONOTONIC);
  while (now(CLOCK_MONOTONIC) - started < number(words[0])) continue;
  tell("percent", std::to_string(now(CLOCK_PROCESS_CPUTIME_ID) * 100 / (now(CLOCK_MONOTONIC) - started)));
  return 0;
}

int show(const Words& words) {
  std::FILE* file = std::fopen(words[0].c_str(), "re");
  if (file == nullptr) return errno;
  char line[4096];
  while (std::fgets(line, sizeof(line), file) != nullptr) std::printf("line:%s", line);
  std::fclose(file);
  return 0;
}

int raise_limits(const Words&) {
  int refused = 0;
  for (const int resource : {RLIMIT_CORE, RLIMIT_MEMLOCK, RLIMIT_MSGQUEUE, RLIMIT_SIGPENDING, RLIMIT_NICE,
                             RLIMIT_RTPRIO, RLIMIT_NOFILE, RLIMIT_NPROC}) {
    rlimit own{};
    ::getrlimit(resource, &own);
    tell(("limit_" + std::to_string(resource)).c_str(), std::to_string(own.rlim_max));
    own.rlim_max += 1;
    own.rlim_cur = own.rlim_max;
    refused += ::setrlimit(resource, &own) != 0 ? 1 : 0;
  }
  tell("refused", std::to_string(refused));
  return 0;
}

constexpr Verb kVerbs[] = {
    {"eat-memory", 1, eat_memory},
    {"fork-bomb", 1, fork_bomb},
    {"open-files", 1, open_files},
    {"open-terminals", 1, open_terminals},
    {"fill", 2, fill_file},
    {"make-files", 2, make_files},
    {"spin", 1, spin},
    {"show", 1, show},
    {"raise-limits", 0, raise_limits},
};

}  // namespace

std::span<const Verb> limit_verbs() { return kVerbs; }
