// Cgroups of the machine that are delegated to a user, and plans with limits.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tests/kernel/harness.hpp"

namespace pawl::testing {

inline constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
inline const std::string kTop = "/sys/fs/cgroup";

void put(const std::string& file, const std::string& text);
std::string get(const std::string& file);
bool becomes_true(const std::function<bool()>& question, std::chrono::milliseconds time = 5s);

// A tree that was delegated to the ordinary user, who lives in a cgroup of it: /sys/fs/cgroup/NAME/shell.
class Tree {
 public:
  explicit Tree(const std::string& name, const std::string& controllers = "+memory +cpu +io +pids",
                uid_t owner = kOrdinaryId);
  Tree(const Tree&) = delete;
  ~Tree();

  std::string home() const { return path_ + "/shell"; }
  // Cgroups beside the user's own.
  std::vector<std::string> others() const;
  // The one session's.
  std::string session() const;
  Session::Options inside() const { return {.cgroup = home()}; }

 private:
  std::string path_;
};

sandbox::LaunchPlan limited_plan(const Ground& ground, std::vector<std::string> arguments,
                                 std::uint64_t memory);

}  // namespace pawl::testing
