#include "tools/pawl/run.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>

#include "sandbox/host_remedies.hpp"
#include "supervisor/wire/paths.hpp"
#include "tools/pawl/afterwards.hpp"
#include "tools/pawl/broker_start.hpp"
#include "tools/pawl/foreign_files.hpp"
#include "tools/pawl/parting.hpp"
#include "tools/pawl/private_home.hpp"
#include "tools/pawl/session.hpp"
#include "tools/pawl/session_folder.hpp"

namespace pawl::run {
namespace {

using tools::ExitCode;
using tools::Outcome;
using tools::trouble;

constexpr std::size_t kMaxPolicy = 40 * 1024;  // bytes

Result<std::string> read_policy(const std::string& path) {
  // O_NONBLOCK: a FIFO is refused below and must not hold us here.
  UniqueFd file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  struct stat status{};
  if (!file || ::fstat(file.get(), &status) != 0) return failed("read policy file " + path);
  if (!S_ISREG(status.st_mode)) return refuse("policy file " + path + " is not a regular file");
  std::string text(kMaxPolicy + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = ::read(file.get(), text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed("read policy file " + path);
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size > kMaxPolicy) return refuse("policy file " + path + " has more than 40 KiB");
  if (size == 0) return refuse("policy file " + path + " is empty");
  text.resize(size);
  return text;
}

Result<UniqueFd> open_workspace(const std::string& path) {
  UniqueFd workspace(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!workspace) {
    auto error = failed("open workspace " + path);
    return std::unexpected(std::move(error).error().advising("name an existing folder with --workspace DIR"));
  }
  return workspace;
}

// Detached, a command always has a terminal: whose terminal it will be is not known yet.
StreamKinds kinds_for(const RunCommand& command) {
  if (command.front == RunCommand::Front::attached) return stream_kinds();
  StreamKinds kinds;
  kinds.fill(wire::StandardStream::terminal);
  return kinds;
}

std::string terminal_type_for(const RunCommand& command) {
  std::string type = terminal_type();
  const bool plain = type.empty() || type == "dumb";
  return plain && command.front == RunCommand::Front::detached ? "xterm-256color" : type;
}

Outcome<wire::OpenSession> compose(const RunCommand& command) {
  wire::OpenSession ask;
  ask.argv = command.argv;
  if (command.policy_file.empty())
    ask.role = command.role;
  else
    ask.policy_text = TRY(read_policy(command.policy_file));
  const StreamKinds kinds = kinds_for(command);
  ask.stdio.assign(kinds.begin(), kinds.end());
  if (std::ranges::find(kinds, wire::StandardStream::terminal) != kinds.end())
    ask.terminal_type = terminal_type_for(command);
  return ask;
}

std::int64_t milliseconds_now() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(since).count();
}

std::unexpected<tools::Trouble> nonsense() {
  return trouble(ExitCode::pawl_failed, "the broker's plan makes no sense",
                 "client and broker differ in version; restart the broker");
}

Result<> print_id(const std::string& id) {
  const std::string line = short_id(id) + "\n";
  if (::write(STDOUT_FILENO, line.data(), line.size()) != static_cast<ssize_t>(line.size()))
    return failed("print the session's id, " + short_id(id) + ", which runs");
  return {};
}

struct Planned {
  sandbox::LaunchPlan plan;
  std::string session;
  std::string role;
  FolderOwner owner;
  std::int64_t started;  // before anything is built
};

// Only what pawl itself needs of the plan; pawl-launch checks the whole.
Outcome<Planned> read_plan(const RunCommand& command, const wire::Answered<wire::SessionOpened>& opened) {
  auto plan = codec::decode<sandbox::LaunchPlan>(opened.message.plan);
  if (!plan || plan->stdio.size() != 3 || opened.descriptors.size() != 1) return nonsense();
  const FolderOwner owner{plan->uid == sandbox::kNone ? ::geteuid() : plan->uid,
                          plan->gid == sandbox::kNone ? ::getegid() : plan->gid};
  return Planned{*std::move(plan), opened.message.id,
                 command.policy_file.empty() ? command.role : "policy-file", owner, milliseconds_now()};
}

// The workspace that keeps what is written into it apart, if it is one.
const sandbox::Mount* overlay_of(const sandbox::LaunchPlan& plan) {
  const auto found =
      std::ranges::find_if(plan.mounts, [](const sandbox::Mount& m) { return m.changes != sandbox::kNone; });
  return found != plan.mounts.end() ? &*found : nullptr;
}

Outcome<std::optional<SessionFolder>> make_session_folder(const Planned& planned, const UniqueFd& workspace) {
  if (overlay_of(planned.plan) == nullptr) return std::nullopt;
  return TRY_DURING(
      "a folder for the session's changes",
      SessionFolder::make(TRY(wire::session_workspaces()), planned.session, workspace, planned.owner));
}

Result<tools::SessionRecord> record_of(const Planned& planned, const UniqueFd& workspace) {
  const sandbox::Mount& overlay = *overlay_of(planned.plan);
  struct stat status{};
  if (::fstat(workspace.get(), &status) != 0) return failed("look at the workspace");
  tools::SessionRecord record{.session = planned.session,
                              .role = planned.role,
                              .workspace = overlay.target,
                              .device = status.st_dev,
                              .inode = status.st_ino,
                              .started = planned.started,
                              .protect = {},
                              .hide = overlay.hide};
  for (const sandbox::Protection& protection : planned.plan.protections)
    if (protection.mount == overlay.target) record.protect = protection.patterns;
  return record;
}

// While pawl-launch builds: what takes time, and need not be done before.
Result<> meanwhile(const Planned& planned, const SessionFolder& folder, const UniqueFd& workspace) {
  TRY_DURING("a folder for the session's changes", folder.write(TRY(record_of(planned, workspace))));
  const std::string warning = foreign_warning(find_foreign(workspace, planned.owner), planned.owner);
  if (!warning.empty()) warn(warning);
  return {};
}

Outcome<Ending> run_planned(const Planned& planned, Session::Parts parts,
                            std::optional<SessionFolder>& folder) {
  const UniqueFd workspace(::fcntl(parts.workspace.get(), F_DUPFD_CLOEXEC, 3));
  if (!workspace) return failed("duplicate a descriptor");
  if (folder) {
    parts.changes = TRY(folder->descriptor());
    parts.folder = &*folder;
  }
  auto session = TRY(Session::start(std::move(parts)));
  if (folder) TRY(meanwhile(planned, *folder, workspace));
  Outcome<Ending> ending = session->run();
  tell_appeared(session->appeared());
  return ending;
}

// Somebody else reads or writes a pipe, and would be left with a session that nobody sees.
bool is_piped(const sandbox::LaunchPlan& plan) {
  return std::ranges::find(plan.stdio, sandbox::Stdio::descriptor, &sandbox::StdioEntry::kind) !=
         plan.stdio.end();
}

Result<> tell_left(const RunCommand& command, const std::string& id, const Ending& ending) {
  if (ending.until_logout) tell_until_logout();
  if (command.front == RunCommand::Front::detached) return print_id(id);
  tell_parting(id);
  return {};
}

// Opened at the broker, whose connection is given up again: a person has so many at a time.
struct Begun {
  wire::Paths paths;
  wire::Answered<wire::SessionOpened> opened;
};

Outcome<Begun> begin(const wire::OpenSession& ask, const UniqueFd& workspace) {
  const tools::Greeted broker = TRY(reach_broker());
  const int descriptor = workspace.get();
  auto opened = TRY(broker.client.ask<wire::SessionOpened>(ask, {&descriptor, 1}));
  return Begun{broker.paths, std::move(opened)};
}

Outcome<int> run_session(const RunCommand& command) {
  if (tools::inside_a_session())
    return trouble(ExitCode::pawl_failed, "this is a pawl sandbox already, and sandboxes do not nest",
                   "run it directly, or start pawl run outside");
  TRY(detach_keys(command.detach_keys));       // before anything is opened
  Launcher launcher = TRY(Launcher::start());  // it prepares while the broker plans
  const wire::OpenSession ask = TRY(compose(command));
  UniqueFd workspace = TRY(open_workspace(command.workspace));
  auto [paths, opened] = TRY(begin(ask, workspace));
  const Planned planned = TRY(read_plan(command, opened));
  UniqueFd home = TRY(sandbox::explained(
      sandbox::Layer::state_directory,
      open_private_home(TRY(wire::private_homes()), planned.role, opened.message.home_key, planned.owner)));
  std::optional<SessionFolder> folder = TRY(make_session_folder(planned, workspace));
  // Before the parts: gcc forgets what an unfinished aggregate holds when TRY returns.
  auto keys = TRY(detach_keys(is_piped(planned.plan) ? "none" : command.detach_keys));
  Session::Parts parts{
      .id = planned.session,
      .plan = opened.message.plan,
      .stdio = {planned.plan.stdio[0].kind, planned.plan.stdio[1].kind, planned.plan.stdio[2].kind},
      .inherit = planned.plan.inherit,
      .launcher = std::move(launcher),
      .workspace = std::move(workspace),
      .home = std::move(home),
      .changes = {},
      .broker = Channel(std::move(opened.descriptors[0])),
      .resumer = Resumer(paths, planned.session, opened.message.token),
      .begin =
          command.front == RunCommand::Front::detached ? Session::Begin::detached : Session::Begin::attached,
      .detach_keys = std::move(keys),
  };
  const Outcome<Ending> ending = run_planned(planned, std::move(parts), folder);
  const bool left = ending && ending->how == Ending::How::detached;
  // Of a session that goes on the folder is its holder's.
  if (folder && !left) settle_changes(*folder, planned.session);
  if (!ending) return std::unexpected(ending.error());
  if (left) TRY(tell_left(command, planned.session, *ending));
  return ending->exit_code;
}

}  // namespace

Outcome<int> run(const RunCommand& command) {
  Outcome<int> outcome = run_session(command);
  if (!outcome && !tells_an_end(outcome.error().code)) outcome.error().code = ExitCode::pawl_failed;
  return outcome;
}

}  // namespace pawl::run
