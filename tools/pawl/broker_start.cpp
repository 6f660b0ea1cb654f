#include "tools/pawl/broker_start.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string_view>
#include <vector>

#include "sandbox/base/own_programs.hpp"
#include "sandbox/host_remedies.hpp"
#include "tools/pawl/child_process.hpp"

namespace pawl::run {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using tools::ExitCode;
using tools::Outcome;
using tools::trouble;

constexpr milliseconds kStartTime{10'000};
constexpr milliseconds kLook{20};
constexpr milliseconds kOtherStarter{2'000};  // ours lost the race: the other one answers within this time

std::string log_path(const wire::Paths& paths) { return paths.state + "/pawld.log"; }

// The person's own directories, 0700 where they are made here.
Result<UniqueFd> open_log(const wire::Paths& paths) {
  for (std::size_t slash = paths.state.find('/', 1);; slash = paths.state.find('/', slash + 1)) {
    const std::string part = paths.state.substr(0, slash);
    if (::mkdir(part.c_str(), 0700) != 0 && errno != EEXIST) return failed("make directory " + part);
    if (slash == std::string::npos) break;
  }
  UniqueFd log(::open(log_path(paths).c_str(), O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!log) return failed("open " + log_path(paths));
  return log;
}

// The reason why it could not start: its last complaint, and of a refused policy the first problem, which
// problem.cpp puts before the notes.
std::string reason_in(std::string_view log) {
  constexpr std::string_view kComplaint = "pawld: ";
  std::vector<std::string_view> lines;
  for (std::size_t end = 0; !log.empty(); log.remove_prefix(std::min(log.size(), end + 1))) {
    end = std::min(log.find('\n'), log.size());
    if (end > 0) lines.push_back(log.substr(0, end));
  }
  for (std::size_t i = lines.size(); i-- > 0;) {
    if (!lines[i].starts_with(kComplaint)) continue;
    const std::string_view said = lines[i].substr(kComplaint.size());
    if (said.ends_with(':') && i + 1 < lines.size())
      return std::string(said) + " " + std::string(lines[i + 1]);
    return std::string(said);
  }
  return lines.empty() ? "" : std::string(lines.back());
}

std::string last_words(const wire::Paths& paths) {
  UniqueFd log(::open(log_path(paths).c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  std::array<char, 16 * 1024> tail{};
  const off_t size = ::lseek(log.get(), 0, SEEK_END);
  const off_t from = std::max<off_t>(0, size - static_cast<off_t>(tail.size()));
  const ssize_t got = ::pread(log.get(), tail.data(), tail.size(), from);
  return reason_in({tail.data(), got > 0 ? static_cast<std::size_t>(got) : 0});
}

bool may_come_up(const tools::Trouble& reason) { return reason.code == ExitCode::unreachable; }

Outcome<tools::Greeted> wait_for(const wire::Paths& paths, pid_t broker) {
  const auto start = steady_clock::now();
  auto deadline = start + kStartTime;
  bool alive = true;
  for (;;) {
    ::poll(nullptr, 0, static_cast<int>(kLook.count()));
    auto greeted = tools::greet_people(paths);
    if (greeted || !may_come_up(greeted.error())) return greeted;
    const auto now = steady_clock::now();
    if (alive && ::waitpid(broker, nullptr, WNOHANG) == broker) {
      alive = false;
      deadline = std::min(deadline, now + kOtherStarter);
    }
    if (now < deadline) continue;
    if (alive)
      return trouble(ExitCode::pawl_failed, "pawl's broker was started and does not answer",
                     "see " + log_path(paths));
    return trouble(ExitCode::pawl_failed, "pawl's broker could not start: " + last_words(paths),
                   "see " + log_path(paths) + "; pawl policy check");
  }
}

}  // namespace

Outcome<pid_t> start_embedded(const wire::Paths& paths) {
  const std::string program = TRY(find_program("pawld"));
  const UniqueFd log = TRY(sandbox::explained(sandbox::Layer::state_directory, open_log(paths)));
  return TRY(start_broker(program, log));
}

Outcome<tools::Greeted> reach_broker() {
  const wire::Paths paths = TRY(wire::client_paths());
  auto greeted = tools::greet_people(paths);
  if (greeted || paths.home == wire::Home::system || !may_come_up(greeted.error())) return greeted;
  if (::access((paths.configuration + "/pawl.toml").c_str(), F_OK) != 0)
    return trouble(ExitCode::pawl_failed,
                   "pawl is not set up for you: " + paths.configuration + " has no pawl.toml",
                   "run: pawl init");
  // A server that is not ours must not be answered by starting a second one beside it.
  if (auto channel = Channel::connect(paths.people_socket())) return greeted;
  return wait_for(paths, TRY(start_embedded(paths)));
}

}  // namespace pawl::run
