#include "tools/pawl/cli/doctor/role_rows.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "sandbox/base/channel.hpp"
#include "sandbox/base/codec.hpp"
#include "sandbox/base/own_programs.hpp"
#include "sandbox/host_remedies.hpp"
#include "sandbox/launch_protocol.hpp"
#include "supervisor/broker/places.hpp"
#include "supervisor/policy/authority.hpp"
#include "supervisor/policy/lower.hpp"
#include "supervisor/policy/provider.hpp"
#include "tools/pawl/child_process.hpp"
#include "tools/pawl/cli/doctor/limited.hpp"
#include "tools/pawl/cli/doctor/places.hpp"

namespace pawl::cli {
namespace {

constexpr std::chrono::seconds kLaunchTime{15};
constexpr std::uint32_t kWallTime = 10;  // seconds for the command inside

struct Stage {
  const wire::Paths& paths;
  const policy::Policy& policy;
  std::string workspace;
  std::string home;
  std::string broker;   // stands for the folder of the session's socket
  std::string agent;    // pawl-agent
  std::string changes;  // what an overlay keeps apart: `upper` and `work`
};

// As the broker makes it (supervisor/broker/sessions.cpp), for a session that it never hears of.
Result<policy::SessionContext> context_of(const Stage& stage, const policy::Role& role) {
  policy::SessionContext context;
  context.session = "doctor";
  context.workspace = stage.workspace;
  context.broker_directory = stage.broker;
  context.agent_program = stage.agent;
  for (const policy::LlmRoute& route : role.llm)
    context.placeholders.push_back(policy::make_placeholder(*policy::find_provider(route.api)));
  context.argv = {"pawl-agent", "--help"};
  context.identity = {::getuid(), ::getgid()};
  if (::geteuid() == 0) {
    context.uid = context.gid = kNobody;
    context.identity = {kNobody, kNobody};
  }
  TRY(broker::name_private_places(stage.paths, ::getuid(), context));
  return context;
}

Result<sandbox::LaunchPlan> plan_of(const Stage& stage, const policy::Role& role) {
  sandbox::LaunchPlan plan = TRY(policy::lower_session(role, TRY(context_of(stage, role))));
  plan.name = "role " + role.name;
  plan.stdio.assign(3, sandbox::StdioEntry{sandbox::Stdio::null, sandbox::kNone});
  plan.wall_time = plan.wall_time == 0 ? kWallTime : std::min(plan.wall_time, kWallTime);
  return plan;
}

Result<UniqueFd> open_folder(const std::string& path) {
  UniqueFd folder(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!folder) return failed("open " + path);
  return folder;
}

Result<sandbox::Report> hear(const Channel& control) {
  auto packet = TRY(control.receive_within(kLaunchTime));
  if (!packet) return refuse("pawl-launch died", "install pawl again, as a whole");
  return codec::decode<sandbox::Report>(packet->bytes);
}

Result<> launch(const Stage& stage, const policy::Role& role) {
  const sandbox::LaunchPlan plan = TRY(plan_of(stage, role));
  const UniqueFd workspace = TRY(open_folder(stage.workspace));
  const UniqueFd home = TRY(open_folder(stage.home));
  auto [control, theirs] = TRY(Channel::pair());
  TRY(run::start_launcher(theirs));
  theirs = Channel{};
  const UniqueFd changes = TRY(open_folder(stage.changes));
  std::vector<int> handed{workspace.get(), home.get()};
  if (std::ranges::any_of(plan.mounts, [](const sandbox::Mount& m) { return m.changes != sandbox::kNone; }))
    handed.push_back(changes.get());
  TRY(control.send(codec::encode(sandbox::Command{sandbox::CommandKind::start, sandbox::encode_plan(plan)}),
                   handed));
  for (;;) {
    const sandbox::Report report = TRY(hear(control));
    if (report.kind == sandbox::ReportKind::failed)
      return std::unexpected(Error{report.errnum, report.trail, report.remedy});
    if (report.kind != sandbox::ReportKind::ended) continue;
    if (report.timed_out) return refuse("the command inside did not end", "report it");
    if (!WIFEXITED(report.status) || WEXITSTATUS(report.status) != 0)
      return refuse("the command inside ended with status " + std::to_string(report.status), "report it");
    return {};
  }
}

Finding judge(const Stage& stage, const policy::Role& role) {
  const policy::Person* const person = stage.policy.find_person_by_uid(::getuid());
  if (const auto may = policy::may_launch(stage.policy, role, person); !may)
    return {State::not_needed, may.error().text(), may.error().remedy};
  const Result<> launched = launch(stage, role);
  if (launched) return {State::works, {}, {}};
  const Error& error = launched.error();
  const std::string step = Error{error.errnum, error.trail, {}}.text();
  sandbox::Diagnosis known = sandbox::Diagnosis::of_advice(error.remedy);
  if (known.remedy.empty() && error.errnum == EACCES && ::geteuid() == 0)
    known.remedy =
        "root's sandboxes run as another user, who must be able to reach it: use the host's broker "
        "(/etc/pawl), or run pawl as an ordinary user";
  return {State::missing, known ? known.cause + " (" + step + ")" : step, std::move(known.remedy)};
}

// Where pawl would have them: a folder that the session's user cannot reach is found out.
struct StageFolders {
  Scratch workspace;
  Scratch home;
  Scratch broker;
  Scratch changes;

  static Result<StageFolders> make(const wire::Paths& paths) {
    // The system broker's own folder is not ours to write in; everybody can reach it.
    const std::string sockets = paths.home == wire::Home::system ? "/tmp" : nearest_existing(paths.sockets);
    const std::string homes = nearest_existing(TRY(wire::private_homes()));
    // One after the other: gcc forgets what an unfinished aggregate holds when TRY returns.
    Scratch workspace = TRY(Scratch::make("/tmp", Owner::caller));
    Scratch home = TRY(Scratch::make(homes, Owner::caller));
    Scratch broker = TRY(Scratch::make(sockets, Owner::caller));
    const std::string apart = nearest_existing(TRY(wire::session_workspaces()));
    Scratch changes = TRY(Scratch::make(apart, Owner::sessions));
    return StageFolders{std::move(workspace), std::move(home), std::move(broker), std::move(changes)};
  }
};

Result<Stage> make_stage(const wire::Paths& paths, const policy::Policy& policy,
                         const StageFolders& folders) {
  Stage stage{paths, policy, {}, {}, folders.broker.path(), {}, folders.changes.path()};
  stage.workspace = TRY(folders.workspace.folder("workspace"));
  stage.home = TRY(folders.home.folder("home"));
  TRY(folders.changes.folder("upper"));
  TRY(folders.changes.folder("work"));
  stage.agent = TRY(find_program("pawl-agent"));
  return stage;
}

Finding try_role(const wire::Paths& paths, const policy::Policy& policy, const policy::Role& role) {
  const auto folders = StageFolders::make(paths);
  const auto stage = folders ? make_stage(paths, policy, *folders) : std::unexpected(folders.error());
  if (!stage)
    return {State::missing, Error{stage.error().errnum, stage.error().trail, {}}.text(),
            stage.error().remedy};
  return within(kPatience, [&] { return judge(*stage, role); });
}

}  // namespace

std::vector<Row> role_rows(const wire::Paths& paths, const policy::Policy& policy, const std::string& only) {
  std::vector<Row> rows;
  for (const policy::Role& role : policy.roles) {
    if (!only.empty() && role.name != only) continue;
    Row row{"role " + role.name, "launched with its own plan: it can be honoured", Required::yes,
            try_role(paths, policy, role)};
    if (row.finding.state == State::not_needed) row.required = Required::no;
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace pawl::cli
