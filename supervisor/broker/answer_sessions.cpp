// What people ask about sessions.
#include <algorithm>

#include "supervisor/broker/broker.hpp"
#include "supervisor/broker/failure.hpp"
#include "supervisor/receipt/digest.hpp"

namespace pawl::broker {

using wire::FailureKind;

void Broker::answer_hello(const ConnectionPtr& connection, const wire::Hello& ask, std::vector<UniqueFd>) {
  if (ask.protocol != wire::kProtocol) {
    connection->refuse(FailureKind::usage, "protocol " + std::to_string(ask.protocol) + " is not spoken here",
                       "use the pawl that was installed with this broker");
    return connection->close();
  }
  connection->phase = Phase::working;
  wire::Welcome welcome;
  welcome.home = setup_.paths.home;
  welcome.audience = books_->queue().audience();
  welcome.configuration = setup_.paths.configuration;
  if (const policy::Person* person = person_of(*connection)) {
    welcome.person = person->name;
    welcome.keys = person->keys;
  }
  connection->answer(welcome);
}

void Broker::answer_open_session(const ConnectionPtr& connection, const wire::OpenSession& ask,
                                 std::vector<UniqueFd> descriptors) {
  if (descriptors.size() != 1)
    return connection->refuse(FailureKind::usage, "open_session needs the workspace's descriptor");
  UniqueFd launcher_end;
  auto opened = open_session(*connection, ask, descriptors.front().get(), launcher_end);
  if (!opened) return answer_error(*connection, FailureKind::refused, opened.error());
  const int ends[] = {launcher_end.get()};
  connection->answer(*opened, ends);
}

void Broker::answer_resume_session(const ConnectionPtr& connection, const wire::ResumeSession& ask,
                                   std::vector<UniqueFd>) {
  const auto found = sessions_.find(ask.id);
  if (found == sessions_.end() || found->second->info.uid != connection->identity.uid ||
      receipt::sha256(ask.token) != found->second->token)
    return connection->refuse(FailureKind::not_found, "no such session waits for its launcher");
  auto launcher_end = link_launcher(*found->second);
  if (!launcher_end) return answer_error(*connection, FailureKind::failed, launcher_end.error());
  found->second->patience.reset();
  const int ends[] = {launcher_end->get()};
  connection->answer(wire::SessionResumed{}, ends);
}

void Broker::answer_list_sessions(const ConnectionPtr& connection, const wire::ListSessions& ask,
                                  std::vector<UniqueFd>) {
  if (!may_review(*connection))
    return connection->refuse(FailureKind::refused, "people.toml does not know you");
  wire::Sessions sessions;
  if (ask.ended_too) sessions.list.assign(ended_sessions_.begin(), ended_sessions_.end());
  for (const auto& [id, session] : sessions_) sessions.list.push_back(session->info);
  std::ranges::sort(sessions.list, {}, &wire::SessionInfo::started);
  // As many of the newest as one answer holds.
  while (wire::frame(sessions).size() > kMaxMessage) sessions.list.erase(sessions.list.begin());
  connection->answer(sessions);
}

void Broker::answer_kill_session(const ConnectionPtr& connection, const wire::KillSession& ask,
                                 std::vector<UniqueFd>) {
  const auto session = find_session(ask.id);
  if (!session) return answer_error(*connection, FailureKind::not_found, session.error());
  const policy::Person* const person = person_of(*connection);
  const bool own = (*session)->info.uid == connection->identity.uid;
  if (!own && connection->identity.uid != 0 && person == nullptr)
    return connection->refuse(FailureKind::refused, "people.toml does not know you",
                              "ask somebody whom it does");
  const std::string by = person != nullptr ? person->name : "uid " + std::to_string(connection->identity.uid);
  for (approval::Step& step :
       books_->queue().withdraw_session((*session)->info.id, by, "the session was killed"))
    if (auto committed = commit(std::move(step)); !committed)
      return answer_error(*connection, FailureKind::failed, committed.error());
  if ((*session)->launcher)
    (*session)->launcher->kill();
  else  // its launcher has not come back after a restart: when it does it is refused, and ends everything
    session_ended(**session, 137, "killed by " + by);
  changed();
  connection->answer(wire::Done{});
}

}  // namespace pawl::broker
