#include "tools/pawl/session.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "sandbox/base/own_programs.hpp"
#include "tools/pawl/child_process.hpp"

namespace pawl::run {
namespace {

using sandbox::CommandKind;
using sandbox::ReportKind;
using sandbox::Stdio;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using tools::ExitCode;
using tools::Outcome;
using tools::trouble;

constexpr milliseconds kDrainTime{5'000};  // without any byte moving
constexpr milliseconds kIdle{60'000};      // nothing to wait for but descriptors

bool readable(const std::vector<pollfd>& watched, int descriptor) {
  return descriptor >= 0 && std::ranges::any_of(watched, [descriptor](const pollfd& entry) {
           return entry.fd == descriptor && (entry.events & POLLIN) != 0 && entry.revents != 0;
         });
}

// The terminal that the person sits at, among the standard streams.
Result<Terminal> open_terminal(const std::array<Stdio, 3>& stdio) {
  for (const int number : {1, 2, 0})
    if (stdio[static_cast<std::size_t>(number)] == Stdio::terminal && ::isatty(number) == 1)
      return Terminal::open(number);
  return refuse("the broker planned a terminal where there is none",
                "client and broker differ in version; restart the broker");
}

}  // namespace

Outcome<std::unique_ptr<Session>> Session::start(Parts parts) {
  const std::string launcher = TRY(find_program("pawl-launch"));
  auto [ours, theirs] = TRY(Channel::pair());
  std::unique_ptr<Session> session(
      new Session(TRY(Signals::block()), std::move(ours), std::move(parts.resumer)));
  const std::vector<UniqueFd> streams = TRY(session->prepare_streams(parts.stdio));
  TRY(start_launcher(launcher, theirs, parts.inherit));
  TRY_DURING("tell the launcher what to build", session->send_start(parts, streams));
  return session;
}

Result<std::vector<UniqueFd>> Session::prepare_streams(const std::array<Stdio, 3>& stdio) {
  if (std::ranges::find(stdio, Stdio::terminal) != stdio.end()) terminal_.emplace(TRY(open_terminal(stdio)));
  std::vector<UniqueFd> handed;
  for (int number = 0; number < 3; ++number) {
    if (stdio[static_cast<std::size_t>(number)] != Stdio::descriptor) continue;
    HandedStream stream = TRY(hand_stream(number));
    handed.push_back(std::move(stream.handed));
    const int ours = stream.relayed.get();
    const auto direction = number == 0 ? Relay::Direction::inward : Relay::Direction::outward;
    Pump pump = number == 0 ? Pump(0, ours) : Pump(ours, number);
    relays_.push_back(std::make_unique<Relay>(Relay{direction, std::move(stream.relayed), pump}));
  }
  return handed;
}

Result<> Session::send_start(const Parts& parts, const std::vector<UniqueFd>& streams) {
  std::vector<int> descriptors{parts.workspace.get(), parts.home.get()};
  if (parts.changes) descriptors.push_back(parts.changes.get());
  for (const UniqueFd& stream : streams) descriptors.push_back(stream.get());
  descriptors.push_back(parts.broker.fd());
  const sandbox::Command start{CommandKind::start, parts.plan, true, 0};
  return control_.send(codec::encode(start), descriptors);
}

// A launcher that is gone is noticed by its channel, so a failed send needs no attention here.
void Session::command(CommandKind kind, std::uint32_t number, std::span<const int> descriptors) {
  (void)control_.send(codec::encode(sandbox::Command{kind, {}, false, number}), descriptors);
}

Outcome<int> Session::run() {
  while (!ended_) TRY(turn());
  drain();
  if (terminal_) terminal_->restore();
  return exit_code();
}

std::vector<pollfd> Session::watch() const {
  std::vector<pollfd> watched{
      {control_.fd(), POLLIN, 0}, {signals_.fd(), POLLIN, 0}, {resumer_.fd(), POLLIN, 0}};
  for (const auto& relay : relays_) relay->pump.watch(watched);
  if (keyboard_) keyboard_->watch(watched);
  if (screen_) screen_->watch(watched);
  return watched;
}

Outcome<> Session::turn() {
  std::vector<pollfd> watched = watch();
  milliseconds patience = kIdle;
  if (resumer_.active())
    patience = std::clamp(std::chrono::ceil<milliseconds>(resumer_.wakes() - steady_clock::now()),
                          milliseconds(0), kIdle);
  if (::poll(watched.data(), watched.size(), static_cast<int>(patience.count())) < 0 && errno != EINTR)
    return failed("poll");
  if (readable(watched, signals_.fd())) take_signals();
  take_resumer(watched);
  pump(watched);
  if (keyboard_ && keyboard_->finished()) {
    keyboard_.reset();
    command(CommandKind::kill);  // the terminal is gone, and nobody could end the command any more
  }
  if (readable(watched, control_.fd())) TRY(take_report());
  return {};
}

Pump::Moved Session::pump(const std::vector<pollfd>& watched) {
  Pump::Moved moved = Pump::Moved::nothing;
  const auto advance = [&](Pump& pump) {
    if (pump.advance(watched) == Pump::Moved::something) moved = Pump::Moved::something;
  };
  for (auto& relay : relays_) advance(relay->pump);
  std::erase_if(relays_, [](const auto& relay) { return relay->pump.finished(); });
  if (keyboard_) advance(*keyboard_);
  if (screen_) advance(*screen_);
  return moved;
}

Outcome<> Session::take_report() {
  auto packet = TRY_DURING("hear from the launcher", control_.receive());
  if (!packet)
    return trouble(ExitCode::pawl_failed, "pawl-launch died, and the command with it",
                   "see the system's log; if it happens again, report it");
  auto report = TRY_DURING("hear from the launcher", codec::decode<sandbox::Report>(packet->bytes));
  switch (report.kind) {
    case ReportKind::launched:
      return take_launched(*std::move(packet));
    case ReportKind::failed: {
      tools::Trouble reason(Error{report.errnum, std::move(report.trail), std::move(report.remedy)});
      reason.code = ExitCode::pawl_failed;
      return std::unexpected(std::move(reason));
    }
    case ReportKind::ended:
      ended_ = std::move(report);
      return {};
    case ReportKind::broker_lost:
      resumer_.begin(steady_clock::now());
      return {};
  }
  return {};
}

Outcome<> Session::take_launched(Packet packet) {
  if (!terminal_) return {};
  if (packet.descriptors.size() != 2)
    return trouble(ExitCode::pawl_failed, "pawl-launch handed no terminal over",
                   "install pawl again, as a whole");
  master_ = std::move(packet.descriptors[1]);
  if (::fcntl(master_.get(), F_SETFL, O_NONBLOCK) != 0) return failed("set up the command's terminal");
  screen_ = std::make_unique<Pump>(master_.get(), terminal_->fd());
  take_foreground();
  return {};
}

// In the background the terminal is the shell's: it is neither made raw nor read.
void Session::take_foreground() {
  if (!terminal_ || !master_) return;
  resize();
  keyboard_.reset();
  if (::tcgetpgrp(terminal_->fd()) != ::getpgrp()) return;
  if (terminal_->make_raw()) keyboard_ = std::make_unique<Pump>(terminal_->fd(), master_.get());
}

void Session::resize() {
  if (!terminal_ || !master_) return;
  const winsize size = terminal_->size();
  ::ioctl(master_.get(), TIOCSWINSZ, &size);
}

void Session::take_signals() {
  while (const auto number = signals_.next()) {
    switch (*number) {
      case SIGWINCH:
        resize();
        break;
      case SIGCONT:
        take_foreground();
        break;
      case SIGCHLD:
        // The launcher is told by its channel, a broker by its socket: only their remains are taken away
        // here.
        while (::waitpid(-1, nullptr, WNOHANG) > 0) continue;
        break;
      default:
        command(CommandKind::signal, static_cast<std::uint32_t>(*number));
    }
  }
}

void Session::take_resumer(const std::vector<pollfd>& watched) {
  if (!resumer_.active()) return;
  const auto event = readable(watched, resumer_.fd()) ? Resumer::Event::readable : Resumer::Event::timer;
  const Resumer::News news = resumer_.advance(event, steady_clock::now());
  if (std::holds_alternative<Resumer::Over>(news)) return command(CommandKind::kill);
  const Channel* const channel = std::get_if<Channel>(&news);
  if (channel == nullptr) return;
  const int descriptor = channel->fd();
  command(CommandKind::adopt, 0, {&descriptor, 1});
}

// What the command wrote before it ended is still on its way.
void Session::drain() {
  control_ = Channel();  // pawl-launch ends now, and with it the last writers
  keyboard_.reset();
  std::erase_if(relays_, [](const auto& relay) { return relay->direction == Relay::Direction::inward; });
  auto give_up = steady_clock::now() + kDrainTime;
  for (;;) {
    std::vector<pollfd> watched;
    for (const auto& relay : relays_) relay->pump.watch(watched);
    if (screen_) screen_->watch(watched);
    if (watched.empty()) return;
    const auto now = steady_clock::now();
    if (now >= give_up) return;
    const auto patience = std::chrono::ceil<milliseconds>(give_up - now).count();
    if (::poll(watched.data(), watched.size(), static_cast<int>(patience)) < 0 && errno != EINTR) return;
    if (pump(watched) == Pump::Moved::something) give_up = steady_clock::now() + kDrainTime;
  }
}

Outcome<int> Session::exit_code() const {
  if (ended_->timed_out)
    return trouble(ExitCode::timed_out, "the role's wall time was reached and the command was ended",
                   "raise limits.wall_time in the role, or start anew");
  if (WIFSIGNALED(ended_->status)) return 128 + WTERMSIG(ended_->status);
  return WEXITSTATUS(ended_->status);
}

}  // namespace pawl::run
