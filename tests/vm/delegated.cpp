#include "tests/vm/delegated.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

namespace pawl::testing {

void put(const std::string& file, const std::string& text) {
  std::ofstream out(file);
  out << text << std::flush;
  INFO(file << " <- " << text);
  REQUIRE(out.good());
}

std::string get(const std::string& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

bool becomes_true(const std::function<bool()>& question, std::chrono::milliseconds time) {
  const auto deadline = std::chrono::steady_clock::now() + patience(time);
  for (;;) {
    if (question()) return true;
    if (std::chrono::steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(10ms);
  }
}

Tree::Tree(const std::string& name, const std::string& controllers, uid_t owner) : path_(kTop + "/" + name) {
  put(kTop + "/cgroup.subtree_control", "+memory +cpu +io +pids");
  if (controllers.find("+cpu") == std::string::npos) put(kTop + "/cgroup.subtree_control", "-cpu");
  REQUIRE(::mkdir(path_.c_str(), 0755) == 0);
  REQUIRE(::mkdir(home().c_str(), 0755) == 0);
  if (owner == 0) return;
  for (const char* file : {"", "/cgroup.procs", "/cgroup.subtree_control", "/cgroup.threads"})
    for (const std::string& directory : {path_, home()})
      REQUIRE(::chown((directory + file).c_str(), owner, owner) == 0);
}

// What was killed only now goes soon.
Tree::~Tree() {
  const bool gone = becomes_true(
      [&] { return (::rmdir(home().c_str()) == 0 || errno == ENOENT) && ::rmdir(path_.c_str()) == 0; });
  if (!gone) WARN("left behind: " << path_);
}

std::vector<std::string> Tree::others() const {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(path_))
    if (entry.is_directory() && entry.path().filename() != "shell") names.push_back(entry.path().filename());
  return names;
}

std::string Tree::session() const {
  const auto names = others();
  REQUIRE(names.size() == 1);
  return path_ + "/" + names.front();
}

sandbox::LaunchPlan limited_plan(const Ground& ground, std::vector<std::string> arguments,
                                 std::uint64_t memory) {
  sandbox::LaunchPlan plan = probe_plan(ground, std::move(arguments));
  plan.limits.memory = memory;
  return plan;
}

}  // namespace pawl::testing
