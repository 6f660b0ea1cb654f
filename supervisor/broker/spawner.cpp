#include "supervisor/broker/spawner.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "sandbox/launch_protocol.hpp"
#include "supervisor/wire/frame.hpp"
#include "supervisor/wire/service_messages.hpp"

namespace pawl::broker {
namespace {

constexpr char kPath[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

[[noreturn]] void become_launcher(const std::string& program, int control) {
  // The control channel first takes its place, everything above goes.
  if (::dup2(control, sandbox::kControlFd) < 0) ::_exit(125);
  if (control == sandbox::kControlFd) ::fcntl(control, F_SETFD, 0);
  ::close_range(sandbox::kControlFd + 1, ~0u, 0);
  char name[] = "pawl-launch";
  char* argv[] = {name, nullptr};
  char path[sizeof(kPath)];
  __builtin_memcpy(path, kPath, sizeof(kPath));
  char* environment[] = {path, nullptr};
  ::execve(program.c_str(), argv, environment);
  ::_exit(125);
}

[[noreturn]] void become_notifier(const std::vector<std::string>& arguments, int input) {
  // SAFETY: the operator's command gets none of the capabilities that pawl-launch may inherit.
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  if (::dup2(input, STDIN_FILENO) < 0) ::_exit(125);
  ::close_range(3, ~0u, 0);
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  char path[sizeof(kPath)];
  __builtin_memcpy(path, kPath, sizeof(kPath));
  char* environment[] = {path, nullptr};
  ::execve(argv[0], argv.data(), environment);
  ::_exit(127);
}

// The child's whole life. An ask that makes no sense ends it, and with it the broker's ability to start
// anything.
[[noreturn]] void serve(const Channel& channel, const std::string& launch_program) {
  for (;;) {
    auto packet = channel.receive();
    if (!packet || !packet->has_value()) ::_exit(packet ? 0 : 1);
    const auto ask = wire::unframe<wire::Spawn>((*packet)->bytes);
    if (!ask || (*packet)->descriptors.size() != 1) ::_exit(1);
    const int descriptor = (*packet)->descriptors[0].get();
    const pid_t child = ::fork();
    if (child != 0) continue;  // a failed fork closes the channel: the broker sees the launcher's end
    ::signal(SIGCHLD, SIG_DFL);
    ::signal(SIGINT, SIG_DFL);
    if (ask->program == wire::Program::launch) become_launcher(launch_program, descriptor);
    if (ask->argv.empty()) ::_exit(125);
    become_notifier(ask->argv, descriptor);
  }
}

}  // namespace

Result<Spawner> Spawner::start(const std::string& launch_program) {
  auto [ours, theirs] = TRY(Channel::pair());
  const pid_t broker = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) return failed("fork the spawner");
  if (child > 0) return Spawner(std::move(ours));

  ours = Channel();
  ::prctl(PR_SET_NAME, "pawl-spawner", 0, 0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (::getppid() != broker) ::_exit(1);
  ::signal(SIGCHLD, SIG_IGN);  // nobody waits for launchers: they report on their channels
  ::signal(SIGINT, SIG_IGN);   // the terminal's Ctrl-C is for the broker to judge
  const int kept = ::fcntl(theirs.fd(), F_DUPFD_CLOEXEC, 64);
  if (kept < 0) ::_exit(1);
  const Channel channel{UniqueFd(kept)};
  theirs = Channel();
  ::close_range(3, static_cast<unsigned>(kept) - 1, 0);
  serve(channel, launch_program);
}

Result<Channel> Spawner::launch() const {
  auto [ours, theirs] = TRY(Channel::pair());
  const int descriptors[] = {theirs.fd()};
  if (auto sent = channel_.send(wire::frame(wire::Spawn{wire::Program::launch, {}}), descriptors); !sent)
    return std::unexpected(std::move(sent).error().during("ask the spawner").advising("restart the broker"));
  return std::move(ours);
}

Result<> Spawner::notify(const std::vector<std::string>& argv, const std::string& input) const {
  const UniqueFd file(::memfd_create("pawl-notification", MFD_CLOEXEC));
  if (!file) return failed("memfd_create");
  if (::write(file.get(), input.data(), input.size()) != static_cast<ssize_t>(input.size()) ||
      ::lseek(file.get(), 0, SEEK_SET) != 0)
    return failed("write the notification");
  const int descriptors[] = {file.get()};
  return channel_.send(wire::frame(wire::Spawn{wire::Program::notifier, argv}), descriptors);
}

}  // namespace pawl::broker
