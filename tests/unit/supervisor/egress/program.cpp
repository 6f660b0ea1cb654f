#include "tests/unit/supervisor/egress/program.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/seccomp.h>
#include <stdexcept>

#include "sandbox/base/unique_fd.hpp"
#include "sandbox/seccomp_filter.hpp"

namespace pawl::test {
namespace {

constexpr int kExecutableFd = 50;

// In the child: descriptor 3, the executable, and nothing else but the standard three.
void arrange_descriptors(int control, int executable) {
  const int moved = ::fcntl(control, F_DUPFD, 100);
  ::dup3(executable, kExecutableFd, O_CLOEXEC);
  ::dup2(moved, 3);
  ::close_range(4, kExecutableFd - 1, 0);
  ::close_range(kExecutableFd + 1, ~0U, 0);
}

}  // namespace

pid_t start(const Program& program, int control) {
  std::vector<char*> arguments;
  for (const std::string& argument : program.argv) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  char* const environment[] = {nullptr};
  sandbox::FilterProgram filter;
  if (program.filter)
    filter = sandbox::compile_filter(sandbox::profile_of(*program.filter), {.executable_fd = kExecutableFd})
                 .value();
  const sock_fprog installed{static_cast<unsigned short>(filter.size()), filter.data()};
  const UniqueFd executable(::open(arguments[0], O_PATH | O_CLOEXEC));
  if (!executable) throw std::runtime_error("cannot open " + program.argv[0]);

  const pid_t child = ::fork();
  if (child != 0) return child;
  ::alarm(60);  // outlives exec
  arrange_descriptors(control, executable.get());
  if (program.filter) {
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &installed) != 0) ::_exit(126);
  }
  ::syscall(SYS_execveat, kExecutableFd, "", arguments.data(), environment, AT_EMPTY_PATH);
  ::_exit(127);
}

Result<> end_of(pid_t program) {
  int status = 0;
  if (::waitpid(program, &status, 0) != program) return failed("waitpid");
  if (status != 0) return refuse("the program ended with wait status " + std::to_string(status));
  return {};
}

}  // namespace pawl::test
