#include "sandbox/cgroup.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "sandbox/base/bytes.hpp"
#include "sandbox/base/text_file.hpp"
#include "sandbox/cgroup_scope.hpp"
#include "sandbox/cgroup_sweeper.hpp"
#include "sandbox/host_remedies.hpp"

namespace pawl::sandbox {
namespace {

constexpr char kLaunchersLeaf[] = "launcher";
constexpr std::uint64_t kPeriod = 100'000;  // µs, of which cpu.max grants a part

// The value of "key VALUE" in a flat keyed file.
std::uint64_t counted(std::string_view text, std::string_view key) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.size() <= key.size() || !line.starts_with(key) || line[key.size()] != ' ') continue;
    std::uint64_t value = 0;
    for (const char digit : line.substr(key.size() + 1))
      value = value * 10 + static_cast<unsigned>(digit - '0');
    return value;
  }
  return 0;
}

// A scope was made for us alone. The controllers hold only for cgroups that lie below one without processes
// of its own, so the launcher steps down first.
Result<Cgroup> parent_in_scope(const LaunchPlan& plan) {
  Cgroup scope = TRY(enter_scope(plan.name.empty() ? "pawl" : "pawl: " + plan.name));
  const int directory = scope.directory.get();
  if (::mkdirat(directory, kLaunchersLeaf, 0755) != 0) return failed("make a cgroup below " + scope.path);
  const UniqueFd leaf(::openat(directory, kLaunchersLeaf, O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!leaf) return failed("open a cgroup below " + scope.path);
  TRY_DURING(scope.path, write_small(leaf.get(), "cgroup.procs", "0"));
  return scope;
}

Result<Cgroup> find_parent(const LaunchPlan& plan, const std::vector<Controller>& wanted) {
  const OwnCgroup own = TRY(own_cgroup());
  const UniqueFd top(::open(own.point.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  const auto offered = read_text(top.get(), "cgroup.controllers");
  const auto is_offered = [&](Controller one) { return offered && has_word(*offered, name_of(one)); };
  // Nothing below could have them: systemd need not be asked.
  if (std::ranges::none_of(wanted, is_offered))
    return failed("find the " + std::string(name_of(wanted.front())) + " controller in " + own.point,
                  EOPNOTSUPP);
  auto beside = place_beside(own);
  if (beside) return beside;
  // The system broker's launcher has no systemd of its own, and capabilities that no other program should
  // get.
  const bool brokers = ::geteuid() != 0 && plan.uid != kNone && plan.uid != ::geteuid();
  if (brokers || !systemd_manages()) return beside;
  auto scope = parent_in_scope(plan);
  if (scope) return scope;
  Error error = std::move(beside).error();
  error.trail += ", and " + Error{scope.error().errnum, scope.error().trail, {}}.text();
  return std::unexpected(std::move(error).advising(scope.error().remedy));
}

// A controller is on for all cgroups below a parent, or for none.
Result<> switch_on(const Cgroup& parent, std::string_view controller) {
  const int directory = parent.directory.get();
  const auto on = read_text(directory, "cgroup.subtree_control");
  if (on && has_word(*on, controller)) return {};
  const auto offered = read_text(directory, "cgroup.controllers");
  if (!offered || !has_word(*offered, controller))
    return refuse("the " + std::string(controller) + " controller is not delegated to " + parent.path);
  auto written = write_small(directory, "cgroup.subtree_control", "+" + std::string(controller));
  if (!written && written.error().errnum == EBUSY)
    return std::unexpected(
        std::move(written).error().during(parent.path).advising("move its processes into cgroups below it"));
  return written;
}

// Its first line is a heading (proc_swaps(5)).
bool host_has_swap() {
  const std::string table = read_text(AT_FDCWD, "/proc/swaps").value_or("");
  std::string_view swaps = table;
  take_line(swaps);
  return !swaps.empty();
}

// What does not fit would go to swap. In zswap it is compressed memory of the same kind.
Result<> forbid_swap(int directory) {
  auto written = write_small(directory, "memory.swap.max", "0");
  if (written || written.error().errnum != ENOENT) return written;
  if (!host_has_swap()) return {};
  return refuse("this kernel does not count swap, of which the host has some",
                "boot without swapaccount=0, or turn swap off");
}

Result<> set_memory(int directory, std::uint64_t bytes) {
  TRY(write_small(directory, "memory.max", std::to_string(bytes)));
  TRY(forbid_swap(directory));
  // All or nothing: a session with some of its processes killed at random is of no use.
  return write_small(directory, "memory.oom.group", "1");
}

// Two parts of the kernel may weigh disks, each with a file of its own: io.cost and, where its module is
// loaded, the scheduler bfq, whose scale is shorter above 100.
Result<> set_io(int directory, std::uint32_t weight) {
  constexpr std::uint32_t kUsual = 100, kMost = 10'000, kBfqMost = 1'000;
  const std::uint32_t for_bfq =
      weight <= kUsual ? weight : kUsual + (weight - kUsual) * (kBfqMost - kUsual) / (kMost - kUsual);
  const auto by_cost = write_small(directory, "io.weight", "default " + std::to_string(weight));
  const auto by_bfq = write_small(directory, "io.bfq.weight", std::to_string(for_bfq));
  if (by_cost || by_bfq) return {};
  if (by_cost.error().errnum != ENOENT) return by_cost;
  return refuse("this kernel cannot weigh disks",
                "use one with CONFIG_BLK_CGROUP_IOCOST=y or the scheduler bfq, or take io out of the limits");
}

Result<> set_limit(int directory, Controller controller, const Limits& limits) {
  switch (controller) {
    case Controller::memory:
      return set_memory(directory, limits.memory);
    case Controller::cpu:
      return write_small(directory, "cpu.max",
                         std::to_string(limits.cpus * (kPeriod / 100)) + " " + std::to_string(kPeriod));
    case Controller::io:
      return set_io(directory, limits.io_weight);
  }
  return refuse("unknown controller");
}

struct Missing {
  std::vector<Controller> controllers;
  Error why;

  void add(Controller controller, Error error) {
    if (controllers.empty()) why = std::move(error);
    controllers.push_back(controller);
  }
};

// The one table of remedies, unless the failure brought its own.
void advise(Error& error, std::string_view alternative) {
  if (!error.remedy.empty()) {
    error.remedy += alternative;
    return;
  }
  Diagnosis known = diagnose(Layer::limits, error.errnum, look_at_host());
  known.remedy += alternative;
  error.remedy = known.advice();
}

Result<SessionCgroup> make_limited(const LaunchPlan& plan, const std::vector<Controller>& wanted,
                                   Missing& missing) {
  Cgroup parent = TRY(find_parent(plan, wanted));
  std::vector<Controller> on;
  for (const Controller controller : wanted) {
    if (auto switched = switch_on(parent, name_of(controller)); switched)
      on.push_back(controller);
    else
      missing.add(controller, std::move(switched).error());
  }
  const bool counts = plan.limits.processes != 0 && switch_on(parent, "pids");
  SessionCgroup cgroup = TRY(SessionCgroup::make(std::move(parent)));
  for (const Controller controller : on)
    if (auto set = set_limit(cgroup.directory(), controller, plan.limits); !set)
      missing.add(controller, std::move(set).error());
  // Besides RLIMIT_NPROC, which holds anyway.
  if (counts) TRY(write_small(cgroup.directory(), "pids.max", std::to_string(plan.limits.processes)));
  return cgroup;
}

}  // namespace

Result<SessionCgroup> SessionCgroup::make(Cgroup parent) {
  SessionCgroup cgroup;
  cgroup.name_ = "pawl-" + random_id().substr(0, 16);
  const char* name = cgroup.name_.c_str();
  const int above = parent.directory.get();
  // Before there is anything to sweep: whenever this process is killed, nothing is left.
  cgroup.lifeline_ = TRY(start_sweeper(above, cgroup.name_));
  if (::mkdirat(above, name, 0755) != 0) return failed("make a cgroup below " + parent.path);
  cgroup.directory_ = UniqueFd(::openat(above, name, O_PATH | O_DIRECTORY | O_CLOEXEC));
  cgroup.parent_ = std::move(parent);
  const int directory = cgroup.directory_.get();
  cgroup.entry_ = UniqueFd(::openat(directory, "cgroup.procs", O_WRONLY | O_CLOEXEC));
  cgroup.kill_ = UniqueFd(::openat(directory, "cgroup.kill", O_WRONLY | O_CLOEXEC));
  cgroup.memory_events_ = UniqueFd(::openat(directory, "memory.events", O_RDONLY | O_CLOEXEC));
  if (!cgroup.directory_ || !cgroup.entry_ || !cgroup.kill_)
    return failed("open the new cgroup below " + cgroup.parent_.path);
  return cgroup;
}

void SessionCgroup::kill() const {
  if (kill_ && ::write(kill_.get(), "1", 1) < 0) return;  // it is gone
}

bool SessionCgroup::out_of_memory() const {
  if (!memory_events_) return false;
  std::array<char, 1024> text{};
  const ssize_t size = ::pread(memory_events_.get(), text.data(), text.size(), 0);
  if (size <= 0) return false;
  const std::string_view events(text.data(), static_cast<std::size_t>(size));
  // The host's own shortage of memory kills too, but does not reach this limit.
  return counted(events, "oom") > 0 && counted(events, "oom_kill") > 0;
}

// Without the right to it the sweeper alone does it.
void SessionCgroup::end() {
  if (!directory_) return;
  kill();
  sweep(parent_.directory.get(), name_.c_str());
  directory_.reset();
  lifeline_.reset();
}

Result<HeldLimits> hold_limits(const LaunchPlan& plan) {
  HeldLimits held;
  Missing missing;
  const std::vector<Controller> wanted = controllers_for(plan.limits);
  if (!wanted.empty()) {
    auto cgroup = make_limited(plan, wanted, missing);
    if (cgroup)
      held.cgroup = std::move(*cgroup);
    else
      missing = {wanted, std::move(cgroup).error()};
  }
  if (!missing.controllers.empty() && plan.limits.enforcement == Enforcement::required) {
    Error error = std::move(missing.why).during("limits." + std::string(key_of(missing.controllers.front())));
    advise(error, "; or accept a host without: best_effort = true in [limits]");
    return std::unexpected(std::move(error));
  }
  if (!missing.controllers.empty()) advise(missing.why, "");
  held.report = report_limits(plan.limits, missing.controllers, missing.why);
  held.report.until_logout = is_persons(held.cgroup.above() + "/");
  return held;
}

}  // namespace pawl::sandbox
