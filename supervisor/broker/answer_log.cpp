// What people ask about the log as a whole.
#include "supervisor/broker/broker.hpp"
#include "supervisor/broker/failure.hpp"
#include "supervisor/wire/log_messages.hpp"

namespace pawl::broker {

using wire::FailureKind;

void Broker::answer_get_checkpoint(const ConnectionPtr& connection, const wire::GetCheckpoint& ask,
                                   std::vector<UniqueFd>) {
  if (!admit_reviewer(*connection)) return;
  settle();
  ledger::Ledger& log = books_->ledger();
  wire::LogCheckpoint answer{log.checkpoint(), log.key().text(), {}};
  if (ask.since > 0) {
    auto path = log.prove_consistency(ask.since, ask.size > 0 ? ask.size : log.size());
    if (!path) return answer_error(*connection, FailureKind::refused, path.error());
    answer.path = *std::move(path);
  }
  connection->answer(answer);
}

}  // namespace pawl::broker
