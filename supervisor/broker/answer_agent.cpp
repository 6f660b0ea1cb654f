// What agents ask. Everything in these messages was written by the agent; the session is told by the socket.
#include <algorithm>

#include "supervisor/broker/broker.hpp"
#include "supervisor/broker/failure.hpp"
#include "supervisor/policy/rule_words.hpp"
#include "supervisor/receipt/render.hpp"

namespace pawl::broker {

using wire::FailureKind;

namespace {

constexpr std::uint32_t kLongestWait = 600'000;  // ms
constexpr std::size_t kMaxWords = 256;           // of an agent's, in the ledger

std::string approval_in_words(const policy::Policy& policy, const policy::Action& action) {
  const policy::Rule* const rule = policy.find_rule(action.approval);
  return rule == nullptr ? action.approval : rule->name + ": " + policy::rule_in_words(*rule);
}

wire::ActionInfo action_info(const policy::Policy& policy, const policy::Action& action) {
  wire::ActionInfo info{
      action.name,
      action.description,
      {},
      approval_in_words(policy, action),
      static_cast<std::uint32_t>(action.timeout.count()),
      action.preview.empty() ? 0 : static_cast<std::uint32_t>(action.preview_timeout.count())};
  for (const policy::Parameter& parameter : action.parameters) {
    const bool file = parameter.kind == policy::ParameterKind::file;
    info.parameters.push_back({parameter.name, file ? "" : parameter.match, file, file ? parameter.max : 0});
  }
  return info;
}

}  // namespace

void Broker::answer_agent_hello(const ConnectionPtr& connection, const wire::AgentHello& ask,
                                std::vector<UniqueFd>) {
  const auto found = sessions_.find(connection->session);
  if (ask.protocol != wire::kProtocol || found == sessions_.end()) {
    connection->refuse(FailureKind::usage, "protocol or session is not served here",
                       "start the session anew");
    return connection->close_after_answer();
  }
  const auto policy = policy_.current();
  if (!policy) return answer_error(*connection, FailureKind::invalid_policy, policy.error());
  const auto role = role_of(*found->second, **policy);
  if (!role) return answer_error(*connection, FailureKind::invalid_policy, role.error());
  connection->phase = Phase::working;
  wire::AgentWelcome welcome{wire::kProtocol, connection->session, role->name, {}};
  for (const policy::Action& action : role->actions) welcome.actions.push_back(action_info(**policy, action));
  connection->answer(welcome);
}

void Broker::answer_propose(const ConnectionPtr& connection, const wire::Propose& ask,
                            std::vector<UniqueFd> files) {
  const auto found = sessions_.find(connection->session);
  if (found == sessions_.end()) return connection->refuse(FailureKind::refused, "the session has ended");
  const Session& session = *found->second;
  const approval::Asker asker{session.info.id, session.info.person};
  const std::string role = session.info.role;
  if (!found->second->proposals.admits(boot_clock())) {
    const Error busy{0, "this session asks too often", "wait a minute"};
    limit_log_.add_refused(asker, role, ask.action, busy.trail);
    return answer_error(*connection, FailureKind::busy, busy);
  }
  const std::uint64_t pressed = books_->queue().counts(asker).refused;
  const Told told = [this, asker, role, pressed, action = ask.action.substr(0, kMaxWords)](
                        Connection& agent, const Result<Filed>& filed) {
    if (!filed) {
      // What was asked and refused is on record as well; the words are the agent's, so they are quoted and
      // bounded. What a limit refused is counted: an agent that presses must not fill the disk. An error here
      // is the ledger's own affair: the answer is a refusal in any case.
      if (books_->queue().counts(asker).refused > pressed)
        limit_log_.add_refused(asker, role, action, filed.error().trail);
      else
        (void)note(ledger::Kind::deny,
                   {{"session", agent.session},
                    {"role", role},
                    {"action", receipt::visible(action)},
                    {"reason", receipt::visible(filed.error().text().substr(0, 4 * kMaxWords))}});
      return answer_error(agent, FailureKind::refused, filed.error());
    }
    if (filed->joined) limit_log_.add_joined(asker, role, action);
    wire::RequestStatus status = status_of(**books_->queue().find(filed->id));
    status.joined = filed->joined;
    agent.answer(status);
  };
  auto draft = draft_for(*found->second, ask, files);
  if (!draft) return told(*connection, std::unexpected(std::move(draft).error()));
  submit(connection, *std::move(draft), told);
}

void Broker::answer_await_request(const ConnectionPtr& connection, const wire::AwaitRequest& ask,
                                  std::vector<UniqueFd>) {
  const auto session = sessions_.find(connection->session);
  if (session == sessions_.end()) return connection->refuse(FailureKind::refused, "the session has ended");
  if (!session->second->awaits.admits(boot_clock()))
    return connection->refuse(FailureKind::busy, "this session asks too often", "wait a minute");
  const auto found = books_->queue().find(ask.id);
  // Another session's request is as unknown as one that does not exist.
  if (!found || (*found)->binding.session != connection->session)
    return connection->refuse(FailureKind::not_found,
                              "this session has no request " + receipt::visible(ask.id),
                              "give the id that pawl-agent request printed");
  const std::string id = (*found)->id();
  waiting_.wait(
      connection, std::chrono::milliseconds(std::min(ask.wait, kLongestWait)),
      [this, id](Connection& waiter) {
        const auto request = books_->queue().find(id);
        if (!request || !approval::is_final((*request)->state)) return false;
        waiter.answer(status_of(**request));
        return true;
      },
      [this, id](Connection& waiter) {
        if (const auto request = books_->queue().find(id)) waiter.answer(status_of(**request));
      });
}

}  // namespace pawl::broker
