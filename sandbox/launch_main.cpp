// pawl-launch: builds one sandbox from one plan and stays until it has ended (launch_protocol.hpp). It runs
// as the person, without privileges of its own, and reads its client's and, later, the broker's messages; of
// the sandbox it reads nothing but that it has ended, and then the names of what it left in a folder that it
// wrote to directly. When it dies, for whatever reason, so does the sandbox.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <vector>

#include "sandbox/base/codec.hpp"
#include "sandbox/base/pidfd.hpp"
#include "sandbox/launch_protocol.hpp"
#include "sandbox/launcher.hpp"
#include "sandbox/refuse_connections.hpp"

namespace pawl::sandbox {
namespace {

constexpr int kFailure = 125;
using Clock = std::chrono::steady_clock;

// A peer that does not read must not hold up the others: a full socket is a lost peer.
Result<> make_nonblocking(const Channel& channel) {
  const int flags = ::fcntl(channel.fd(), F_GETFL);
  if (flags < 0 || ::fcntl(channel.fd(), F_SETFL, flags | O_NONBLOCK) != 0)
    return failed("make a channel non-blocking");
  return {};
}

class Supervisor {
 public:
  explicit Supervisor(Channel client) : client_(std::move(client)) {}

  Result<> run() {
    TRY(watch_signals());
    TRY(start());
    while (!ended_) TRY(step());
    wait_for_terminal();
    return {};
  }

  // The client is told why nothing runs.
  void report_failure(const Error& error) {
    Report report{
        .kind = ReportKind::failed, .errnum = error.errnum, .trail = error.trail, .remedy = error.remedy};
    (void)client_.send(codec::encode(report));
    if (broker_) (void)broker_.send(codec::encode(report));
  }

 private:
  // Signals sent to us are meant for the command. Blocked from here on; the child resets its own.
  Result<> watch_signals() {
    sigset_t forwarded;
    ::sigemptyset(&forwarded);
    for (const int number : {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGCONT, SIGWINCH, SIGPIPE})
      ::sigaddset(&forwarded, number);
    if (::sigprocmask(SIG_BLOCK, &forwarded, nullptr) != 0) return failed("block signals");
    signals_ = UniqueFd(::signalfd(-1, &forwarded, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!signals_) return failed("signalfd");
    return {};
  }

  Result<Packet> receive_command(Command& command) const {
    auto packet = TRY_DURING("client", client_.receive());
    if (!packet) return refuse("the client closed before it sent a plan");
    command = TRY(codec::decode<Command>(packet->bytes));
    return *std::move(packet);
  }

  Result<> start() {
    Command command;
    Packet packet = TRY(receive_command(command));
    Result<std::optional<Prepared>> prepared;
    if (command.kind == CommandKind::prepare) {
      prepared = prepare_launch();
      packet = TRY(receive_command(command));
    }
    if (command.kind != CommandKind::start) return refuse("the first command is not start");
    if (command.with_broker) {
      if (packet.descriptors.empty()) return refuse("no channel of the broker");
      broker_ = Channel(std::move(packet.descriptors.back()));
      packet.descriptors.pop_back();
      TRY(make_nonblocking(broker_));
    }
    const LaunchPlan plan = TRY(decode_plan(command.plan, packet.descriptors.size()));
    memory_limit_ = plan.limits.memory;
    FromClient client{.terminal = {.size = decode_size(command.size)},
                      .variables = std::move(command.variables)};
    if (!command.modes.empty()) client.terminal.modes = TRY(decode_modes(command.modes));
    if (plan.wall_time != 0) deadline_ = Clock::now() + std::chrono::seconds(plan.wall_time);
    const std::string name = plan.name.empty() ? "launch" : plan.name;
    auto ready = TRY_DURING(name, std::move(prepared));
    launched_ = TRY_DURING(name, launch(plan, std::move(packet.descriptors), client, std::move(ready)));
    TRY(make_nonblocking(client_));
    return announce();
  }

  Result<> announce() {
    const Bytes launched = codec::encode(launched_report());
    std::vector<int> for_client{launched_.pidfd.get()};
    if (launched_.terminal) for_client.push_back(launched_.terminal.get());
    if (!broker_)
      for (const UniqueFd& listener : launched_.listeners) for_client.push_back(listener.get());
    TRY_DURING("tell the client", client_.send(launched, for_client));
    // The master is the client's alone: when that goes, the terminal hangs up.
    launched_.terminal.reset();
    if (broker_) tell_broker();
    return {};
  }

  Report launched_report() const {
    return {.kind = ReportKind::launched,
            .limits = launched_.limits.report.in_force,
            .limits_missing = launched_.limits.report.not_enforced,
            .until_logout = launched_.limits.report.until_logout};
  }

  void tell_broker() {
    std::vector<int> handed{launched_.pidfd.get()};
    for (const UniqueFd& listener : launched_.listeners) handed.push_back(listener.get());
    if (!broker_.send(codec::encode(launched_report()), handed)) lose_broker();
  }

  Result<> step() {
    constexpr std::size_t kOwn = 5;
    std::vector<pollfd> ready = {{launched_.pidfd.get(), POLLIN, 0},
                                 {client_ ? client_.fd() : -1, POLLIN, 0},
                                 {broker_ ? broker_.fd() : -1, POLLIN, 0},
                                 {signals_.get(), POLLIN, 0},
                                 {launched_.stops ? launched_.stops.get() : -1, POLLIN, 0}};
    // Nobody answers what comes in while the broker is away: it is refused at once, not left waiting.
    if (broker_lost_)
      for (const UniqueFd& listener : launched_.listeners) ready.push_back({listener.get(), POLLIN, 0});
    const int count = ::poll(ready.data(), ready.size(), milliseconds_left());
    if (count < 0 && errno != EINTR) return failed("poll");
    if (!timed_out_ && Clock::now() >= deadline_) {
      timed_out_ = true;
      kill_everything();
    }
    if (count <= 0) return {};
    if (ready[0].revents != 0) return finish();
    if (ready[1].revents != 0) hear_client();
    if (ready[2].revents != 0) hear_broker();
    if (ready[3].revents != 0) pass_signal_on();
    if (ready[4].revents != 0) hear_stop();
    if (broker_lost_)
      for (std::size_t i = kOwn; i < ready.size(); ++i)
        if (ready[i].revents != 0) refuse_connections(ready[i].fd);
    return {};
  }

  int milliseconds_left() const {
    if (timed_out_ || deadline_ == Clock::time_point::max()) return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline_ - Clock::now()).count();
    return left < 0 ? 0 : static_cast<int>(std::min<std::int64_t>(left, 3'600'000));
  }

  Result<> finish() {
    const int status = TRY(wait_for(launched_.pidfd));
    Report report{.kind = ReportKind::ended, .status = status, .timed_out = timed_out_};
    if (WIFSIGNALED(status) && launched_.limits.cgroup.out_of_memory()) {
      report.out_of_memory = true;
      report.trail = "the command reached its memory limit of " + size_text(memory_limit_);
    }
    launched_.limits.cgroup.end();
    if (broker_) (void)broker_.send(codec::encode(report));
    if (client_) {
      report.appeared = find_appeared(launched_.watched);
      (void)client_.send(codec::encode(report));
    }
    ended_ = true;
    return {};
  }

  void hear_client() {
    auto packet = client_.receive();
    if (!packet || !*packet) return lose_client();
    auto command = codec::decode<Command>((*packet)->bytes);
    // A client that does not speak the protocol is no client.
    if (command && command->kind == CommandKind::signal) {
      stop_told_ = false;
      if (command->number == SIGCONT) forget_stops();
    }
    if (!command || !(obey_client(*command, (*packet)->descriptors) || obey(*command))) lose_client();
  }

  void lose_client() {
    client_ = Channel{};
    kill_everything();
    // A shell is about to ask for a line there.
    person_.put_back();
  }

  // What the client alone may ask.
  bool obey_client(Command& command, std::vector<UniqueFd>& descriptors) {
    switch (command.kind) {
      case CommandKind::adopt:
        if (descriptors.size() != 1) return false;
        broker_ = Channel(std::move(descriptors[0]));
        broker_lost_ = false;
        if (make_nonblocking(broker_)) tell_broker();
        return true;
      case CommandKind::guard:
        return descriptors.size() == 1 &&
               person_.take(std::move(descriptors[0]), std::move(command.person)).has_value();
      case CommandKind::release:
        person_.release();
        return true;
      case CommandKind::put_back:
        person_.put_back();
        return true;
      default:
        return false;
    }
  }

  // The client still shows what the command wrote last. Should it be killed over that, its terminal is raw.
  void wait_for_terminal() {
    broker_ = Channel{};
    while (client_ && person_.active()) {
      pollfd said{client_.fd(), POLLIN, 0};
      if (::poll(&said, 1, -1) > 0) hear_client();
    }
  }

  void hear_broker() {
    auto packet = broker_.receive();
    if (!packet || !*packet) return lose_broker();
    const auto command = codec::decode<Command>((*packet)->bytes);
    if (!command || !obey(*command)) lose_broker();
  }

  // What client and broker may both ask.
  bool obey(const Command& command) {
    if (command.kind == CommandKind::kill) {
      kill_everything();
      return true;
    }
    if (command.kind != CommandKind::signal || command.number == 0 || command.number >= _NSIG) return false;
    (void)send_signal(launched_.pidfd, static_cast<int>(command.number));
    return true;
  }

  // Whether the command was stopped since they were last taken.
  bool take_stops() {
    std::array<char, 64> stops{};
    const ssize_t count = ::read(launched_.stops.get(), stops.data(), stops.size());
    const bool over = count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR);
    if (over) launched_.stops.reset();  // pid 1 is gone
    return count > 0;
  }

  // What the command is about to go on from is not told any more: the client would stop for nothing.
  void forget_stops() {
    while (launched_.stops && take_stops()) continue;
  }

  // Once until the client lets it go on: who stops all the time must not fill the client's socket.
  void hear_stop() {
    if (!launched_.stops || !take_stops() || !client_ || stop_told_) return;
    stop_told_ = true;
    (void)client_.send(codec::encode(Report{.kind = ReportKind::stopped}));
  }

  void lose_broker() {
    broker_ = Channel{};
    broker_lost_ = true;
    if (client_) (void)client_.send(codec::encode(Report{.kind = ReportKind::broker_lost}));
  }

  void pass_signal_on() {
    signalfd_siginfo info{};
    while (::read(signals_.get(), &info, sizeof(info)) == static_cast<ssize_t>(sizeof(info)))
      if (info.ssi_signo != SIGPIPE) (void)send_signal(launched_.pidfd, static_cast<int>(info.ssi_signo));
  }

  // ESRCH: it has ended by itself, which the next poll will tell.
  void kill_everything() {
    (void)send_signal(launched_.pidfd, SIGKILL);
    launched_.limits.cgroup.kill();
  }

  Channel client_;
  Channel broker_;
  Launched launched_;
  TerminalGuard person_;
  UniqueFd signals_;
  Clock::time_point deadline_ = Clock::time_point::max();
  bool broker_lost_ = false;
  std::uint64_t memory_limit_ = 0;  // bytes
  bool timed_out_ = false;
  bool stop_told_ = false;
  bool ended_ = false;
};

int run() {
  struct stat control{};
  if (::fstat(kControlFd, &control) != 0 || !S_ISSOCK(control.st_mode)) {
    constexpr std::string_view usage =
        "pawl-launch builds a sandbox for `pawl run` and for the broker, which talk to it on descriptor 3.\n"
        "Run `pawl run` instead.\n";
    if (::write(STDERR_FILENO, usage.data(), usage.size()) < 0) return kFailure;  // nobody to tell
    return kFailure;
  }
  ::fcntl(kControlFd, F_SETFD, FD_CLOEXEC);
  // Out of the terminal's foreground: what a person types is for the client, which passes on what it wants
  // to. A group and not a session, which would be a scheduling group of its own (sched(7), autogroup) and
  // slow on a busy host.
  ::setpgid(0, 0);
  Supervisor supervisor{Channel(UniqueFd(kControlFd))};
  const Result<> result = supervisor.run();
  if (result) return 0;
  supervisor.report_failure(result.error());
  return kFailure;
}

}  // namespace
}  // namespace pawl::sandbox

int main() { return pawl::sandbox::run(); }
