#include "sandbox/child_plan.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "sandbox/host_remedies.hpp"
#include "sandbox/mount_sources.hpp"
#include "sandbox/seccomp_profile.hpp"

namespace pawl::sandbox {
namespace {

constexpr int kOomScore = 500;  // of -1000 … 1000: killed before what the person runs besides
constexpr const char* kDefaultPath = "/usr/local/bin:/usr/bin:/bin";

// Key names of the person, what the kernel tells about itself, and what tells one host from all others.
constexpr const char* kMasked[] = {"keys",       "key-users", "kallsyms",
                                   "kcore",      "kmsg",      "sysrq-trigger",
                                   "timer_list", "cmdline",   "sys/kernel/random/boot_id"};

int own_oom_score() {
  const UniqueFd file(::open("/proc/self/oom_score_adj", O_RDONLY | O_CLOEXEC));
  std::array<char, 16> text{};
  if (!file || ::read(file.get(), text.data(), text.size() - 1) <= 0) return 0;
  return std::atoi(text.data());
}

std::string value_of(const std::vector<std::string>& environment, std::string_view name,
                     std::string otherwise) {
  const std::string prefix = std::string(name) + "=";
  for (const std::string& variable : environment)
    if (variable.starts_with(prefix)) return variable.substr(prefix.size());
  return otherwise;
}

}  // namespace

Result<ChildData> ChildData::prepare(const LaunchPlan& plan, const Readied& readied,
                                     const std::vector<UniqueFd>& descriptors) {
  ChildData data;
  data.child_.id_maps = single_id_maps(readied.identity);
  if (readied.cgroup >= 0) data.child_.cgroup = TRY(data.keep_high(readied.cgroup));
  data.child_.oom_score = data.keep(std::to_string(std::max(own_oom_score(), kOomScore)));
  data.child_.hostname = data.keep(plan.hostname);
  data.child_.hostname_size = plan.hostname.size();
  data.child_.directory = data.keep(plan.directory);
  data.child_.signals = plan.init == Init::reaper ? Signals::kept : Signals::usual;
  TRY(data.prepare_reports());
  TRY(data.prepare_mounts(plan));
  TRY(data.prepare_descriptors(plan, descriptors));
  TRY(data.prepare_limits(plan));
  TRY(data.prepare_command(plan, descriptors, readied));
  TRY(explained(Layer::landlock, data.prepare_landlock(plan)));
  TRY(data.prepare_filter(plan));
  return data;
}

Result<> ChildData::prepare_filter(const LaunchPlan& plan) {
  const Profile& profile = profile_of(plan.syscalls);
  std::span<const sock_filter> program = profile.compiled;
  if (program.empty() || !plan.syscall_changes.empty()) {
    filter_ =
        TRY(compile_filter(profile, {.executable_fd = static_cast<std::uint32_t>(child_.executable_number),
                                     .changes = plan.syscall_changes}));
    program = filter_;
  }
  // The kernel only reads it.
  child_.filter = {static_cast<unsigned short>(program.size()), const_cast<sock_filter*>(program.data())};
  return {};
}

// The whole root can be read and executed; written is where a mount says so, and what is executed by
// descriptor lies outside of the root.
Result<> ChildData::prepare_landlock(const LaunchPlan& plan) {
  child_.landlock = TRY(landlock_rights(plan.landlock));
  const std::uint64_t files = child_.landlock.files;
  rules_.push_back({.path = "/", .access = landlock_read_access(files)});
  for (const Mount& mount : plan.mounts) {
    const std::uint64_t access = landlock_access(mount, files);
    if (access == landlock_read_access(files)) continue;
    rules_.push_back({.path = keep(mount.target), .access = access});
    if (mount.kind == MountKind::devices)
      rules_.push_back({.path = keep(mount.target + "/shm"),
                        .access = landlock_access({.kind = MountKind::tmpfs}, files)});
  }
  for (const int program : {child_.executable, inner_executable_})
    if (program >= 0) rules_.push_back({.descriptor = program, .access = landlock_program_access(files)});
  child_.landlock.rules = rules_;
  return {};
}

Result<int> ChildData::keep_high(int descriptor) {
  UniqueFd high(::fcntl(descriptor, F_DUPFD_CLOEXEC, kHighDescriptor));
  if (!high) return failed("duplicate a descriptor");
  return held_.emplace_back(std::move(high)).get();
}

Result<> ChildData::prepare_reports() {
  auto [ours, theirs] = TRY(Channel::pair());
  report_ = std::move(ours);
  child_report_ = UniqueFd(::fcntl(theirs.fd(), F_DUPFD_CLOEXEC, kHighDescriptor));
  if (!child_report_) return failed("duplicate a descriptor");
  child_.report = child_report_.get();
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return failed("pipe");
  const UniqueFd read_end(ends[0]);
  lifeline_ = UniqueFd(ends[1]);
  child_.launcher_alive = TRY(keep_high(read_end.get()));
  child_.launcher_end = lifeline_.get();
  return {};
}

Result<> ChildData::prepare_mounts(const LaunchPlan& plan) {
  for (const Mount& mount : plan.mounts) {
    if (mount.kind == MountKind::proc) {
      child_.proc = keep(mount.target.substr(1));
      for (const char* file : kMasked) masked_.push_back(keep(mount.target.substr(1) + "/" + file));
    }
    if (mount.kind == MountKind::devices) {
      child_.terminals = keep(mount.target.substr(1) + "/pts");
      child_.multiplexer = keep(mount.target + "/pts/ptmx");
    }
  }
  child_.proc_masked = masked_;
  return {};
}

Result<> ChildData::prepare_descriptors(const LaunchPlan& plan, const std::vector<UniqueFd>& descriptors) {
  const UniqueFd nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!nothing) return failed("open /dev/null");
  // The child hides files of /proc with it, too.
  TRY(check_device(nothing.get(), kDeviceNodes[0]));
  for (const StdioEntry& entry : plan.stdio) {
    if (entry.kind == Stdio::terminal) {
      numbers_.push_back(kTheTerminal);
      child_.terminal = TerminalUse::own;
    } else {
      numbers_.push_back(
          TRY(keep_high(entry.kind == Stdio::null ? nothing.get() : descriptors.at(entry.descriptor).get())));
    }
  }
  for (const std::uint32_t kept : plan.keep) numbers_.push_back(TRY(keep_high(descriptors.at(kept).get())));
  return {};
}

void ChildData::set_terminal(const NewTerminal& settings) {
  if (settings.modes) child_.modes = &modes_.emplace(*settings.modes);
  child_.size = settings.size;
}

Result<> ChildData::prepare_limits(const LaunchPlan& plan) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return failed("read RLIMIT_NOFILE");
  // The service profiles execute by a number that the program cannot have again: the limit itself
  // (seccomp_profile.hpp).
  const bool by_number = !is_general(plan.syscalls);
  const auto open_files = std::min<std::uint64_t>(plan.open_files, limit.rlim_max - (by_number ? 1 : 0));
  if (open_files < std::uint64_t{2} * kHighDescriptor)
    return refuse("RLIMIT_NOFILE is too low", "ulimit -n must allow at least 256 open files");
  limits_ = TRY(resource_limits(plan.limits, open_files, by_number ? Runs::service : Runs::command));
  child_.limits = limits_;
  if (!by_number) return {};
  child_.executable_number = static_cast<int>(open_files);
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) return failed("raise RLIMIT_NOFILE");
  return {};
}

// Pid 1 never waits: what does not fit is dropped, and what stands there says the same.
Result<int> ChildData::prepare_stops() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) return failed("pipe");
  stops_ = UniqueFd(ends[0]);
  const UniqueFd writing(ends[1]);
  return keep_high(writing.get());
}

// pawl-init is told what to execute, which descriptor is the terminal, where it tells of stops, and then the
// command (init_main.cpp).
Result<> ChildData::prepare_command(const LaunchPlan& plan, const std::vector<UniqueFd>& descriptors,
                                    const Readied& readied) {
  std::vector<std::string> words = plan.argv;
  if (plan.init == Init::reaper) {
    const auto terminal =
        std::ranges::find(plan.stdio, Stdio::terminal, &StdioEntry::kind) - plan.stdio.begin();
    const std::string by_descriptor = plan.executable == kNone ? "-" : std::to_string(numbers_.size());
    if (plan.executable != kNone) {
      inner_executable_ = TRY(keep_high(descriptors.at(plan.executable).get()));
      numbers_.push_back(inner_executable_);
    }
    const std::string stops = std::to_string(numbers_.size());
    numbers_.push_back(TRY(prepare_stops()));
    words.insert(words.begin(),
                 {"pawl-init", by_descriptor, terminal < 3 ? std::to_string(terminal) : "-", stops});
    child_.executable = TRY(keep_high(readied.init.get()));
  } else if (plan.executable != kNone) {
    child_.executable = TRY(keep_high(descriptors.at(plan.executable).get()));
  } else {
    prepare_candidates(plan);
  }
  child_.descriptors = numbers_;
  for (std::string& word : words) arguments_.push_back(const_cast<char*>(keep(std::move(word))));
  arguments_.push_back(nullptr);
  for (const std::string& variable : plan.environment)
    environment_.push_back(const_cast<char*>(keep(variable)));
  for (const std::string& name : plan.inherit)
    for (const std::string& variable : readied.variables)
      if (variable.starts_with(name + "=")) environment_.push_back(const_cast<char*>(keep(variable)));
  environment_.push_back(nullptr);
  child_.arguments = arguments_.data();
  child_.environment = environment_.data();
  return {};
}

void ChildData::prepare_candidates(const LaunchPlan& plan) {
  const std::string& name = plan.argv[0];
  if (name.find('/') != std::string::npos) {
    candidates_.push_back(keep(name));
  } else {
    std::string path = value_of(plan.environment, "PATH", kDefaultPath);
    for (std::size_t end = 0; end != std::string::npos;
         path.erase(0, end == std::string::npos ? end : end + 1)) {
      end = path.find(':');
      if (const std::string directory = path.substr(0, end); directory.starts_with('/'))
        candidates_.push_back(keep(std::string(directory).append("/").append(name)));
    }
  }
  child_.candidates = candidates_;
}

}  // namespace pawl::sandbox
