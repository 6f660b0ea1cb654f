#include "tests/kernel/harness.hpp"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "sandbox/base/codec.hpp"

namespace pawl::testing {
namespace {

using sandbox::Mount;
using sandbox::MountKind;

void require(bool holds, const std::string& what) {
  if (!holds) throw std::runtime_error(what + ": " + std::strerror(errno));
}

void give_away(const std::string& path) {
  const User user = ordinary_user();
  require(::lchown(path.c_str(), user.uid, user.gid) == 0, "chown " + path);
}

void copy_program(const std::string& from, const std::string& to) {
  std::filesystem::copy_file(from, to);
  std::filesystem::permissions(to, std::filesystem::perms(0755));
}

std::string launcher_under_test() {
  const char* other = ::getenv("PAWL_TEST_LAUNCH");  // a mutant
  return other != nullptr ? other : PAWL_LAUNCH;
}

void become_ordinary() {
  if (::geteuid() != 0) return;
  const User user = ordinary_user();
  if (::setgroups(0, nullptr) != 0 || ::setresgid(user.gid, user.gid, user.gid) != 0 ||
      ::setresuid(user.uid, user.uid, user.uid) != 0)
    ::_exit(99);
}

std::pair<UniqueFd, UniqueFd> new_pipe() {
  int ends[2];
  require(::pipe2(ends, O_CLOEXEC) == 0, "pipe");
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

std::vector<char*> pointers(const std::vector<std::string>& words) {
  std::vector<char*> list;
  for (const std::string& word : words) list.push_back(const_cast<char*>(word.c_str()));
  list.push_back(nullptr);
  return list;
}

void enter_cgroup(const std::string& directory) {
  const UniqueFd procs(::open((directory + "/cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC));
  if (!procs || ::write(procs.get(), "0", 1) != 1) ::_exit(96);
}

[[noreturn]] void become_launcher(const std::string& program, int control, const Session::Options& options) {
  if (!options.cgroup.empty()) enter_cgroup(options.cgroup);
  if (options.as == As::ordinary) become_ordinary();
  int number = 20;
  for (const int leaked : options.leaked) ::dup2(leaked, number++);
  ::dup2(control, sandbox::kControlFd);
  if (control == sandbox::kControlFd) ::fcntl(control, F_SETFD, 0);
  if (options.before_exec != nullptr) options.before_exec();
  const std::vector<std::string> words{"pawl-launch"};
  const std::vector<char*> environment = pointers(options.environment);
  ::execve(program.c_str(), pointers(words).data(), environment.data());
  ::_exit(98);
}

std::map<std::string, std::string> facts_in(const std::string& output) {
  std::map<std::string, std::string> facts;
  std::istringstream lines(output);
  for (std::string line; std::getline(lines, line);) {
    if (line.ends_with('\r')) line.pop_back();
    if (const auto equals = line.find('='); equals != std::string::npos)
      facts[line.substr(0, equals)] = line.substr(equals + 1);
  }
  return facts;
}

}  // namespace

// An emulated machine takes longer for everything.
std::chrono::milliseconds patience(std::chrono::milliseconds time) {
  return ::getenv("PAWL_SLOW_MACHINE") != nullptr ? time * 6 : time;
}

bool running_as_root() { return ::geteuid() == 0; }

User ordinary_user() {
  if (!running_as_root()) return {::getuid(), ::getgid()};
  return {kOrdinaryId, kOrdinaryId};
}

bool becomes_readable(int descriptor, std::chrono::milliseconds time) {
  pollfd ready{descriptor, POLLIN, 0};
  return ::poll(&ready, 1, static_cast<int>(time.count())) > 0;
}

Ground::Ground(const std::string& place) {
  std::string pattern = place + "/pawl-kernel-XXXXXX";
  require(::mkdtemp(pattern.data()) != nullptr, "mkdtemp");
  path_ = pattern;
  ::chmod(path_.c_str(), 0755);
  copy_program(launcher_under_test(), launcher());
  copy_program(PAWL_INIT, path_ + "/pawl-init");
  copy_program(PAWL_PROBE, probe());
  give_away(path_);
  make_directory("workspace");
}

Ground::~Ground() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

void Ground::write(const std::string& relative, const std::string& text) const {
  std::ofstream(path_ + "/" + relative) << text;
  give_away(path_ + "/" + relative);
}

void Ground::make_directory(const std::string& relative) const {
  std::string path = path_;
  std::istringstream names(relative);
  for (std::string name; std::getline(names, name, '/');) {
    path += "/" + name;
    if (::mkdir(path.c_str(), 0755) == 0) give_away(path);
  }
}

std::string Ground::read(const std::string& relative) const {
  std::ifstream file(path_ + "/" + relative);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::map<std::string, std::string> Outcome::facts() const { return facts_in(output); }

int Outcome::exit_code() const { return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + status; }

sandbox::LaunchPlan probe_plan(const Ground& ground, std::vector<std::string> arguments) {
  sandbox::LaunchPlan plan;
  plan.name = "kernel test";
  const User user = ordinary_user();
  const std::string account =
      "agent:x:" + std::to_string(user.uid) + ":" + std::to_string(user.gid) + "::/tmp:/bin/sh\n";
  plan.mounts = {
      {.kind = MountKind::read_only, .target = "/usr", .source = "/usr"},
      {.kind = MountKind::symlink, .target = "/bin", .source = "usr/bin"},
      {.kind = MountKind::symlink, .target = "/lib", .source = "usr/lib"},
      {.kind = MountKind::symlink, .target = "/lib64", .source = "usr/lib64"},
      {.kind = MountKind::file, .target = "/etc/passwd", .source = account},
      {.kind = MountKind::proc, .target = "/proc"},
      {.kind = MountKind::devices, .target = "/dev"},
      {.kind = MountKind::tmpfs, .target = "/tmp", .size = 16u << 20, .mode = 01777},
      {.kind = MountKind::read_only, .target = "/probe", .source = ground.probe()},
      {.kind = MountKind::writable, .target = "/workspace", .source = ground.workspace()},
  };
  plan.argv = {"/probe"};
  plan.argv.insert(plan.argv.end(), arguments.begin(), arguments.end());
  plan.environment = {"PATH=/usr/bin:/bin", "HOME=/tmp"};
  plan.stdio = {
      {sandbox::Stdio::descriptor, 0}, {sandbox::Stdio::descriptor, 1}, {sandbox::Stdio::descriptor, 1}};
  plan.directory = "/workspace";
  plan.wall_time = 20;
  return plan;
}

sandbox::LaunchPlan shell_plan(const Ground& ground, const std::string& script) {
  sandbox::LaunchPlan plan = probe_plan(ground, {});
  plan.argv = {"sh", "-c", script};
  return plan;
}

Session::Session(const Ground& ground, const sandbox::LaunchPlan& plan, const Options& options) {
  auto [ours, theirs] = std::move(Channel::pair()).value();
  auto [brokers, launchers] = std::move(Channel::pair()).value();
  auto [input_read, input_write] = new_pipe();
  auto [output_read, output_write] = new_pipe();
  launcher_ = ::fork();
  require(launcher_ >= 0, "fork");
  if (launcher_ == 0) become_launcher(ground.launcher(), theirs.fd(), options);
  client_ = std::move(ours);
  broker_ = std::move(brokers);
  input_ = std::move(input_write);
  output_ = std::move(output_read);
  theirs = Channel{};
  std::vector<int> descriptors{input_read.get(), output_write.get()};
  descriptors.insert(descriptors.end(), options.descriptors.begin(), options.descriptors.end());
  if (options.with_broker) descriptors.push_back(launchers.fd());
  const bool fits =
      options.as == As::ordinary && plan.uid == sandbox::kNone && has_own_loopback(plan.network);
  if (options.prepare == Prepare::always || (options.prepare == Prepare::where_it_fits && fits))
    send({.kind = sandbox::CommandKind::prepare});
  send({.kind = sandbox::CommandKind::start,
        .plan = encode_plan(plan),
        .with_broker = options.with_broker,
        .modes = options.modes,
        .size = options.size,
        .variables = options.variables},
       descriptors);
  const auto report = next(client_, options.patience);
  launch_ = report.value_or(sandbox::Report{.kind = sandbox::ReportKind::failed, .trail = "no report"});
  handed_ = std::move(last_descriptors);
}

Session::~Session() {
  if (launcher_ < 0) return;
  ::kill(launcher_, SIGKILL);  // its sandbox goes with it
  ::waitpid(launcher_, nullptr, 0);
}

void Session::send(const sandbox::Command& command, std::vector<int> descriptors) {
  (void)client_.send(codec::encode(command), descriptors);
}

std::optional<sandbox::Report> Session::next(Channel& channel, std::chrono::milliseconds time) {
  auto packet = channel.receive_within(patience(time));
  if (!packet || !*packet) return std::nullopt;
  last_descriptors = std::move((*packet)->descriptors);
  auto report = codec::decode<sandbox::Report>((*packet)->bytes);
  if (!report) return std::nullopt;
  return *report;
}

void Session::type(const std::string& text) {
  require(::write(input_.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()),
          "write to the command");
}

void Session::read_output(std::chrono::milliseconds time) {
  char buffer[65536];
  if (!becomes_readable(output_.get(), time)) return;
  const ssize_t count = ::read(output_.get(), buffer, sizeof(buffer));
  if (count > 0) seen_.append(buffer, static_cast<std::size_t>(count));
}

void Session::forget_output() {
  while (becomes_readable(output_.get(), 0ms)) read_output(0ms);
  seen_.clear();
}

bool Session::sees(const std::string& text, std::chrono::milliseconds time) {
  const auto deadline = std::chrono::steady_clock::now() + patience(time);
  while (seen_.find(text) == std::string::npos && std::chrono::steady_clock::now() < deadline)
    read_output(20ms);
  return seen_.find(text) != std::string::npos;
}

Outcome Session::finish(std::chrono::milliseconds time) {
  Outcome outcome;
  outcome.launched = launched();
  outcome.failure = launch_;
  const auto deadline = std::chrono::steady_clock::now() + patience(time);
  while (outcome.launched && std::chrono::steady_clock::now() < deadline) {
    read_output(0ms);
    if (!becomes_readable(client_.fd(), 10ms)) continue;
    const auto report = next(client_);
    if (!report) break;
    if (report->kind != sandbox::ReportKind::ended) continue;
    outcome.status = report->status;
    outcome.timed_out = report->timed_out;
    outcome.end = *report;
    outcome.appeared = report->appeared;
    break;
  }
  while (becomes_readable(output_.get(), 0ms)) {
    const std::size_t before = seen_.size();
    read_output(0ms);
    if (seen_.size() == before) break;
  }
  outcome.output = seen_;
  return outcome;
}

Outcome run(const Ground& ground, const sandbox::LaunchPlan& plan, const Session::Options& options) {
  Session session(ground, plan, options);
  session.close_stdin();
  return session.finish();
}

Outcome unconfined(const Ground& ground, const std::vector<std::string>& arguments) {
  auto [output_read, output_write] = new_pipe();
  const pid_t pid = ::fork();
  require(pid >= 0, "fork");
  if (pid == 0) {
    become_ordinary();
    ::setsid();
    ::alarm(20);
    ::dup2(output_write.get(), 1);
    ::dup2(output_write.get(), 2);
    std::vector<std::string> words{"probe"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    ::execv(ground.probe().c_str(), pointers(words).data());
    ::_exit(97);
  }
  output_write.reset();
  Outcome outcome;
  outcome.launched = true;
  char buffer[4096];
  for (ssize_t count = 0; (count = ::read(output_read.get(), buffer, sizeof(buffer))) > 0;)
    outcome.output.append(buffer, static_cast<std::size_t>(count));
  ::waitpid(pid, &outcome.status, 0);
  return outcome;
}

}  // namespace pawl::testing
