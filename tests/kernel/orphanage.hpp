// Processes that lost their parent, and the proof that nobody and nothing is left of a launch that was
// killed.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

namespace pawl::testing {

using namespace std::chrono_literals;

// Whoever loses their parent is a child of this process while this lives, so that all are found.
class Orphanage {
 public:
  Orphanage();
  Orphanage(const Orphanage&) = delete;
  ~Orphanage();  // kills who is left
  // Nobody is left, children and orphans alike, within the time.
  bool empties(std::chrono::milliseconds time = 1s) const;
};

// What is mounted where this process is.
std::string mount_table();

std::vector<pid_t> children_of(pid_t process);

// The sandbox's pid 1, as the host numbers it, once it exists; -1: it never does.
pid_t first_process(pid_t launcher);

}  // namespace pawl::testing
