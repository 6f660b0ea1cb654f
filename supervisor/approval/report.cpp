#include "supervisor/approval/report.hpp"

#include <algorithm>

#include "supervisor/approval/records.hpp"
#include "supervisor/receipt/json_fields.hpp"

namespace pawl::approval {
namespace {

using ledger::Kind;
using receipt::from_object;

std::string text_at(const boost::json::object& body, std::string_view key) {
  const auto* value = body.if_contains(key);
  const auto* text = value != nullptr ? value->if_string() : nullptr;
  return text != nullptr ? std::string(*text) : std::string();
}

std::uint64_t count_at(const boost::json::object& body, std::string_view key) {
  const auto* value = body.if_contains(key);
  const auto* count = value != nullptr ? value->if_int64() : nullptr;
  return count != nullptr && *count > 0 ? static_cast<std::uint64_t>(*count) : 0;
}

bool waits(State state) { return state == State::pending || state == State::approved; }

std::optional<std::int64_t> median_of(std::vector<std::int64_t> times) {
  if (times.empty()) return std::nullopt;
  const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
  std::ranges::nth_element(times, middle);
  if (times.size() % 2 == 1) return *middle;
  return (*middle + *std::max_element(times.begin(), middle)) / 2;
}

}  // namespace

Result<> Reporter::take(const ledger::Entry& entry) {
  const auto dispatch = [&]() -> Result<> {
    switch (entry.kind) {
      case Kind::request:
        return take_request(entry);
      case Kind::decision:
        return take_decision(entry);
      case Kind::outcome:
        return take_outcome(entry);
      case Kind::recover:
        return take_recover(entry);
      case Kind::consume:
        move(entry, State::consumed);
        return {};
      case Kind::exec_start:
        move(entry, State::executing);
        return {};
      case Kind::expire:
        move(entry, State::expired);
        return {};
      case Kind::revoke:
        move(entry, State::voided);
        return {};
      case Kind::session:
        if (const std::string role = text_at(entry.body, "role"); !role.empty())
          session_roles_[text_at(entry.body, "session")] = role;
        return {};
      case Kind::deny:
        take_refusal(entry);
        return {};
      default:
        return {};
    }
  };
  TRY_DURING("entry " + std::to_string(entry.index) + " (" + std::string(word(entry.kind)) + ")", dispatch());
  return {};
}

// What is out of scope, or not about a request, is nobody's.
Reporter::Known* Reporter::find(const ledger::Entry& entry) {
  const auto found = requests_.find(text_at(entry.body, "request"));
  return found != requests_.end() ? &found->second : nullptr;
}

void Reporter::move(const ledger::Entry& entry, State state) {
  if (Known* const known = find(entry)) known->state = state;
}

Result<> Reporter::take_request(const ledger::Entry& entry) {
  if (entry.time < scope_.since) return {};
  RequestRecord record = TRY(from_object<RequestRecord>(entry.body));
  if (!scope_.role.empty() && record.binding.role != scope_.role) return {};
  Known known{.role = record.binding.role,
              .action = record.action,
              .rule = record.rule.name,
              .launcher = record.binding.launcher,
              .quorum = record.rule.quorum,
              .groups = std::move(record.rule.from),
              .emergency = record.rule.emergency,
              .asked = entry.time};
  if (requests_.emplace(record.binding.request, std::move(known)).second)
    order_.push_back(record.binding.request);
  return {};
}

Result<> Reporter::take_decision(const ledger::Entry& entry) {
  Known* const known = find(entry);
  if (known == nullptr) return {};
  const DecisionRecord record = TRY(from_object<DecisionRecord>(entry.body));
  const receipt::Statement said = TRY(receipt::read_statement(record.decision.statement));
  if (said.verdict == receipt::Verdict::deny) {
    ++reviewers_[said.person].denied;
    known->state = State::denied;
    known->decided = entry.time;
    known->by = said.person;
    known->reason = said.reason;
    return {};
  }
  ++reviewers_[said.person].approved;
  known->approvals.emplace_back(said.person, said.reason);
  ++known->of_group[said.group];
  const bool heard = std::ranges::all_of(
      known->groups, [&](const Group& group) { return known->of_group[group.name] >= group.least; });
  if (known->state == State::pending && heard && known->approvals.size() >= known->quorum) {
    known->state = State::approved;
    known->decided = entry.time;
  }
  return {};
}

Result<> Reporter::take_outcome(const ledger::Entry& entry) {
  Known* const known = find(entry);
  if (known == nullptr) return {};
  const auto* body = entry.body.if_contains("outcome");
  if (body == nullptr || !body->is_object()) return refuse("it holds no outcome");
  known->state = State::done;
  known->failed =
      text_at(body->get_object(), "ending") != "exited" || count_at(body->get_object(), "code") > 0;
  return {};
}

Result<> Reporter::take_recover(const ledger::Entry& entry) {
  using What = ledger::Recovery::What;
  const auto recovery = TRY(from_object<ledger::Recovery>(entry.body));
  const bool voids = recovery.what == What::restored || recovery.what == What::clock;
  const bool doubts = recovery.what == What::restored || recovery.what == What::restart;
  for (auto& [id, known] : requests_) {
    if (waits(known.state) && voids) known.state = State::voided;
    if ((known.state == State::consumed || known.state == State::executing) && doubts)
      known.state = State::indeterminate;
  }
  return {};
}

// Either one refusal, or those of a minute by a limit.
void Reporter::take_refusal(const ledger::Entry& entry) {
  if (entry.time < scope_.since) return;
  std::string role = text_at(entry.body, "role");
  if (const auto session = session_roles_.find(text_at(entry.body, "session"));
      role.empty() && session != session_roles_.end())
    role = session->second;
  if (!scope_.role.empty() && role != scope_.role) return;
  Report::Row& row = refusals_[{role, text_at(entry.body, "action")}];
  const bool counted = entry.body.contains("refused");
  const std::uint64_t refused = counted ? count_at(entry.body, "refused") : 1;
  row.refused += refused;
  if (counted) row.pressed += refused;
  row.joined += count_at(entry.body, "joined");
}

Report Reporter::finish() const {
  Report report;
  report.rows = refusals_;
  report.reviewers = reviewers_;
  std::map<std::pair<std::string, std::string>, std::vector<std::int64_t>> times;
  for (const std::string& id : order_) {
    const Known& known = requests_.at(id);
    Report::Row& row = report.rows[{known.role, known.action}];
    ++row.requests;
    const bool approved = known.decided && known.state != State::denied;
    if (approved) ++row.approved;
    if (known.state == State::denied) ++row.denied;
    if (known.state == State::expired) ++row.expired;
    if (known.state == State::voided) ++row.voided;
    if (waits(known.state)) ++row.waiting;
    if (known.state == State::indeterminate) ++row.indeterminate;
    if (known.failed) ++row.failed;
    if (approved && known.emergency) ++row.emergencies;
    if (known.decided) times[{known.role, known.action}].push_back(*known.decided - known.asked);
    if (known.state == State::denied)
      report.denials.push_back({id, known.role, known.action, known.by, known.reason, *known.decided});
    if (known.emergency)
      report.emergencies.push_back({id, known.role, known.action, known.rule, known.launcher, known.approvals,
                                    known.asked, known.state});
  }
  for (auto& [key, list] : times) report.rows[key].median = median_of(std::move(list));
  return report;
}

}  // namespace pawl::approval
