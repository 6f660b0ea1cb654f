// Sessions: opened for people whom the policy lets launch, seen through their launchers' reports, recalled
// after a restart. Nothing here trusts what a launcher says beyond its own session: containment is its claim,
// authority is not.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/json/serialize.hpp>
#include <climits>

#include "supervisor/broker/broker.hpp"
#include "supervisor/broker/places.hpp"
#include "supervisor/broker/routes.hpp"
#include "supervisor/policy/authority.hpp"
#include "supervisor/policy/lower.hpp"
#include "supervisor/receipt/digest.hpp"
#include "supervisor/receipt/render.hpp"

namespace pawl::broker {
namespace {

constexpr std::size_t kMaxPolicyText = 40 * 1024;  // bytes of --policy FILE as the ledger writes it
constexpr std::size_t kMaxCommandShown = 1024;     // bytes of a session's command in lists and the ledger
constexpr std::size_t kMaxTold = 1024;             // bytes of each word of a launcher in the ledger
constexpr std::chrono::milliseconds kPatience{60'000};  // for launchers to come back after a restart
constexpr std::uint32_t kNobody = 65534;
constexpr std::chrono::milliseconds kLaunchTime{30'000};  // for a launcher to report that it has launched
constexpr std::size_t kMaxSessions = 1000;
constexpr std::ptrdiff_t kMaxSessionsOfOne = 64;   // uid, among others'
constexpr std::ptrdiff_t kMaxSessionsAlone = 512;  // of a broker of one's own
constexpr std::uint64_t kMaxOpenings = 600;        // of one uid in a minute: each is a durable entry
constexpr std::size_t kMaxEndedShown = 100;        // the ledger has them all

// Works also where the broker's user may not look into the person's folders: the kernel names what the
// descriptor is.
Result<std::string> path_of_directory(int fd) {
  struct stat status{};
  if (::fstat(fd, &status) != 0) return failed("look at the workspace");
  if (!S_ISDIR(status.st_mode)) return refuse("the workspace is not a directory");
  std::array<char, PATH_MAX> path{};
  const ssize_t size = ::readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), path.data(), path.size());
  if (size <= 0) return failed("find the workspace's path");
  std::string text(path.data(), static_cast<std::size_t>(size));
  if (status.st_nlink == 0 || !text.starts_with('/')) return refuse("the workspace was removed");
  return text;
}

// Never uid 0: a session that root starts takes the workspace owner's identity.
Result<policy::InnerIdentity> identity_for(const PeerIdentity& caller, int workspace,
                                           policy::WorkspaceMode mode) {
  if (caller.uid != 0) return policy::InnerIdentity{caller.uid, caller.gid};
  struct stat status{};
  if (::fstat(workspace, &status) != 0) return failed("look at the workspace");
  if (status.st_uid != 0)
    return policy::InnerIdentity{status.st_uid, status.st_gid != 0 ? status.st_gid : kNobody};
  if (mode == policy::WorkspaceMode::read_only) return policy::InnerIdentity{kNobody, kNobody};
  return refuse("the workspace belongs to root, and no agent runs as root or changes root's files",
                "give the workspace to an ordinary user (chown -R), or run pawl as that user");
}

std::string home_key(const std::string& workspace) {
  return to_hex(ByteSpan(receipt::sha256(workspace)).first(12));
}

std::string command_line(const std::vector<std::string>& argv) {
  std::string line;
  for (const std::string& word : argv) line += (line.empty() ? "" : " ") + receipt::visible_word(word);
  if (line.size() > kMaxCommandShown) line = line.substr(0, kMaxCommandShown) + " … (cut)";
  return line;
}

// What a session's launcher says, which is the person's program.
std::string told(const std::string& text) { return receipt::visible(text.substr(0, kMaxTold)); }

std::string how_it_ended(const sandbox::Report& report) {
  if (report.timed_out) return "its wall time was over";
  return report.out_of_memory ? report.trail : "exited";
}

std::vector<sandbox::StdioEntry> stdio_of(const wire::OpenSession& ask, std::uint32_t next) {
  std::vector<sandbox::StdioEntry> entries;
  for (const wire::StandardStream stream : ask.stdio) {
    sandbox::StdioEntry entry;
    if (stream == wire::StandardStream::terminal) entry.kind = sandbox::Stdio::terminal;
    if (stream == wire::StandardStream::stream) entry = {sandbox::Stdio::descriptor, next++};
    entries.push_back(entry);
  }
  return entries;
}

// What kind of terminal it is belongs to the terminal, whatever else of the environment the role keeps.
Result<> name_terminal(const wire::OpenSession& ask, sandbox::LaunchPlan& plan) {
  if (ask.terminal_type.empty() ||
      std::ranges::find(plan.stdio, sandbox::Stdio::terminal, &sandbox::StdioEntry::kind) == plan.stdio.end())
    return {};
  if (!wire::is_terminal_type(ask.terminal_type))
    return refuse("the terminal's type is no plain name", "set TERM to one, such as xterm-256color");
  std::erase(plan.inherit, "TERM");
  plan.environment.push_back("TERM=" + ask.terminal_type);
  return {};
}

}  // namespace

std::string Broker::session_directory(const std::string& id) const {
  // 16 digits keep the socket's path short; the broker alone makes these folders.
  return setup_.paths.sockets + "/sessions/" + id.substr(0, 16);
}

Result<policy::Role> Broker::role_of(const Session& session, const policy::Policy& policy) const {
  if (!session.handed_role.empty()) {
    auto handed = policy::build_handed_role(policy, "--policy", session.handed_role);
    if (!handed) return std::unexpected(policy::as_error(handed.error()));
    return *std::move(handed);
  }
  const policy::Role* const role = policy.find_role(session.info.role);
  if (role == nullptr)
    return refuse("there is no role " + receipt::visible(session.info.role), "see: pawl policy check");
  return *role;
}

// One person's sessions leave room for everybody else's.
Result<> Broker::admit_session(std::uint32_t uid) {
  if (sessions_.size() >= kMaxSessions)
    return refuse("too many sessions", "end some: pawl sessions, pawl kill");
  const auto own =
      std::ranges::count_if(sessions_, [uid](const auto& entry) { return entry.second->info.uid == uid; });
  if (own >= (setup_.paths.home == wire::Home::system ? kMaxSessionsOfOne : kMaxSessionsAlone))
    return refuse("you have " + std::to_string(own) + " sessions, and nobody has more",
                  "end some: pawl sessions, pawl kill");
  if (!openings_.try_emplace(uid, kMaxOpenings).first->second.admits(boot_clock()))
    return refuse("you have opened " + std::to_string(kMaxOpenings) + " sessions within a minute",
                  "wait a minute");
  return {};
}

Result<wire::SessionOpened> Broker::open_session(const Connection& caller, const wire::OpenSession& ask,
                                                 int workspace, UniqueFd& launcher_end) {
  if (ask.stdio.size() != 3 || ask.argv.empty()) return refuse("open_session is incomplete");
  // It stands in the session's ledger entry, where line breaks and quotes take two bytes.
  if (boost::json::serialize(boost::json::string(ask.policy_text)).size() > kMaxPolicyText)
    return refuse("the policy file is too long: the ledger keeps at most 40 KiB of it",
                  "make it shorter (comments count), or install it as a role");
  TRY(admit_session(caller.identity.uid));
  const policy::Policy& policy = *TRY(policy_.current());

  auto session = std::make_unique<Session>();
  session->info.id = random_id();
  session->info.role = ask.role;
  session->handed_role = ask.policy_text;
  const policy::Role role = TRY(role_of(*session, policy));
  const policy::Person* const person = policy.find_person_by_uid(caller.identity.uid);
  TRY(policy::may_launch(policy, role, person));
  TRY(books_->queue().freezes().may_run("", role.name, person != nullptr ? person->name : ""));

  const policy::InnerIdentity identity =
      TRY(identity_for(caller.identity, workspace, role.sandbox.files.workspace));
  policy::SessionContext context;
  context.session = session->info.id;
  context.workspace = TRY(path_of_directory(workspace));
  session->writes_workspace = role.sandbox.files.workspace != policy::WorkspaceMode::read_only;
  if (session->writes_workspace) TRY(keep_actions_apart(policy, context.workspace));
  context.broker_directory = session_directory(session->info.id);
  context.agent_program = setup_.programs.agent;
  session->llm_routes = routes_of(role);
  // Better no session than one whose model never answers.
  if (std::ranges::find(session->llm_routes, "https", &wire::Route::scheme) != session->llm_routes.end())
    (void)TRY(services_.trust_store());
  for (const wire::Route& route : session->llm_routes) context.placeholders.push_back(route.placeholder);
  context.argv = ask.argv;
  context.identity = identity;
  TRY(name_private_places(setup_.paths, caller.identity.uid, context));
  if (caller.identity.uid == 0) std::tie(context.uid, context.gid) = std::pair(identity.uid, identity.gid);
  sandbox::LaunchPlan plan = TRY(policy::lower_session(role, context));
  plan.stdio = stdio_of(ask, policy::session_stdin(role));
  TRY(name_terminal(ask, plan));

  const std::string token = random_id();
  session->token = receipt::sha256(token);
  session->outer_uid = identity.uid;
  session->info.role = role.name;
  session->info.person = person != nullptr ? person->name : "";
  session->info.uid = caller.identity.uid;
  session->info.workspace = context.workspace;
  session->info.command = command_line(ask.argv);
  session->info.started = wall_clock();
  TRY(open_agent_door(*session));
  UniqueFd end = TRY(link_launcher(*session));

  const wire::SessionInfo& info = session->info;
  const std::string key = home_key(context.workspace);
  auto noted = books_->note(ledger::Kind::session, {{"what", "opened"},
                                                    {"id", info.id},
                                                    {"role", info.role},
                                                    {"person", info.person},
                                                    {"uid", info.uid},
                                                    {"outer_uid", session->outer_uid},
                                                    {"workspace", receipt::visible(info.workspace)},
                                                    {"command", info.command},
                                                    {"token", to_hex(session->token)},
                                                    {"writes_workspace", session->writes_workspace},
                                                    {"policy_file", session->handed_role},
                                                    {"routes", routes_to_json(session->llm_routes)}});
  if (!noted) {
    front_.close_agent(info.id);
    return std::unexpected(std::move(noted).error());
  }
  launcher_end = std::move(end);
  wire::SessionOpened opened{info.id, token, key, sandbox::encode_plan(plan)};
  const std::string id = info.id;
  expect_launcher(*session, kLaunchTime, "no launcher reported within 30 s that it runs");
  sessions_[id] = std::move(session);
  return opened;
}

Result<> Broker::open_agent_door(Session& session) {
  const std::string directory = session_directory(session.info.id);
  const bool system = setup_.paths.home == wire::Home::system || ::geteuid() == 0;
  if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) return failed("make directory " + directory);
  if (::chmod(directory.c_str(), system ? 0711 : 0700) != 0) return failed("chmod " + directory);
  const std::uint32_t uid = session.outer_uid;
  return front_.open_agent(
      session.info.id, directory + "/" + wire::kAgentSocket, system ? 0666 : 0600,
      [uid](const PeerIdentity& peer) { return peer.uid == uid ? Admitted::known : Admitted::no; });
}

Result<UniqueFd> Broker::link_launcher(Session& session) {
  auto [ours, theirs] = TRY(Channel::pair());
  const std::string id = session.info.id;
  session.launcher = std::make_unique<LaunchLink>(
      loop_, std::move(ours), [this, id](const sandbox::Report* report, std::vector<UniqueFd> descriptors) {
        hear_launcher(id, report, std::move(descriptors));
      });
  return std::move(theirs).release();
}

void Broker::hear_launcher(const std::string& id, const sandbox::Report* report,
                           std::vector<UniqueFd> descriptors) {
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return;
  Session& session = *found->second;
  // The link calls: it is destroyed with the session only after it has returned.
  if (report == nullptr)
    return loop_.soon([this, id] {
      if (const auto still = sessions_.find(id); still != sessions_.end())
        (void)session_ended(*still->second, kKilled, "its launcher is gone");
    });
  switch (report->kind) {
    case sandbox::ReportKind::launched:
      session.limits = report->limits;
      session.limits_missing = report->limits_missing;
      return session_running(session, std::move(descriptors));
    case sandbox::ReportKind::failed:
      return loop_.soon([this, id, text = Error{report->errnum, report->trail, {}}.text()] {
        if (const auto still = sessions_.find(id); still != sessions_.end())
          (void)session_ended(*still->second, 125, "not launched: " + text);
      });
    case sandbox::ReportKind::ended:
      return loop_.soon([this, id, status = report->status, how = how_it_ended(*report)] {
        const auto still = sessions_.find(id);
        if (still == sessions_.end()) return;
        (void)session_ended(*still->second, WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
                            how);
      });
    case sandbox::ReportKind::broker_lost:
    case sandbox::ReportKind::stopped:
      return;
  }
}

void Broker::session_running(Session& session, std::vector<UniqueFd> descriptors) {
  if (descriptors.empty()) return;
  session.pidfd = std::move(descriptors.front());
  descriptors.erase(descriptors.begin());
  session.state = SessionState::running;
  session.patience.reset();
  start_routes(session, std::move(descriptors));
}

void Broker::expect_launcher(Session& session, std::chrono::milliseconds time, const std::string& otherwise) {
  session.patience = loop_.after(time, [this, id = session.info.id, otherwise] {
    loop_.soon([this, id, otherwise] {
      const auto still = sessions_.find(id);
      // Whoever reported meanwhile has cleared it.
      if (still != sessions_.end() && still->second->patience)
        (void)session_ended(*still->second, kKilled, otherwise);
    });
  });
}

void Broker::remember_ended(wire::SessionInfo info) {
  if (ended_sessions_.size() >= kMaxEndedShown) ended_sessions_.pop_front();
  ended_sessions_.push_back(std::move(info));
}

Result<> Broker::session_ended(Session& session, int exit_code, const std::string& how) {
  const std::string id = session.info.id;
  // On record first, but its authority ends in any case: after a full disk a restart looks for its launcher,
  // and records the end then.
  auto noted = note(ledger::Kind::session, {{"what", "ended"},
                                            {"id", id},
                                            {"exit_code", exit_code},
                                            {"how", told(how)},
                                            {"limits", told(session.limits)},
                                            {"limits_not_enforced", told(session.limits_missing)}});
  front_.close_agent(id);  // with whoever waits for a preview, which ends with them
  const std::string directory = session_directory(id);
  ::unlink((directory + "/" + wire::kAgentSocket).c_str());
  ::rmdir(directory.c_str());
  session.info.ended = wall_clock();
  session.info.exit_code = exit_code;
  remember_ended(session.info);
  sessions_.erase(id);
  if (noted) changed();
  return noted;
}

// After a restart: what was open and has not ended waits for its launcher to come back.
void Broker::recall_sessions() {
  std::map<std::string, std::unique_ptr<Session>> open;
  for (std::uint64_t next = 0; next < books_->ledger().size();) {
    const auto page = books_->ledger().read(next, 512);
    if (!page || page->empty()) return shut("the ledger cannot be read");
    next += page->size();
    for (const ledger::Entry& entry : *page) {
      if (entry.kind != ledger::Kind::session) continue;
      const boost::json::object& body = entry.body;
      const auto text = [&](const char* key) { return std::string(body.at(key).as_string()); };
      if (text("what") == "killed") {
        if (const auto killed = open.find(text("id")); killed != open.end()) killed->second->doomed = true;
        continue;
      }
      if (text("what") == "ended") {
        auto ended = open.extract(text("id"));
        if (ended.empty()) continue;
        ended.mapped()->info.ended = entry.time;
        ended.mapped()->info.exit_code = static_cast<std::int32_t>(body.at("exit_code").as_int64());
        remember_ended(std::move(ended.mapped()->info));
        continue;
      }
      auto session = std::make_unique<Session>();
      session->info = {text("id"),
                       text("role"),
                       text("person"),
                       static_cast<std::uint32_t>(body.at("uid").as_int64()),
                       text("workspace"),
                       text("command"),
                       entry.time,
                       0,
                       0};
      session->outer_uid = static_cast<std::uint32_t>(body.at("outer_uid").as_int64());
      session->token = receipt::digest_from_hex(text("token")).value_or(Digest{});
      session->handed_role = text("policy_file");
      session->llm_routes = routes_from_json(body);
      // Records of before this key: taken for one that does.
      if (const auto* writes = body.if_contains("writes_workspace"); writes != nullptr && writes->is_bool())
        session->writes_workspace = writes->get_bool();
      session->state = SessionState::orphaned;
      open[text("id")] = std::move(session);
    }
  }
  for (auto& [id, session] : open) {
    if (auto door = open_agent_door(*session); !door) {
      (void)session_ended(*sessions_.emplace(id, std::move(session)).first->second, kKilled,
                          door.error().text());
      continue;
    }
    if (session->doomed) front_.close_agent(id);
    expect_launcher(
        *session, kPatience,
        "its launcher did not come back; whether it runs is not known, and it is killed when it returns");
    sessions_[id] = std::move(session);
  }
}

}  // namespace pawl::broker
