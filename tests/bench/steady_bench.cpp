// Measures from inside of whatever it was started in: nanoseconds a system call, or microseconds a command.
//
//   steady-bench calls COUNT           "getpid N", "read N", "write N", "futex N", "stat N", "openat N"
//   steady-bench run TIMES -- COMMAND  the median of one run of the command
#include <fcntl.h>
#include <linux/futex.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <vector>

namespace {

double now() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

template <class Call>
void time_call(const char* name, int count, Call call) {
  for (int i = 0; i < count / 10; ++i) call();
  const double before = now();
  for (int i = 0; i < count; ++i) call();
  std::printf("%s %.1f\n", name, (now() - before) / count);
}

int time_calls(int count) {
  const int zero = ::open("/dev/zero", O_RDONLY | O_CLOEXEC);
  const int null = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (zero < 0 || null < 0) return 1;
  char byte = 0;
  int word = 0;
  struct stat status{};
  time_call("getpid", count, [] { ::syscall(SYS_getpid); });
  time_call("read", count, [&] { (void)!::read(zero, &byte, 1); });
  time_call("write", count, [&] { (void)!::write(null, &byte, 1); });
  time_call("futex", count, [&] { ::syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0); });
  time_call("stat", count / 4, [&] { (void)::stat("/usr", &status); });
  time_call("openat", count / 10, [] { ::close(::open("/dev/null", O_RDONLY | O_CLOEXEC)); });
  return 0;
}

int time_runs(int times, char** words) {
  std::vector<double> taken;
  posix_spawn_file_actions_t quiet;
  ::posix_spawn_file_actions_init(&quiet);
  ::posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0);
  for (int i = 0; i <= times; ++i) {
    pid_t pid = 0;
    int status = 0;
    const double before = now();
    if (::posix_spawn(&pid, words[0], &quiet, nullptr, words, environ) != 0) return 1;
    ::waitpid(pid, &status, 0);
    if (status != 0) return 1;
    if (i > 0) taken.push_back((now() - before) / 1e3);  // the first warms up
  }
  std::sort(taken.begin(), taken.end());
  std::printf("%.1f\n", taken[taken.size() / 2]);
  return 0;
}

}  // namespace

int main(int count, char** words) {
  if (count == 3 && std::string_view(words[1]) == "calls") return time_calls(std::atoi(words[2]));
  if (count > 4 && std::string_view(words[1]) == "run" && std::string_view(words[3]) == "--")
    return time_runs(std::atoi(words[2]), words + 4);
  std::fprintf(stderr, "usage: steady-bench calls COUNT | run TIMES -- COMMAND...\n");
  return 2;
}
