// escape-probe: tries everything that tests/escape knows, and tells what came of it.
//   escape-probe PLANTS confined|unconfined
// One line an attempt: its category, its name, and "worked", "absent", "needs-root" or "refused" and why.
// What is none of these ("died", "waited", "not tried") is a fault of the attempt or of the sandbox, and no
// refusal.
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstring>

#include "tests/escape/attempt.hpp"

namespace {

using namespace pawl::escape;

constexpr unsigned kPatience = 20;  // seconds

// In a process of its own: an attempt may end in a signal, change what it runs in, or wait for ever.
std::string outcome_of(const Attempt& attempt, const Plants& plants) {
  int ends[2];
  if (::pipe(ends) != 0) return "not tried: pipe";
  const pid_t child = ::fork();
  if (child < 0) return "not tried: fork";
  if (child == 0) {
    ::close(ends[0]);
    ::alarm(kPatience);
    told_by = ends[1];
    const int said = attempt.run(plants);
    (void)!::write(ends[1], &said, sizeof(said));
    ::_exit(0);
  }
  ::close(ends[1]);
  int said = 0;
  const bool spoke = ::read(ends[0], &said, sizeof(said)) == sizeof(said);
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (!spoke && WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS) return "refused by the filter";
  if (!spoke && WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM) return "waited in vain";
  if (!spoke && WIFSIGNALED(status)) return std::string("died of ") + ::strsignal(WTERMSIG(status));
  if (!spoke) return "died without a word";
  if (said == 0) return "worked";
  if (said == kAbsent) return "absent";
  return std::string("refused ") + ::strerror(said);
}

}  // namespace

int main(int count, char** words) {
  if (count != 3) return 2;
  const Plants plants = Plants::read(words[1]);
  confined = std::strcmp(words[2], "confined") == 0;
  if (plants.empty()) return 2;
  const Category all[] = {{"controls", controls()},
                          {"writable", writable()},
                          {"protected", protections()},
                          {"credentials", credentials()},
                          {"files", files()},
                          {"processes", processes()},
                          {"namespaces", namespaces()},
                          {"kernel", kernel_surface()},
                          {"sockets", sockets()},
                          {"ipc", ipc()},
                          {"proc-sys", proc_and_sys()},
                          {"cgroups", cgroups()},
                          {"devices", devices()},
                          {"limits", limits()},
                          {"descriptors", descriptors()}};
  for (const Category& category : all)
    for (const Attempt& attempt : category.attempts) {
      const bool able = confined || attempt.needs == Needs::user || ::geteuid() == 0;
      const std::string outcome = able ? outcome_of(attempt, plants) : "needs-root";
      std::printf("%s\t%s\t%s\n", std::string(category.name).c_str(), std::string(attempt.name).c_str(),
                  outcome.c_str());
      std::fflush(stdout);
    }
  return 0;
}
