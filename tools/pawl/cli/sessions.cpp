// pawl sessions, pawl kill.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <memory>
#include <optional>

#include "tools/held_sessions.hpp"
#include "tools/pawl/cli/broker.hpp"
#include "tools/pawl/cli/json_of.hpp"
#include "tools/pawl/cli/orders.hpp"
#include "tools/pawl/cli/output.hpp"
#include "tools/pawl/cli/verb.hpp"

namespace pawl::cli {
namespace {

struct SessionsOptions {
  bool all = false;
  bool json = false;
};

// Only a session's own person can tell whether it is detached: the broker is not part of it.
std::optional<bool> detached(const wire::SessionInfo& info) {
  if (info.ended != 0 || info.uid != ::getuid()) return std::nullopt;
  const auto held = tools::HeldSessions::open();
  if (!held) return std::nullopt;
  const tools::Attendance attendance = tools::attendance(*held, info.id);
  if (attendance == tools::Attendance::unknown) return std::nullopt;
  return attendance == tools::Attendance::detached;
}

std::string state(const wire::SessionInfo& info) {
  if (info.ended != 0) return fmt::format("exit {}", info.exit_code);
  return detached(info).value_or(false) ? "detached" : "running";
}

std::string session_table(const std::vector<wire::SessionInfo>& sessions) {
  if (sessions.empty()) return "no agent runs\n";
  std::vector<std::vector<std::string>> rows{
      {"ID", "ROLE", "STARTED BY", "SINCE", "STATE", "WORKSPACE", "COMMAND"}};
  for (const wire::SessionInfo& info : sessions)
    rows.push_back({short_id(info.id), info.role,
                    info.person.empty() ? fmt::format("uid {}", info.uid) : info.person,
                    local_time(info.started), state(info), info.workspace, info.command});
  return table(rows);
}

Outcome<ExitCode> list(const SessionsOptions& options) {
  const tools::Greeted broker = TRY(reach_broker());
  const auto sessions = TRY(broker.client.ask<wire::Sessions>(wire::ListSessions{options.all})).message.list;
  if (!options.json) {
    TRY(print(session_table(sessions) + freeze_notice(broker.client)));
    return ExitCode::done;
  }
  boost::json::array array;
  for (const wire::SessionInfo& info : sessions) {
    boost::json::object object = json_of(info);
    const auto known = detached(info);
    object["detached"] = known ? boost::json::value(*known) : boost::json::value(nullptr);
    array.push_back(std::move(object));
  }
  TRY(print_json(array));
  return ExitCode::done;
}

// What the broker's lists say about one session: by id its requests that wait or run.
Outcome<std::vector<wire::RequestInfo>> open_requests(const tools::Greeted& broker, const std::string& id) {
  std::vector<wire::RequestInfo> open;
  for (std::string after;;) {
    auto page = TRY(broker.client.ask<wire::Requests>(wire::ListRequests{true, after})).message;
    for (wire::RequestInfo& info : page.list) {
      after = info.id;
      const bool waits = info.state == wire::RequestState::pending ||
                         info.state == wire::RequestState::approved ||
                         info.state == wire::RequestState::executing;
      if (waits && info.session.starts_with(id)) open.push_back(std::move(info));
    }
    if (!page.more || page.list.empty()) return open;
  }
}

Outcome<bool> is_running(const tools::Greeted& broker, const std::string& id) {
  const auto sessions = TRY(broker.client.ask<wire::Sessions>(wire::ListSessions{false})).message.list;
  return std::ranges::any_of(sessions,
                             [&](const wire::SessionInfo& info) { return info.id.starts_with(id); });
}

// The broker says that it is done; what that meant is told by its lists of before.
Outcome<ExitCode> kill(const std::string& id) {
  const tools::Greeted broker = TRY(reach_broker());
  const auto running = is_running(broker, id);
  const auto open = open_requests(broker, id);  // whom people.toml does not know may kill their own, not list
  TRY(broker.client.ask<wire::Done>(wire::KillSession{id}));
  std::string text = "session " + short_id(id) + (running && !*running ? " had ended already" : " was ended");
  if (open) {
    const auto executing =
        std::ranges::count(*open, wire::RequestState::executing, &wire::RequestInfo::state);
    const auto waiting = std::ssize(*open) - executing;
    if (waiting > 0) text += fmt::format("; requests made void: {}", waiting);
    if (executing > 0) text += fmt::format("; running actions stopped: {}", executing);
  }
  TRY(print(text + "\n"));
  return ExitCode::done;
}

}  // namespace

Action declare_sessions(Options& command) {
  auto options = std::make_shared<SessionsOptions>();
  command.flag("--all", options->all, "also those that have ended");
  command.flag("--json", options->json, "one JSON array");
  return [options] { return list(*options); };
}

Action declare_kill(Options& command) {
  auto id = std::make_shared<std::string>();
  command.required("SESSION", *id, "its id");
  return [id] { return kill(*id); };
}

}  // namespace pawl::cli
