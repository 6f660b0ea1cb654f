#include "tests/kernel/orphanage.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <sstream>
#include <thread>

#include "tests/kernel/harness.hpp"

namespace pawl::testing {
namespace {

using Clock = std::chrono::steady_clock;

// Of a pid namespace below ours: it has a number there, too. The launcher's helpers have not.
bool is_inside(pid_t process) {
  std::ifstream status("/proc/" + std::to_string(process) + "/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("NSpid:")) return std::ranges::count(line, '\t') > 1;
  return false;
}

}  // namespace

Orphanage::Orphanage() { REQUIRE(::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0); }

Orphanage::~Orphanage() {
  for (const pid_t orphan : children_of(::getpid())) ::kill(orphan, SIGKILL);
  while (::waitpid(-1, nullptr, 0) > 0) continue;
  ::prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
}

bool Orphanage::empties(std::chrono::milliseconds time) const {
  for (const auto deadline = Clock::now() + patience(time); Clock::now() < deadline;
       std::this_thread::sleep_for(1ms)) {
    while (::waitpid(-1, nullptr, WNOHANG) > 0) continue;
    if (children_of(::getpid()).empty()) return true;
  }
  return false;
}

std::string mount_table() {
  std::ifstream file("/proc/self/mountinfo");
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<pid_t> children_of(pid_t process) {
  const std::string id = std::to_string(process);
  std::ifstream list("/proc/" + id + "/task/" + id + "/children");
  return {std::istream_iterator<pid_t>(list), {}};
}

pid_t first_process(pid_t launcher) {
  for (const auto deadline = Clock::now() + patience(5s); Clock::now() < deadline;
       std::this_thread::sleep_for(1ms))
    for (const pid_t child : children_of(launcher))
      if (is_inside(child)) return child;
  return -1;
}

}  // namespace pawl::testing
