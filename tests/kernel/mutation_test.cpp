// Each step of the child's table is left out in turn, in a launcher built for this test only; the kernel
// tests must notice. Arguments: the kernel tests, the mutant. The number of the step stands behind a mark in
// the mutant (sandbox/child.cpp); each turn writes a copy with another number.
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>

#include "sandbox/child.hpp"
#include "tests/kernel/mutant.hpp"

using pawl::testing::Mutant;

namespace {

constexpr std::uint32_t kWorkers = 2;
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
    ::execl(tests, tests, "--abort", "~[programs]~[crash]", nullptr);
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

struct Trial {
  const char* tests;
  const Mutant& mutant;
  std::string folder;
};

// Every second step, from `first` on: how many of them nothing notices.
int try_steps(const Trial& trial, std::uint32_t first) {
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) return 1;
  const std::string path = trial.folder + "/launch-mutant-" + std::to_string(first);
  int unnoticed = 0;
  for (std::uint32_t step = first; step < pawl::sandbox::step_count(); step += kWorkers) {
    trial.mutant.write(path, Mutant::Does::omit, step);
    const bool noticed = exit_code_with(trial.tests, path.c_str(), path + ".output") != 0;
    end_orphans();
    if (noticed) continue;
    ++unnoticed;
    std::printf("nothing fails without \"%s\"\n", std::string(pawl::sandbox::step_name(step)).c_str());
    std::fflush(stdout);
  }
  return unnoticed;
}

// A process each, since what a mutant leaves behind becomes its worker's child.
int try_all_steps(const Trial& trial) {
  std::array<pid_t, kWorkers> workers{};
  for (std::uint32_t first = 0; first < kWorkers; ++first) {
    workers[first] = ::fork();
    if (workers[first] == 0) ::_exit(try_steps(trial, first));
  }
  int unnoticed = 0;
  for (const pid_t worker : workers) {
    int status = 0;
    const bool ended = worker > 0 && ::waitpid(worker, &status, 0) == worker && WIFEXITED(status);
    unnoticed += ended ? WEXITSTATUS(status) : 1;
  }
  return unnoticed;
}

}  // namespace

int main(int count, char** words) {
  if (count != 3) return 2;
  const Mutant mutant = Mutant::load(words[2]);
  if (!mutant) {
    std::printf("%s has no place for the number of a step\n", words[2]);
    return 1;
  }
  std::string folder = (std::filesystem::temp_directory_path() / "pawl-mutants-XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr || ::chmod(folder.c_str(), 0755) != 0) return 1;
  const int unnoticed = try_all_steps({words[1], mutant, folder});
  // The unchanged mutant must pass, or the failures above would prove nothing.
  const std::string path = folder + "/launch-mutant";
  const std::string output = folder + "/output";
  mutant.write(path, Mutant::Does::omit, Mutant::kNoStep);
  const bool whole = exit_code_with(words[1], path.c_str(), output) == 0;
  if (!whole) std::cout << "something fails with every step:\n" << std::ifstream(output).rdbuf() << "\n";
  std::printf("%zu steps, %d of them not noticed\n", pawl::sandbox::step_count(), unnoticed);
  std::filesystem::remove_all(folder);
  return unnoticed == 0 && whole ? 0 : 1;
}
