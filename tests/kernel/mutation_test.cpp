// Each step of the child's table is left out in turn, in a launcher built for this test only; the kernel
// tests must notice. Arguments: the kernel tests, then the mutants in the order of the steps.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "sandbox/child.hpp"

namespace {

// The exit code of the kernel tests against one launcher, stopping at the first check that fails.
int exit_code_with(const char* tests, const char* launcher) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::setenv("PAWL_TEST_LAUNCH", launcher, 1);
    const int nothing = ::open("/dev/null", O_RDWR);
    ::dup2(nothing, 1);
    ::dup2(nothing, 2);
    ::alarm(60);
    ::execl(tests, tests, "--abort", "~[programs]", nullptr);
    ::_exit(0);  // counts as not noticed
  }
  int status = 0;
  if (pid < 0 || ::waitpid(pid, &status, 0) != pid) return 0;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

}  // namespace

int main(int count, char** words) {
  const auto steps = static_cast<int>(pawl::sandbox::step_count());
  if (count != steps + 2) {
    std::printf("%d mutants for %d steps: build one for each in tests/kernel/meson.build\n", count - 2,
                steps);
    return 1;
  }
  int unnoticed = 0;
  for (int step = 0; step < steps; ++step) {
    const bool noticed = exit_code_with(words[1], words[step + 2]) != 0;
    std::printf("%s: without \"%s\"\n", noticed ? "noticed" : "NOT NOTICED",
                std::string(pawl::sandbox::step_name(static_cast<std::size_t>(step))).c_str());
    std::fflush(stdout);
    unnoticed += noticed ? 0 : 1;
  }
  return unnoticed == 0 ? 0 : 1;
}
