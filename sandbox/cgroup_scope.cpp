#include "sandbox/cgroup_scope.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <thread>
#include <vector>

#include "sandbox/base/bytes.hpp"
#include "sandbox/base/unique_fd.hpp"

namespace pawl::sandbox {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr const char* kBusctl = "/usr/bin/busctl";
constexpr milliseconds kAnswerTime{5'000};
constexpr milliseconds kMoveTime{2'000};

std::string bus_path() {
  if (::geteuid() == 0) return "/run/dbus/system_bus_socket";
  return "/run/user/" + std::to_string(::geteuid()) + "/bus";
}

// Who listens must be root or ourselves, and must see the process numbers that we see: from within a
// container systemd would be told of somebody else's process.
Result<> check_bus(const std::string& path) {
  const std::string remedy =
      "loginctl enable-linger USER starts a systemd for the person; the package dbus-user-session brings the "
      "bus";
  const UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  if (!socket || ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0)
    return std::unexpected(failed("no systemd answers at " + path).error().advising(remedy));
  ucred peer{};
  socklen_t size = sizeof(peer);
  if (::getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return failed("SO_PEERCRED");
  if (peer.uid != 0 && peer.uid != ::geteuid())
    return refuse(path + " belongs to uid " + std::to_string(peer.uid));
  if (peer.pid == 0) return refuse(path + " is served from outside of this container");
  return {};
}

std::vector<std::string> request(const std::string& bus, const std::string& unit,
                                 const std::string& description) {
  return {"busctl",
          "--address=unix:path=" + bus,
          "--timeout=5",
          "--quiet",
          "call",
          "org.freedesktop.systemd1",
          "/org/freedesktop/systemd1",
          "org.freedesktop.systemd1.Manager",
          "StartTransientUnit",
          "ssa(sv)a(sa(sv))",
          unit,
          "fail",
          "4",
          "Description",
          "s",
          description,
          "PIDs",
          "au",
          "1",
          std::to_string(::getpid()),
          "Delegate",
          "b",
          "true",
          "CollectMode",
          "s",
          "inactive-or-failed",
          "0"};
}

// Reads what it says until it closes or the time is over.
std::string hear(const UniqueFd& output, Clock::time_point deadline) {
  constexpr std::size_t kMost = 512;
  std::string text;
  std::array<char, 256> piece{};
  for (;;) {
    pollfd ready{output.get(), POLLIN, 0};
    const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now()).count();
    if (left <= 0 || ::poll(&ready, 1, static_cast<int>(left)) <= 0) return text;
    const ssize_t size = ::read(output.get(), piece.data(), piece.size());
    if (size <= 0) return text;
    if (text.size() < kMost) text.append(piece.data(), static_cast<std::size_t>(size));
  }
}

Result<> run_busctl(const std::vector<std::string>& words) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return failed("pipe");
  const UniqueFd output(ends[0]);
  UniqueFd written(ends[1]);
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  char locale[] = "LC_ALL=C.UTF-8";
  char* environment[] = {locale, nullptr};
  posix_spawn_file_actions_t files;
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDWR, 0);
  ::posix_spawn_file_actions_adddup2(&files, written.get(), 1);
  ::posix_spawn_file_actions_adddup2(&files, written.get(), 2);
  pid_t pid = -1;
  // SAFETY: a program of the system by its full path, with nothing of ours but our process number.
  const int error = ::posix_spawn(&pid, kBusctl, &files, nullptr, arguments.data(), environment);
  ::posix_spawn_file_actions_destroy(&files);
  if (error != 0) return failed(std::string("run ") + kBusctl, error);
  written.reset();
  const auto deadline = Clock::now() + kAnswerTime + milliseconds(500);
  std::string said = hear(output, deadline);
  if (Clock::now() >= deadline) ::kill(pid, SIGKILL);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  said.resize(std::min(said.size(), said.find('\n')));
  return refuse("systemd makes no scope: " + (said.empty() ? "busctl was ended" : said));
}

}  // namespace

bool systemd_manages() { return ::access("/run/systemd/system", F_OK) == 0; }

Result<Cgroup> enter_scope(const std::string& description) {
  const std::string bus = bus_path();
  TRY(check_bus(bus));
  const std::string unit = "pawl-" + random_id().substr(0, 16) + ".scope";
  TRY(run_busctl(request(bus, unit, description)));
  // The answer is a job: we are moved soon after it.
  for (const auto deadline = Clock::now() + kMoveTime; Clock::now() < deadline;) {
    OwnCgroup own = TRY(own_cgroup());
    if (own.cgroup.path.ends_with("/" + unit)) return std::move(own.cgroup);
    std::this_thread::sleep_for(milliseconds(1));
  }
  return refuse("systemd did not move this process into " + unit + " in time");
}

}  // namespace pawl::sandbox
