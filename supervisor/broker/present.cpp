// How a request is shown: to people, to the agent that asked, to the operator's notifier.
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include "supervisor/broker/broker.hpp"
#include "supervisor/broker/log_line.hpp"
#include "supervisor/receipt/render.hpp"

namespace pawl::broker {
namespace {

constexpr std::size_t kMaxSummaries = 4096, kMaxOutputs = 256;  // remembered
constexpr std::size_t kMaxShownOutput = 24 * 1024;              // bytes of each stream in an answer

wire::RequestState wire_state(approval::State state) {
  using approval::State;
  switch (state) {
    case State::pending:
      return wire::RequestState::pending;
    case State::approved:
      return wire::RequestState::approved;
    case State::consumed:
    case State::executing:
      return wire::RequestState::executing;
    case State::done:
      return wire::RequestState::done;
    case State::denied:
      return wire::RequestState::denied;
    case State::expired:
      return wire::RequestState::expired;
    case State::voided:
      return wire::RequestState::voided;
    case State::indeterminate:
      return wire::RequestState::indeterminate;
    case State::released:
      return wire::RequestState::released;
  }
  return wire::RequestState::indeterminate;
}

// "waits for 1 of 2 approvals, 1 of @security"
std::string waits_for(const approval::Request& request) {
  const approval::Missing missing = request.missing();
  std::string text = "waits for " + std::to_string(missing.persons) + " of " +
                     std::to_string(request.rule.quorum) + " approvals";
  for (const approval::Missing::OfGroup& group : missing.of_groups)
    text += ", " + std::to_string(group.persons) + " of " + group.group;
  return text;
}

std::string detail_of(const approval::Request& request) {
  using approval::State;
  switch (request.state) {
    case State::pending:
      return waits_for(request);
    case State::approved:
    case State::consumed:
    case State::executing:
      return "approved, being carried out";
    case State::done:
      return request.outcome ? request.outcome->detail : "";
    case State::denied:
    case State::voided:
      return request.reason;
    case State::expired:
      return "nobody decided in time";
    case State::indeterminate:
      return "it was begun, and a restart of the broker found no outcome: look at the target before asking "
             "again";
    case State::released:
      return "released: its receipt lets a pipeline start it once";
  }
  return "";
}

std::int32_t exit_code_of(const approval::Outcome& outcome) {
  switch (outcome.ending) {
    case approval::Ending::exited:
      return outcome.code;
    case approval::Ending::signalled:
      return 128 + outcome.code;
    case approval::Ending::timed_out:
      return 124;  // as timeout(1) says it
    case approval::Ending::not_started:
      return 125;
  }
  return 125;
}

}  // namespace

Result<receipt::Document> Broker::document_of(const approval::Request& request) {
  const Bytes bytes = TRY(books_->blobs().get(request.binding.document, kMaxDocument));
  return receipt::read_any_document(as_text(bytes));
}

// Lists and waiting agents ask again and again for what never changes: a blob is read and hashed once.
const std::string& Broker::summary_of(const approval::Request& request) {
  static const std::string none;
  const Digest& key = request.binding.document;
  if (const auto known = summaries_.find(key); known != summaries_.end()) return known->second;
  const auto document = document_of(request);
  if (!document) return none;
  std::string summary;
  for (const std::string& word : receipt::argv_of(*document))
    summary += (summary.empty() ? "" : " ") + receipt::visible_word(word);
  constexpr std::size_t kMaxSummary = 512;
  if (summary.size() > kMaxSummary) summary = summary.substr(0, kMaxSummary) + " ... (cut: pawl show)";
  if (summaries_.size() >= kMaxSummaries) summaries_.clear();
  return summaries_[key] = std::move(summary);
}

// Why nothing comes of what waits.
std::string Broker::frozen_in_words(const approval::Request& request) const {
  const approval::Ban* const freeze = books_->queue().freezes().frozen(request.binding.role);
  if (freeze == nullptr || approval::is_final(request.state)) return {};
  return "; frozen by " + freeze->by + ": " + receipt::visible(freeze->reason);
}

wire::RequestInfo Broker::info_of(const approval::Request& request) {
  wire::RequestInfo info;
  info.id = request.id();
  info.session = request.binding.session;
  info.role = request.binding.role;
  info.action = request.action;
  info.launcher = request.binding.launcher;
  info.summary = summary_of(request);
  info.rule = request.rule.name;
  info.quorum = request.rule.quorum;
  info.approvals = request.approvals();
  info.created = request.created;
  info.expires = request.binding.expires * 1000;
  info.state = wire_state(request.state);
  info.detail = detail_of(request) + frozen_in_words(request);
  info.rolls_back = request.rolls_back;
  info.emergency = request.rule.emergency;
  if (request.state == approval::State::pending)
    for (const approval::Missing::OfGroup& group : request.missing().of_groups)
      info.missing.push_back({group.group, group.persons});
  return info;
}

std::string Broker::output_of(const std::optional<Digest>& blob, bool& truncated) {
  if (!blob) return "";
  if (const auto known = outputs_.find(*blob); known != outputs_.end()) {
    truncated = truncated || known->second.second;
    return known->second.first;
  }
  const auto bytes = books_->blobs().get(*blob, 2 * policy::kLargestOutput);
  if (!bytes) {
    truncated = true;
    return "[pawl: the output cannot be read: " + bytes.error().text() + "]\n";
  }
  std::string text(as_text(*bytes));
  const bool cut = text.size() > kMaxShownOutput;
  if (cut) {
    text.resize(kMaxShownOutput);
    text += "\n[pawl: cut here; " + std::to_string(bytes->size()) + " bytes in all]\n";
  }
  truncated = truncated || cut;
  if (outputs_.size() >= kMaxOutputs) outputs_.clear();
  outputs_[*blob] = {text, cut};
  return text;
}

wire::RequestStatus Broker::status_of(const approval::Request& request) {
  wire::RequestStatus status;
  status.id = request.id();
  status.action = request.action;
  status.state = wire_state(request.state);
  status.detail = detail_of(request) + frozen_in_words(request);
  status.decided_by = request.state == approval::State::denied ? request.by : "";
  status.expires = request.binding.expires * 1000;
  status.preview = preview_text(request);
  status.replaced_by = request.replaced_by;
  if (request.outcome) {
    status.exit_code = exit_code_of(*request.outcome);
    status.timed_out = request.outcome->ending == approval::Ending::timed_out;
    status.standard_output = output_of(request.outcome->out, status.output_truncated);
    status.standard_error = output_of(request.outcome->err, status.output_truncated);
  }
  return status;
}

// Told once, when it begins to wait: those who may decide at once. A notifier that cannot be started changes
// nothing: people also look.
void Broker::notify(const approval::Request& request) {
  const std::string command = notifier();
  if (command.empty()) return;
  std::vector<std::string> reviewers;
  for (const approval::Group& group : request.rule.from)
    if (group.after == 0) reviewers.push_back(group.name);
  if (note(ledger::Kind::notify, {{"request", request.id()}, {"command", command}}))
    ring(request, "request", reviewers);
}

// Each step of a rule is told once; that it was is on record first, so that a restart does not tell it again.
bool Broker::tell_escalations() {
  bool moved = false;
  for (approval::Escalated& begun : books_->queue().escalate(wall_clock(), notifier())) {
    // What cannot be recorded now (a full disk) is tried again with the next tick.
    if (!commit(std::move(begun.step))) continue;
    moved = true;
    if (const auto request = books_->queue().find(begun.request)) ring(**request, "escalation", begun.groups);
  }
  return moved;
}

std::string Broker::notifier() {
  const auto policy = policy_.current();
  if (!policy || (*policy)->settings.notify_command.empty()) return "";
  return (*policy)->settings.notify_command.front();
}

void Broker::ring(const approval::Request& request, std::string_view event,
                  const std::vector<std::string>& groups) {
  const auto policy = policy_.current();
  if (!policy || (*policy)->settings.notify_command.empty()) return;
  boost::json::array reviewers;
  for (const std::string& group : groups) reviewers.emplace_back(group);
  const boost::json::object message{{"event", event},
                                    {"id", request.id()},
                                    {"audience", books_->queue().audience()},
                                    {"role", request.binding.role},
                                    {"action", request.action},
                                    {"launcher", request.binding.launcher},
                                    {"rule", request.rule.name},
                                    {"emergency", request.rule.emergency},
                                    {"from", std::move(reviewers)},
                                    {"expires", request.binding.expires}};
  books_->when_durable([this, command = (*policy)->settings.notify_command,
                        text = boost::json::serialize(message) + "\n", id = request.id().substr(0, 12)] {
    // The spawner's own end is noticed by itself; a notice that did not go out changes nothing.
    if (auto told = spawner_.notify(command, text); !told)
      log_line("nobody was told about request " + id + ": " + told.error().text());
  });
}

}  // namespace pawl::broker
