// Launch to exit of a static program: bubblewrap, whole command lines such as `pawl run`, and pawl-launch
// alone with one plan, in turns; then the time of each step of the child. All have the same namespaces,
// mounts and filter.
//
//   launch-bench FLOOR PAWL_LAUNCH PAYLOAD ROUNDS [NAME COMMAND... [; NAME COMMAND...]...]
//   launch-bench --filter FILE      writes the filter as bubblewrap reads it
//
// Run it alone on the machine, as an ordinary user (as root it takes an unprivileged id). Quote the ratio,
// which is the median over the rounds of the two times of one round; absolute times say little about another
// machine. The steps are timed in this program, whose child is built with a clock in it; the shipped one has
// none. "before the child" is all that the launcher does in U0, and the clone itself. Beside them stand those
// of FLOOR, the least that a launcher can do (floor.cpp).
#include <fcntl.h>
#include <grp.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "sandbox/base/channel.hpp"
#include "sandbox/base/codec.hpp"
#include "sandbox/base/pidfd.hpp"
#include "sandbox/child.hpp"
#include "sandbox/launch_protocol.hpp"
#include "sandbox/launcher.hpp"
#include "sandbox/seccomp_filter.hpp"
#include "tests/bench/netfilter_in_use.hpp"
#include "tests/bench/series.hpp"

namespace {

using namespace pawl;
using namespace pawl::bench;
using sandbox::MountKind;

constexpr uid_t kOrdinaryId = 65533;
constexpr std::size_t kMaxSteps = 64;
constexpr int kWarmUp = 5;
constexpr int kFilterFd = 9;  // bubblewrap's --seccomp

struct StepTimes {
  std::array<double, kMaxSteps> at{};  // microseconds
};
StepTimes* step_times = nullptr;  // shared with the launching process

[[noreturn]] void give_up(const std::string& what) {
  std::fprintf(stderr, "launch-bench: %s\n", what.c_str());
  std::exit(1);
}

sandbox::LaunchPlan plan_for(const std::string& payload, const std::string& workspace) {
  sandbox::LaunchPlan plan;
  plan.name = "bench";
  plan.mounts = {
      {.kind = MountKind::read_only, .target = "/usr", .source = "/usr"},
      {.kind = MountKind::read_only, .target = "/etc", .source = "/etc"},
      {.kind = MountKind::symlink, .target = "/bin", .source = "usr/bin"},
      {.kind = MountKind::symlink, .target = "/sbin", .source = "usr/sbin"},
      {.kind = MountKind::symlink, .target = "/lib", .source = "usr/lib"},
      {.kind = MountKind::symlink, .target = "/lib64", .source = "usr/lib64"},
      {.kind = MountKind::proc, .target = "/proc"},
      {.kind = MountKind::devices, .target = "/dev"},
      {.kind = MountKind::tmpfs, .target = "/tmp", .size = 64u << 20, .mode = 01777},
      {.kind = MountKind::writable, .target = "/work", .source = workspace},
      {.kind = MountKind::read_only, .target = "/payload", .source = payload},
  };
  plan.argv = {"/payload"};
  plan.environment = {"PATH=/usr/bin"};
  plan.stdio = {{}, {}, {}};
  plan.directory = "/work";
  return plan;
}

std::vector<std::string> bubblewrap_command(const std::string& payload, const std::string& workspace) {
  return {"bwrap",
          "--unshare-all",
          "--die-with-parent",
          "--new-session",
          "--cap-drop",
          "ALL",
          "--ro-bind",
          "/usr",
          "/usr",
          "--ro-bind",
          "/etc",
          "/etc",
          "--symlink",
          "usr/bin",
          "/bin",
          "--symlink",
          "usr/sbin",
          "/sbin",
          "--symlink",
          "usr/lib",
          "/lib",
          "--symlink",
          "usr/lib64",
          "/lib64",
          "--proc",
          "/proc",
          "--dev",
          "/dev",
          "--tmpfs",
          "/tmp",
          "--bind",
          workspace,
          "/work",
          "--ro-bind",
          payload,
          "/payload",
          "--chdir",
          "/work",
          "--seccomp",
          std::to_string(kFilterFd),
          "--",
          "/payload"};
}

std::vector<char*> pointers(const std::vector<std::string>& words) {
  std::vector<char*> list;
  for (const std::string& word : words) list.push_back(const_cast<char*>(word.c_str()));
  list.push_back(nullptr);
  return list;
}

int status_of(pid_t pid) {
  int status = -1;
  ::waitpid(pid, &status, 0);
  return status;
}

pid_t spawn(const std::vector<std::string>& command, int from, int to) {
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, from, to);
  std::array<char*, 2> environment{const_cast<char*>("PATH=/usr/bin:/bin"), nullptr};
  const std::vector<char*> words = pointers(command);
  pid_t pid = -1;
  const int error = ::posix_spawnp(&pid, words[0], &actions, nullptr, words.data(), environment.data());
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) give_up("cannot start " + command[0] + ": " + std::strerror(error));
  return pid;
}

double time_pawl(const std::string& launcher, const sandbox::LaunchPlan& plan) {
  let_settle();
  const double before = now();
  auto ends = Channel::pair();
  if (!ends) give_up(ends.error().text());
  const pid_t pid = spawn({launcher}, ends->second.fd(), sandbox::kControlFd);
  ends->second = Channel{};
  const sandbox::Command start{.kind = sandbox::CommandKind::start, .plan = encode_plan(plan)};
  if (auto sent = ends->first.send(codec::encode(start)); !sent) give_up(sent.error().text());
  for (bool ended = false; !ended;) {
    const auto packet = ends->first.receive();
    if (!packet || !*packet) give_up("pawl-launch said nothing");
    const auto report = codec::decode<sandbox::Report>((*packet)->bytes);
    if (!report || report->kind == sandbox::ReportKind::failed)
      give_up("pawl-launch: " + (report ? report->trail : ""));
    ended = report->kind == sandbox::ReportKind::ended;
    if (ended && report->status != 0) give_up("the payload failed");
  }
  if (status_of(pid) != 0) give_up("pawl-launch failed");
  return now() - before;
}

double time_with_filter(const std::vector<std::string>& command, const std::string& filter_path) {
  const UniqueFd filter(::open(filter_path.c_str(), O_RDONLY | O_CLOEXEC));
  let_settle();
  const double before = now();
  if (status_of(spawn(command, filter.get(), kFilterFd)) != 0) give_up(command[0] + " failed");
  return now() - before;
}

double time_command(const std::vector<std::string>& command) {
  let_settle();
  const double before = now();
  if (status_of(spawn(command, 2, 2)) != 0) give_up(command[0] + " failed");
  return now() - before;
}

// One launch in a process of its own; its steps are left in shared memory.
void time_steps(const sandbox::LaunchPlan& plan, std::vector<std::vector<double>>& steps) {
  let_settle();
  *step_times = {};
  const pid_t pid = ::fork();
  if (pid == 0) {
    step_times->at[kMaxSteps - 1] = now();
    auto launched = sandbox::launch(plan, {});
    if (!launched) give_up(launched.error().text());
    ::_exit(wait_for(launched->pidfd) == 0 ? 0 : 1);
  }
  if (status_of(pid) != 0) give_up("a timed launch failed");
  double before = step_times->at[kMaxSteps - 1];
  for (std::size_t step = 0; step + 1 < sandbox::step_count(); ++step) {
    steps[step].push_back(step_times->at[step] - before);
    before = step_times->at[step];
  }
}

void become_ordinary() {
  if (::geteuid() != 0) return;
  if (::setgroups(0, nullptr) != 0 || ::setresgid(kOrdinaryId, kOrdinaryId, kOrdinaryId) != 0 ||
      ::setresuid(kOrdinaryId, kOrdinaryId, kOrdinaryId) != 0)
    give_up("cannot become an ordinary user");
  // A change of ids makes /proc/self belong to root, and with it the id maps that launch() writes.
  ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

void write_filter(const std::string& path) {
  const auto program = sandbox::compile_filter(sandbox::kStandardProfile);
  if (!program) give_up(program.error().text());
  const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
  const std::size_t size = program->size() * sizeof(sock_filter);
  if (::write(file.get(), program->data(), size) != static_cast<ssize_t>(size))
    give_up("cannot write the filter");
}

struct Command {
  std::string name;
  std::vector<std::string> words;
  Series series{};
};

std::vector<Command> commands_in(std::span<char*> words) {
  std::vector<Command> commands;
  bool begins = true;
  for (const char* word : words) {
    if (begins)
      commands.push_back({word, {}});
    else if (std::strcmp(word, ";") != 0)
      commands.back().words.emplace_back(word);
    begins = !begins && std::strcmp(word, ";") == 0;
  }
  return commands;
}

struct Subjects {
  std::string floor, launcher, payload, folder;
  std::vector<Command> commands;
};

void compare(Subjects& subjects, int rounds) {
  const std::string workspace = subjects.folder + "/work";
  const std::string filter = subjects.folder + "/filter";
  write_filter(filter);
  const sandbox::LaunchPlan plan = plan_for(subjects.payload, workspace);
  sandbox::LaunchPlan captured = plan;
  captured.network = sandbox::Network::captured;
  const std::vector<std::string> bubblewrap = bubblewrap_command(subjects.payload, workspace);
  const std::vector<std::string> least{subjects.floor, workspace, subjects.payload};
  Series reference, launcher, with_redirect, floor, bare;
  const auto round_of = [&](bool counts) {
    const double theirs = time_with_filter(bubblewrap, filter);
    for (Command& command : subjects.commands) {
      const double time = time_command(command.words);
      if (counts) command.series.add(time, theirs);
    }
    const double ours = time_pawl(subjects.launcher, plan);
    const double redirecting = time_pawl(subjects.launcher, captured);
    const double lowest = time_with_filter(least, filter);
    const double none = time_command({subjects.payload});
    if (!counts) return;
    reference.add(theirs, theirs);
    launcher.add(ours, theirs);
    with_redirect.add(redirecting, theirs);
    floor.add(lowest, theirs);
    bare.add(none, theirs);
  };
  for (int round = 0; round < kWarmUp; ++round) round_of(false);
  for (int round = 0; round < rounds; ++round) round_of(true);
  reference.print("bubblewrap");
  for (const Command& command : subjects.commands) command.series.print(command.name.c_str());
  launcher.print("pawl-launch");
  with_redirect.print("with-redirect");
  floor.print("floor");
  bare.print("no sandbox");
}

struct StepTime {
  std::string name;
  double time;  // microseconds
};

std::vector<StepTime> steps_of_floor(const Subjects& subjects, int rounds) {
  const UniqueFd filter(::open((subjects.folder + "/filter").c_str(), O_RDONLY | O_CLOEXEC));
  if (::dup2(filter.get(), kFilterFd) < 0) give_up("no filter");
  const std::string command =
      subjects.floor + " " + subjects.folder + "/work " + subjects.payload + " " + std::to_string(rounds);
  std::FILE* const lines = ::popen(command.c_str(), "r");
  std::vector<StepTime> steps;
  char name[64];
  double time = 0;
  while (lines != nullptr && std::fscanf(lines, "%63[^\t]\t%lf\n", name, &time) == 2)
    steps.push_back({name, time});
  if (lines == nullptr || ::pclose(lines) != 0) give_up("the floor failed");
  return steps;
}

std::vector<StepTime> steps_of_pawl(const Subjects& subjects, int rounds) {
  sandbox::LaunchPlan plan = plan_for(subjects.payload, subjects.folder + "/work");
  plan.init = sandbox::Init::none;
  std::vector<std::vector<double>> steps(sandbox::step_count());
  for (int round = 0; round < rounds; ++round) time_steps(plan, steps);
  std::vector<StepTime> medians;
  for (std::size_t step = 0; step + 1 < sandbox::step_count(); ++step) {
    const std::string name(sandbox::step_name(step));
    medians.push_back({step == 0 ? "before the child" : name, median(steps[step])});
  }
  return medians;
}

// The floor's own steps first: what "before the child" does besides making a root is what it is spared.
void print_steps(const Subjects& subjects, int rounds) {
  std::vector<StepTime> floor = steps_of_floor(subjects, rounds);
  std::printf("\n%-46s %9s %9s\n", "microseconds", "pawl", "floor");
  for (const StepTime& step : steps_of_pawl(subjects, rounds)) {
    const auto same = std::ranges::find(floor, step.name, &StepTime::name);
    if (same == floor.end()) {
      std::printf("%-46s %9.1f %9s\n", step.name.c_str(), step.time, "-");
      continue;
    }
    std::printf("%-46s %9.1f %9.1f\n", step.name.c_str(), step.time, same->time);
    floor.erase(same);
  }
  for (const StepTime& step : floor) std::printf("%-46s %9s %9.1f\n", step.name.c_str(), "-", step.time);
}

}  // namespace

void pawl::sandbox::step_finished(std::size_t step) noexcept {
  if (step < kMaxSteps) step_times->at[step] = now();
}

int main(int count, char** words) {
  if (count == 3 && std::strcmp(words[1], "--filter") == 0) return write_filter(words[2]), 0;
  if (count < 5)
    give_up("usage: launch-bench FLOOR PAWL_LAUNCH PAYLOAD ROUNDS [NAME COMMAND... [; NAME COMMAND...]...]");
  const int rounds = std::max(1, std::atoi(words[4]));
  become_ordinary();
  std::string folder = "/tmp/pawl-bench-XXXXXX";
  if (::mkdtemp(folder.data()) == nullptr || ::mkdir((folder + "/work").c_str(), 0755) != 0)
    give_up("cannot make a folder");
  void* shared =
      ::mmap(nullptr, sizeof(StepTimes), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) give_up("no memory");
  step_times = new (shared) StepTimes;
  const NetfilterInUse in_use;
  Subjects subjects{words[1], words[2], words[3], folder, commands_in({words + 5, words + count})};
  compare(subjects, rounds);
  print_steps(subjects, rounds);
  ::unlink((folder + "/filter").c_str());
  ::rmdir((folder + "/work").c_str());
  ::rmdir(folder.c_str());
  return 0;
}
