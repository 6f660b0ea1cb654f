// What people ask about sessions.
#include <algorithm>

#include "supervisor/broker/broker.hpp"
#include "supervisor/broker/failure.hpp"
#include "supervisor/receipt/digest.hpp"
#include "supervisor/receipt/render.hpp"

namespace pawl::broker {

using wire::FailureKind;

void Broker::answer_hello(const ConnectionPtr& connection, const wire::Hello& ask, std::vector<UniqueFd>) {
  if (ask.protocol != wire::kProtocol) {
    connection->refuse(FailureKind::usage, "protocol " + std::to_string(ask.protocol) + " is not spoken here",
                       "use the pawl that was installed with this broker");
    return connection->close_after_answer();
  }
  connection->phase = Phase::working;
  wire::Welcome welcome;
  welcome.home = setup_.paths.home;
  welcome.audience = books_->queue().audience();
  welcome.configuration = setup_.paths.configuration;
  const auto person = person_of(*connection);
  // The remedy is the reader's to add.
  if (!person) welcome.policy_problem = Error{person.error().errnum, person.error().trail, {}}.text();
  if (person && *person != nullptr) {
    welcome.person = (*person)->name;
    welcome.keys = (*person)->keys;
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
  // The records were read before anybody could ask: what is not there has ended, and must not go on
  // unwatched.
  if (found == sessions_.end()) return connection->answer(wire::SessionOver{});
  if (found->second->info.uid != connection->identity.uid ||
      receipt::sha256(ask.token) != found->second->token)
    return connection->refuse(FailureKind::not_found, "no such session waits for its launcher");
  if (found->second->doomed) {
    (void)session_ended(*found->second, kKilled, "it was killed while its launcher was away");
    return connection->answer(wire::SessionOver{});
  }
  auto launcher_end = link_launcher(*found->second);
  if (!launcher_end) return answer_error(*connection, FailureKind::failed, launcher_end.error());
  found->second->patience.reset();
  const int ends[] = {launcher_end->get()};
  connection->answer(wire::SessionResumed{}, ends);
}

void Broker::answer_list_sessions(const ConnectionPtr& connection, const wire::ListSessions& ask,
                                  std::vector<UniqueFd>) {
  if (!admit_reviewer(*connection)) return;
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
  const auto id = find_session_ever(ask.id);
  if (!id) return answer_error(*connection, FailureKind::not_found, id.error());
  const auto known = person_of(*connection);
  const policy::Person* const person = known.value_or(nullptr);
  const auto live = sessions_.find(*id);
  const auto ended = std::ranges::find(ended_sessions_, *id, &wire::SessionInfo::id);
  const bool own = live != sessions_.end()
                       ? live->second->info.uid == connection->identity.uid
                       : ended != ended_sessions_.end() && ended->uid == connection->identity.uid;
  if (!own && connection->identity.uid != 0 && person == nullptr) return refuse_stranger(*connection, known);
  const std::string by = person != nullptr ? person->name : "uid " + std::to_string(connection->identity.uid);
  const auto killed = kill_session(*id, by);
  changed();
  if (!killed) return answer_error(*connection, FailureKind::failed, killed.error());
  if (const auto orphan = sessions_.find(*id); orphan != sessions_.end())
    return doom_session(connection, *orphan->second, by);
  connection->answer(wire::Done{});
}

Result<> Broker::doom(Session& session, const std::string& by) {
  if (session.doomed) return {};
  TRY(note(ledger::Kind::session,
           {{"what", "killed"}, {"id", session.info.id}, {"by", receipt::visible(by)}}));
  session.doomed = true;
  front_.close_agent(session.info.id);
  return {};
}

// Whether it still runs cannot be told, so it is not called ended; that it is to end is on record before
// anybody hears so.
void Broker::doom_session(const ConnectionPtr& connection, Session& session, const std::string& by) {
  const std::string short_id = session.info.id.substr(0, 12);
  if (auto doomed = doom(session, by); !doomed)
    return answer_error(*connection, FailureKind::failed, doomed.error());
  connection->refuse(FailureKind::failed,
                     "session " + short_id + ": its launcher is not connected; it is killed when it returns",
                     "to end it now, end its pawl run or pawl-launch process");
}

}  // namespace pawl::broker
