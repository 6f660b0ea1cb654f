// Each step of the child's table is left out in turn, in a launcher built for this test only; the kernel
// tests must notice. Arguments: the kernel tests, the mutant. The number of the step stands behind a mark in
// the mutant (sandbox/child.cpp); each turn writes a copy with another number.
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

#include "sandbox/child.hpp"

namespace {

constexpr unsigned kLimit = 120;  // seconds for one run of the kernel tests

// The exit code of the kernel tests against one launcher, stopping at the first check that fails. What they
// print goes to `output`.
int exit_code_with(const char* tests, const char* launcher, const std::string& output) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::setenv("PAWL_TEST_LAUNCH", launcher, 1);
    const int file = ::open(output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ::dup2(file, 1);
    ::dup2(file, 2);
    ::alarm(kLimit);
    ::execl(tests, tests, "--abort", "~[programs]", nullptr);
    ::_exit(0);  // counts as not noticed
  }
  int status = 0;
  if (pid < 0 || ::waitpid(pid, &status, 0) != pid) return 0;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

// A sandbox whose launcher cannot end it any more would live on: it is ours by now (PR_SET_CHILD_SUBREAPER).
void end_orphans() {
  std::ifstream list("/proc/self/task/" + std::to_string(::getpid()) + "/children");
  for (pid_t orphan = 0; list >> orphan;) {
    ::kill(orphan, SIGKILL);
    ::waitpid(orphan, nullptr, 0);
  }
}

constexpr std::uint32_t kMark[] = {0x70617770, 0x6d757461, 0x6e742121};

// Where the number stands in the mutant; npos where the mark is missing or not unique.
std::size_t find_number(const std::string& mutant) {
  const std::string_view mark(reinterpret_cast<const char*>(kMark), sizeof(kMark));
  const std::size_t at = mutant.find(mark);
  if (at == std::string::npos || mutant.find(mark, at + 1) != std::string::npos) return std::string::npos;
  return at + mark.size();
}

void write_mutant(const std::string& path, std::string mutant, std::size_t at, std::uint32_t step) {
  std::memcpy(mutant.data() + at, &step, sizeof(step));
  std::ofstream(path, std::ios::binary | std::ios::trunc) << mutant;
  std::filesystem::permissions(path, std::filesystem::perms(0755));
}

}  // namespace

int main(int count, char** words) {
  if (count != 3 || ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) return 2;
  std::ifstream file(words[2], std::ios::binary);
  const std::string mutant(std::istreambuf_iterator<char>(file), {});
  const std::size_t number = find_number(mutant);
  if (number == std::string::npos) {
    std::printf("%s has no place for the number of a step\n", words[2]);
    return 1;
  }
  std::string folder = (std::filesystem::temp_directory_path() / "pawl-mutants-XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr || ::chmod(folder.c_str(), 0755) != 0) return 1;
  const std::string path = folder + "/launch-mutant";
  const std::string output = folder + "/output";
  int unnoticed = 0;
  for (std::uint32_t step = 0; step < pawl::sandbox::step_count(); ++step) {
    write_mutant(path, mutant, number, step);
    const bool noticed = exit_code_with(words[1], path.c_str(), output) != 0;
    end_orphans();
    if (noticed) continue;
    ++unnoticed;
    std::printf("nothing fails without \"%s\"\n", std::string(pawl::sandbox::step_name(step)).c_str());
    std::fflush(stdout);
  }
  // The unchanged mutant must pass, or the failures above would prove nothing.
  write_mutant(path, mutant, number, 0xffffffff);
  const bool whole = exit_code_with(words[1], path.c_str(), output) == 0;
  if (!whole) std::cout << "something fails with every step:\n" << std::ifstream(output).rdbuf() << "\n";
  std::printf("%zu steps, %d of them not noticed\n", pawl::sandbox::step_count(), unnoticed);
  std::filesystem::remove_all(folder);
  return unnoticed == 0 && whole ? 0 : 1;
}
