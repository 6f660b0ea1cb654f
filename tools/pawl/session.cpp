#include "tools/pawl/session.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>

#include "supervisor/receipt/render.hpp"
#include "tools/pawl/afterwards.hpp"
#include "tools/pawl/terminal_reset.hpp"
#include "tools/pawl/watched.hpp"

namespace pawl::run {
namespace {

using sandbox::ReportKind;
using sandbox::Stdio;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using tools::ExitCode;
using tools::Outcome;
using tools::trouble;

constexpr milliseconds kDrainTime{5'000};  // without any byte moving
constexpr milliseconds kIdle{60'000};      // nothing to wait for but descriptors
constexpr winsize kUsualSize{.ws_row = 24, .ws_col = 80};

bool has(const std::array<Stdio, 3>& stdio, Stdio kind) {
  return std::ranges::find(stdio, kind) != stdio.end();
}

// Also those that we were started with: who reads them waits until the last one is closed.
void close_all_but(std::vector<int> kept) {
  std::ranges::sort(kept);
  unsigned next = 0;
  for (const int descriptor : kept) {
    if (descriptor < 0) continue;
    const auto number = static_cast<unsigned>(descriptor);
    if (number > next) ::syscall(SYS_close_range, next, number - 1, 0);
    next = number + 1;
  }
  ::syscall(SYS_close_range, next, ~0u, 0);
}

// The terminal that the person sits at, among the standard streams.
std::optional<int> own_terminal() {
  for (const int number : {1, 2, 0})
    if (::isatty(number) == 1) return number;
  return std::nullopt;
}

}  // namespace

Outcome<std::unique_ptr<Session>> Session::start(Parts parts) {
  Signals signals = TRY(Signals::block());
  std::unique_ptr<Session> session(new Session(parts.id, std::move(signals), std::move(parts.launcher),
                                               std::move(parts.resumer), parts.begin));
  session->folder_ = parts.folder;
  const std::vector<UniqueFd> streams = TRY(session->relays_.prepare(parts.stdio));
  TRY_DURING("tell the launcher what to build", session->send_start(parts, streams));
  return session;
}

Result<> Session::send_start(const Parts& parts, const std::vector<UniqueFd>& streams) {
  std::vector<int> descriptors{parts.workspace.get(), parts.home.get()};
  if (parts.changes) descriptors.push_back(parts.changes.get());
  for (const UniqueFd& stream : streams) descriptors.push_back(stream.get());
  descriptors.push_back(parts.broker.fd());
  sandbox::Command start{.kind = sandbox::CommandKind::start, .plan = parts.plan, .with_broker = true};
  for (const std::string& name : parts.inherit)
    if (const char* value = std::getenv(name.c_str()); value != nullptr)
      start.variables.push_back(name + "=" + value);
  if (has(parts.stdio, Stdio::terminal)) {
    start.size = sandbox::encode_size(kUsualSize);
    if (const auto number = own_terminal()) {
      Terminal terminal = TRY(Terminal::open(*number));
      start.size = sandbox::encode_size(terminal.size());
      start.modes = sandbox::encode_modes(terminal.modes());
      if (parts.begin == Begin::attached)
        seat_ = std::make_unique<Seat>(std::move(terminal), parts.detach_keys, *this);
    } else if (parts.begin == Begin::attached) {
      return refuse("the broker planned a terminal where there is none",
                    "client and broker differ in version; restart the broker");
    }
  }
  return launcher_.build(start, descriptors);
}

Outcome<Ending> Session::run() {
  const Outcome<> relayed = relay();
  // What the command wrote before it ended is still on its way. The terminal first: whoever reads the rest
  // may take all day, and is left by Ctrl-C.
  if (seat_ && !detached_) {
    if (relayed) seat_->show_the_rest(kDrainTime);
    seat_->leave();
  }
  if (relayed && !detached_) relays_.finish(kDrainTime, signals_);
  if (!relayed) return std::unexpected(relayed.error());
  if (detached_) return Ending{Ending::How::detached, 0, until_logout_};
  return Ending{Ending::How::ended, TRY(exit_code()), false};
}

Outcome<> Session::relay() {
  while (!ended_ && !detached_) TRY(turn());
  return {};
}

std::vector<pollfd> Session::watch() const {
  std::vector<pollfd> watched{
      {launcher_.fd(), POLLIN, 0}, {signals_.fd(), POLLIN, 0}, {resumer_.fd(), POLLIN, 0}};
  relays_.watch(watched);
  if (seat_) seat_->watch(watched);
  if (holder_) holder_->watch(watched);
  return watched;
}

int Session::patience() const {
  auto wakes = steady_clock::now() + kIdle;
  if (resumer_.active()) wakes = std::min(wakes, resumer_.wakes());
  if (const auto time = seat_ ? seat_->wakes() : std::nullopt) wakes = std::min(wakes, *time);
  if (const auto time = holder_ ? holder_->wakes() : std::nullopt) wakes = std::min(wakes, *time);
  const auto left = std::chrono::ceil<milliseconds>(wakes - steady_clock::now());
  return static_cast<int>(std::max(left, milliseconds(0)).count());
}

Outcome<> Session::turn() {
  std::vector<pollfd> watched = watch();
  if (::poll(watched.data(), watched.size(), patience()) < 0 && errno != EINTR) return failed("poll");
  if (readable(watched, signals_.fd())) take_signals();
  take_resumer(watched);
  relays_.advance(watched);
  if (seat_) {
    seat_->advance(watched);
    seat_->look(steady_clock::now());
    if (seat_->lost()) launcher_.kill();  // nobody could end the command any more
    if (seat_->wants_to_detach()) detach();
    if (detached_) return {};
  }
  if (holder_) {
    holder_->advance(watched);
    holder_->look(steady_clock::now());
  }
  if (readable(watched, launcher_.fd())) TRY(take_report());
  return {};
}

Outcome<> Session::take_report() {
  Launcher::Told told = TRY(launcher_.hear());
  switch (told.report.kind) {
    case ReportKind::launched:
      tell_missing(told.report.limits_missing);
      until_logout_ = told.report.until_logout;
      return take_launched(std::move(told.descriptors));
    case ReportKind::failed: {
      tools::Trouble reason(
          Error{told.report.errnum, std::move(told.report.trail), std::move(told.report.remedy)});
      reason.code = ExitCode::pawl_failed;
      return std::unexpected(std::move(reason));
    }
    case ReportKind::ended:
      ended_ = std::move(told.report);
      return {};
    case ReportKind::broker_lost:
      resumer_.begin(steady_clock::now());
      return {};
    case ReportKind::stopped:
      command_stopped();
      return {};
  }
  return {};
}

// Before the command draws on the terminal. It may hold names of cgroups and what busctl said.
void Session::tell_missing(const std::string& limits) {
  if (limits.empty()) return;
  const std::string text = "limits not enforced: " + limits;
  if (seat_ && seat_->in_front())
    seat_->say("pawl: " + receipt::visible(text));
  else
    warn(text);
}

Outcome<> Session::take_launched(std::vector<UniqueFd> descriptors) {
  if (!seat_ && begin_ == Begin::attached) return {};
  if (descriptors.size() != 2)
    return trouble(ExitCode::pawl_failed, "pawl-launch handed no terminal over",
                   "install pawl again, as a whole");
  master_ = std::move(descriptors[1]);
  if (::fcntl(master_.get(), F_SETFL, O_NONBLOCK) != 0) return failed("set up the command's terminal");
  if (begin_ == Begin::detached) {
    Door door = TRY_DURING("detach", Door::open(id_));
    TRY_DURING("detach", part(door));
  } else {
    seat_->connect(master_.get());
  }
  return {};
}

void Session::guard(const sandbox::TerminalState& state, int terminal) { launcher_.guard(state, terminal); }
void Session::release() { launcher_.release(); }
void Session::resize(const winsize& size) { ::ioctl(master_.get(), TIOCSWINSZ, &size); }

void Session::take_signals() {
  while (const auto number = signals_.next()) take_signal(*number);
}

void Session::take_signal(int number) {
  switch (number) {
    case SIGWINCH:
      if (seat_ && master_) seat_->resize();
      break;
    case SIGCHLD:
      // The launcher is told by its channel, a broker by its socket: only their remains are taken away here.
      while (::waitpid(-1, nullptr, WNOHANG) > 0) continue;
      break;
    case SIGCONT:
      launcher_.signal(number);
      if (seat_) seat_->enter();
      break;
    default:
      // Whether the command stops for a SIGTSTP is its own affair; we stop when it has.
      launcher_.signal(number);
  }
}

// The command is this process to the shell that started us: we stop with it, and it goes on with us.
void Session::command_stopped() {
  if (holder_) return holder_->stopped();
  if (seat_)
    seat_->stop_with_command();
  else
    stop(Whom::self);
  if (!told_to_continue()) take_signal(SIGCONT);  // there was no shell to go back to
}

void Session::take_resumer(const std::vector<pollfd>& watched) {
  if (!resumer_.active()) return;
  const auto event = readable(watched, resumer_.fd()) ? Resumer::Event::readable : Resumer::Event::timer;
  const Resumer::News news = resumer_.advance(event, steady_clock::now());
  if (const Channel* const channel = std::get_if<Channel>(&news)) launcher_.adopt(*channel);
  if (std::holds_alternative<Resumer::Over>(news)) launcher_.kill();
}

// What cannot be found again is not let go.
void Session::detach() {
  seat_->stay();
  auto door = Door::open(id_);
  Result<> parted = door ? Result<>() : std::unexpected(door.error());
  if (door) {
    seat_->leave();
    parted = part(*door);
  }
  if (parted) return;
  if (door) seat_->enter();
  const tools::Trouble reason(std::move(parted).error());
  seat_->say("pawl: cannot detach: " + receipt::visible(reason.line()));
}

// The session goes on in a child; this process is done.
Result<> Session::part(Door& door) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return failed("make a pipe");
  const UniqueFd away(ends[0]);
  UniqueFd here(ends[1]);
  // SAFETY: one thread. The child owns the session from here on; what it has in common with us is closed when
  // we end, which the launcher does not notice.
  const pid_t holder = ::fork();
  if (holder == 0) hold(std::move(door));
  if (holder < 0) {
    const int errnum = errno;
    door.folder.remove(door.id);
    return failed("start a process that holds the session", errnum);
  }
  detached_ = true;
  // Should we end before it has left our terminal's session, it would be sent the hang-up, too.
  here.reset();
  char nothing = 0;
  while (::read(away.get(), &nothing, 1) < 0 && errno == EINTR) continue;
  return {};
}

void Session::hold(Door door) {
  ::setsid();  // the terminal's end must not be ours
  auto memory = seat_ ? seat_->take_memory() : std::make_unique<ScreenMemory>(terminal_characters());
  seat_.reset();
  std::vector<int> kept{launcher_.fd(), signals_.fd(),    resumer_.fd(),
                        master_.get(),  door.folder.fd(), door.listener.get()};
  if (folder_ != nullptr) std::ranges::copy(folder_->descriptors(), std::back_inserter(kept));
  close_all_but(std::move(kept));
  const UniqueFd nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
  for (int number = 1; number < 3; ++number) ::dup2(nothing.get(), number);
  if (nothing.get() != 0 || ::chdir("/") != 0) ::_exit(static_cast<int>(ExitCode::pawl_failed));
  holder_ = std::make_unique<Holder>(std::move(door), launcher_, master_.get(), std::move(memory));
  const Outcome<> relayed = relay();
  const Outcome<int> code = relayed ? exit_code() : Outcome<int>(std::unexpected(relayed.error()));
  tools::HolderMessage ended{.kind = tools::HolderSays::ended};
  ended.exit_code = code ? *code : static_cast<int>(code.error().code);
  if (!code) {
    ended.text = code.error().text;
    ended.remedy = code.error().remedy;
  }
  ended.appeared = appeared();
  if (folder_ != nullptr) {
    const auto left = folder_->close();
    ended.changes = !left || *left == SessionFolder::Left::changes;
  }
  holder_->end(ended);
  ::_exit(0);
}

Outcome<int> Session::exit_code() const {
  if (!ended_)
    return trouble(ExitCode::pawl_failed, "pawl-launch did not say how the command ended",
                   "install pawl again, as a whole");
  if (ended_->timed_out)
    return trouble(ExitCode::timed_out, "the role's wall time was reached and the command was ended",
                   "raise limits.wall_time in the role, or start anew");
  if (ended_->out_of_memory)
    return trouble(ExitCode::out_of_memory, ended_->trail + " and was ended",
                   "raise limits.memory in the role, or have it do less at once");
  if (WIFSIGNALED(ended_->status)) return 128 + WTERMSIG(ended_->status);
  return WEXITSTATUS(ended_->status);
}

}  // namespace pawl::run
