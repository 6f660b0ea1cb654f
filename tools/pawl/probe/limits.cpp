// Control groups (cgroups(7), version 2): a group of one's own, limits that are kept, and its removal. Runs
// in pawl-probe as the person, as pawl-launch makes them.
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>

#include <array>
#include <chrono>
#include <thread>

#include "sandbox/base/unique_fd.hpp"
#include "sandbox/host_evidence.hpp"
#include "tools/pawl/probe/child.hpp"

namespace pawl::probe {
namespace {

constexpr std::string_view kControllers[] = {"memory", "pids", "cpu"};
constexpr std::size_t kMemory = 32u << 20;  // bytes that the group may have
constexpr std::size_t kTooMuch = 3 * kMemory;
constexpr int kForks = 8;  // more than the group may have
constexpr char kProcesses[] = "4";

Result<> write_to(const std::string& path, std::string_view text) {
  const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file || ::write(file.get(), text.data(), text.size()) < 0) return failed("write " + path);
  return {};
}

std::string read_from(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text(4096, '\0');
  const ssize_t size = ::read(file.get(), text.data(), text.size());
  text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return text;
}

bool lists_all(const std::string& path) {
  const std::string text = " " + read_from(path);
  for (const std::string_view name : kControllers)
    if (text.find(" " + std::string(name)) == std::string::npos) return false;
  return true;
}

// A group that goes away with this object; what is in it by then is killed.
class Group {
 public:
  static Result<Group> make(std::string path) {
    if (::mkdir(path.c_str(), 0755) != 0) return failed("make the group " + path);
    return Group(std::move(path));
  }
  Group(Group&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  ~Group() {
    if (!path_.empty()) (void)remove();
  }
  const std::string& path() const { return path_; }

  // The kernel needs a moment to take the dead away.
  Result<> remove() {
    (void)write_to(path_ + "/cgroup.kill", "1");
    for (int attempt = 0; attempt < 100; ++attempt) {
      if (::rmdir(path_.c_str()) == 0) {
        path_.clear();
        return {};
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return failed("remove the group " + std::exchange(path_, {}));
  }

 private:
  explicit Group(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

// A group in which others can be made, with the controllers given to them. What had to be changed for that in
// a group of one's own is put back.
class Base {
 public:
  // This process's own group, or the nearest above it in which this user may make others.
  static Result<Base> find(const sandbox::HostEvidence& host) {
    if (host.cgroup_mount.empty()) return failed("find control groups of version 2", ENOENT);
    if (!lists_all(host.cgroup_mount + "/cgroup.controllers"))
      return failed("find the controllers memory, pids and cpu in " + host.cgroup_mount, EOPNOTSUPP);
    std::string place = host.cgroup_path == "/" ? "" : host.cgroup_path;
    for (;;) {
      Base base(host.cgroup_mount + place);
      const auto given = base.give_controllers();
      if (given && base.is_ours()) return base;
      if (place.empty()) {
        if (!given) return std::unexpected(given.error());
        return failed("make a group below " + base.path_, EACCES);
      }
      place.resize(place.rfind('/'));
    }
  }
  Base(Base&& other) noexcept : path_(std::move(other.path_)), leaf_(std::exchange(other.leaf_, {})) {}
  ~Base() {
    if (!leaf_.empty()) step_back();
  }
  const std::string& path() const { return path_; }

 private:
  explicit Base(std::string path) : path_(std::move(path)) {}

  bool is_ours() const {
    return ::access(path_.c_str(), W_OK) == 0 && ::access((path_ + "/cgroup.procs").c_str(), W_OK) == 0;
  }

  // In a group with processes of its own none below it can have controllers, so this process goes one down.
  // It helps where it is alone, as in a scope of systemd.
  Result<> give_controllers() {
    const std::string enabled = path_ + "/cgroup.subtree_control";
    if (lists_all(enabled)) return {};
    auto given = write_to(enabled, "+memory +pids +cpu");
    if (given || given.error().errnum != EBUSY) return given;
    const std::string leaf = path_ + "/pawl-probe-self";
    if (::mkdir(leaf.c_str(), 0755) != 0 && errno != EEXIST) return failed("make the group " + leaf);
    leaf_ = leaf;
    TRY(write_to(leaf + "/cgroup.procs", std::to_string(::getpid())));
    given = write_to(enabled, "+memory +pids +cpu");
    if (!given) step_back();
    return given;
  }

  void step_back() {
    (void)write_to(path_ + "/cgroup.subtree_control", "-memory -pids -cpu");
    (void)write_to(path_ + "/cgroup.procs", std::to_string(::getpid()));
    ::rmdir(std::exchange(leaf_, {}).c_str());
  }

  std::string path_;
  std::string leaf_;  // where this process went; empty: it stayed
};

Result<> fork_too_often() {
  bool refused = false;
  std::array<pid_t, kForks> children{};
  for (pid_t& child : children) {
    child = ::fork();
    if (child == 0) {
      ::pause();
      ::_exit(0);
    }
    refused = refused || (child < 0 && errno == EAGAIN);
  }
  for (const pid_t child : children)
    if (child > 0) {
      ::kill(child, SIGKILL);
      ::waitpid(child, nullptr, 0);
    }
  return refused ? Result<>{} : got_through("a group had more processes than its limit");
}

Result<> take_too_much() {
  void* const memory = ::mmap(nullptr, kTooMuch, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return failed("mmap");
  auto* const bytes = static_cast<volatile char*>(memory);
  for (std::size_t at = 0; at < kTooMuch; at += 4096) bytes[at] = 1;
  return {};
}

Result<> attack(const Group& group) {
  const auto join = [&group] { return write_to(group.path() + "/cgroup.procs", std::to_string(::getpid())); };
  TRY(in_child([&]() -> Result<> {
    TRY(join());
    return fork_too_often();
  }));
  const int status = TRY(status_of([&]() -> Result<> {
    TRY(join());
    return take_too_much();
  }));
  if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
    return got_through("a process had more memory than the limit of its group");
  return {};
}

}  // namespace

Result<> try_limits(const Ground&) {
  const Base base = TRY(Base::find(sandbox::look_at_host()));
  Group group = TRY(Group::make(base.path() + "/pawl-probe-" + std::to_string(::getpid())));
  TRY(write_to(group.path() + "/memory.max", std::to_string(kMemory)));
  (void)write_to(group.path() + "/memory.swap.max", "0");  // not there without swap accounting
  TRY(write_to(group.path() + "/pids.max", kProcesses));
  TRY(write_to(group.path() + "/cpu.max", "50000 100000"));
  TRY(attack(group));
  return group.remove();
}

}  // namespace pawl::probe
