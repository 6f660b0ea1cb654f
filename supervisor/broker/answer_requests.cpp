// What reviewers ask: the queue, one request whole, a decision, its receipt; and the log.
#include <algorithm>

#include "supervisor/broker/broker.hpp"
#include "supervisor/broker/failure.hpp"
#include "supervisor/receipt/bundle.hpp"

namespace pawl::broker {

using wire::FailureKind;

namespace {

constexpr std::uint32_t kLongestWait = 60'000;          // ms
constexpr std::size_t kPageBytes = kMaxMessage - 4096;  // leaves room for the frame

std::chrono::milliseconds bounded(std::uint32_t wait) {
  return std::chrono::milliseconds(std::min(wait, kLongestWait));
}

FailureKind kind_of(const approval::Request& request) {
  return request.state == approval::State::expired ? FailureKind::expired : FailureKind::refused;
}

}  // namespace

void Broker::answer_list_requests(const ConnectionPtr& connection, const wire::ListRequests& ask,
                                  std::vector<UniqueFd>) {
  if (!admit_reviewer(*connection)) return;
  const auto requests = ask.all ? books_->queue().list() : books_->queue().pending();
  auto from = requests.begin();
  if (!ask.after.empty()) {
    from = std::ranges::find(requests, ask.after,
                             [](const approval::Request* request) { return request->id(); });
    if (from == requests.end())
      return connection->refuse(FailureKind::not_found, "the list has changed", "ask for it from the start");
    ++from;
  }
  wire::Requests page;
  std::size_t bytes = 0;
  for (; from != requests.end(); ++from) {
    wire::RequestInfo info = info_of(**from);
    bytes += codec::encode(info).size();
    if (bytes > kPageBytes) break;
    page.list.push_back(std::move(info));
  }
  page.more = from != requests.end();
  connection->answer(page);
}

void Broker::answer_show_request(const ConnectionPtr& connection, const wire::ShowRequest& ask,
                                 std::vector<UniqueFd>) {
  if (!admit_reviewer(*connection)) return;
  const auto found = books_->queue().find(ask.id);
  if (!found) return answer_error(*connection, FailureKind::not_found, found.error());
  const approval::Request& request = **found;
  wire::RequestShown shown;
  shown.info = info_of(request);
  shown.audience = request.binding.audience;
  auto document = books_->blobs().get(request.binding.document, kPageBytes);
  if (!document) return answer_error(*connection, FailureKind::failed, document.error());
  shown.document = as_text(*document);
  shown.why = request.why;
  shown.policy = request.binding.policy;
  shown.issued = request.binding.issued;
  shown.expires = request.binding.expires;
  shown.agent = request.binding.agent;
  shown.preview = request.binding.preview;
  shown.rollback = rollback_of(request);
  shown.replaces = request.replaces;
  shown.replaced_by = request.replaced_by;
  const policy::Person* const person = person_of(*connection).value_or(nullptr);
  const bool is_launcher = person != nullptr && person->name == request.binding.launcher;
  for (const approval::Group& group : request.rule.from) {
    shown.from.push_back(group.name);
    shown.groups.push_back({group.name, group.least, request.approvals_as(group.name),
                            group.after == 0 ? 0 : request.opens(group)});
    if (person != nullptr && (!is_launcher || request.rule.allow_launcher) &&
        approval::find_member(request.rule, group.name, person->name) != nullptr)
      shown.caller_groups.push_back(group.name);
  }
  shown.hardware = request.rule.hardware;
  for (const approval::Decision& decision : request.decisions)
    shown.decisions.push_back({decision.statement.person, decision.statement.group,
                               decision.statement.verdict == receipt::Verdict::approve,
                               decision.statement.reason, decision.received});
  if (request.outcome) {
    const wire::RequestStatus status = status_of(request);
    shown.exit_code = status.exit_code;
    shown.output = status.standard_output + status.standard_error;
    shown.output_truncated = status.output_truncated;
  }
  connection->answer(shown);
}

void Broker::answer_decide(const ConnectionPtr& connection, const wire::Decide& ask, std::vector<UniqueFd>) {
  // Anybody who may look may bring a decision: whose it is, the signature tells.
  if (!admit_reviewer(*connection)) return;
  const auto found = books_->queue().find(ask.id);
  if (!found) return answer_error(*connection, FailureKind::not_found, found.error());
  const std::string id = (*found)->id();
  if (auto looked = look_at_clock(); !looked)
    return answer_error(*connection, FailureKind::failed, looked.error());
  const auto policy = policy_.current();
  if (!policy) return answer_error(*connection, FailureKind::invalid_policy, policy.error());
  const auto current = current_for(**policy, **found);
  if (!current) return answer_error(*connection, FailureKind::refused, current.error());
  auto step = books_->queue().decide(id, ask.statement, ask.signature, *current, wall_clock());
  if (!step) return answer_error(*connection, kind_of(**books_->queue().find(id)), step.error());
  if (auto committed = commit(*std::move(step)); !committed)
    return answer_error(*connection, FailureKind::failed, committed.error());
  if ((*books_->queue().find(id))->state == approval::State::approved) perform(id);
  changed();
  if (const auto now = books_->queue().find(id)) connection->answer(wire::Decided{info_of(**now)});
}

void Broker::answer_watch_queue(const ConnectionPtr& connection, const wire::WatchQueue& ask,
                                std::vector<UniqueFd>) {
  if (!admit_reviewer(*connection)) return;
  waiting_.wait(
      connection, bounded(ask.wait),
      [this, seen = ask.generation](Connection& waiter) {
        if (books_->generation() == seen) return false;
        waiter.answer(wire::QueueChanged{books_->generation()});
        return true;
      },
      [this](Connection& waiter) { waiter.answer(wire::QueueChanged{books_->generation()}); });
}

void Broker::answer_read_log(const ConnectionPtr& connection, const wire::ReadLog& ask,
                             std::vector<UniqueFd>) {
  if (!admit_reviewer(*connection)) return;
  const auto page_from = [this](std::uint64_t from) -> Result<wire::LogPage> {
    constexpr std::size_t kMost = 256;
    return wire::LogPage{
        TRY(books_->ledger().lines(from, kMost, kPageBytes - kMost * sizeof(std::uint32_t)))};
  };
  const auto answer = [page_from, from = ask.from](Connection& waiter) {
    if (auto page = page_from(from))
      waiter.answer(*page);
    else
      answer_error(waiter, FailureKind::failed, page.error());
  };
  waiting_.wait(
      connection, bounded(ask.wait),
      [this, from = ask.from, answer](Connection& waiter) {
        if (from >= books_->ledger().size()) return false;
        answer(waiter);
        return true;
      },
      answer);
}

void Broker::answer_get_receipt(const ConnectionPtr& connection, const wire::GetReceipt& ask,
                                std::vector<UniqueFd>) {
  if (!admit_reviewer(*connection)) return;
  settle();  // what burned it may be of this very turn, and is proved by a checkpoint only
  const auto found = books_->queue().find(ask.id);
  if (!found) return answer_error(*connection, FailureKind::not_found, found.error());
  const approval::Request& request = **found;
  if (request.decisions.empty())
    return connection->refuse(FailureKind::refused, "nobody has decided on this request yet",
                              "see: pawl show");
  receipt::Bundle bundle;
  auto document = books_->blobs().get(request.binding.document, kPageBytes);
  if (!document) return answer_error(*connection, FailureKind::failed, document.error());
  bundle.document = as_text(*document);
  for (const approval::Decision& decision : request.decisions) bundle.decisions.push_back(decision.evidence);
  if (request.consumed_at) {
    auto proof = books_->ledger().prove(*request.consumed_at);
    if (!proof) {
      if (books_->ledger().poisoned()) shut(proof.error().text());
      return answer_error(*connection, FailureKind::failed, proof.error());
    }
    bundle.consumed = receipt::LedgerProof{proof->index, std::move(proof->line), std::move(proof->path),
                                           std::move(proof->checkpoint)};
  }
  auto text = receipt::write_bundle(bundle);
  if (!text) return answer_error(*connection, FailureKind::failed, text.error());
  connection->answer(wire::Receipt{*std::move(text)});
}

}  // namespace pawl::broker
