// The remembering half of the queue: what an entry of the ledger changes. A start replays it, so it depends
// on nothing but the entries. Signatures are not checked here: they were before the entry was written, are
// again before a receipt is spent, and by `log verify`.
#include <algorithm>
#include <set>

#include "supervisor/approval/orders.hpp"
#include "supervisor/approval/queue.hpp"
#include "supervisor/approval/records.hpp"
#include "supervisor/receipt/json_fields.hpp"

namespace pawl::approval {
namespace {

using ledger::Kind;
using receipt::from_object;

Result<> must_be(const Request& request, std::initializer_list<State> allowed) {
  if (std::ranges::find(allowed, request.state) == allowed.end())
    return refuse("the request is " + std::string(word(request.state)));
  return {};
}

void move_to(Request& request, State state, const ledger::Entry& entry) {
  request.state = state;
  request.changed = entry.time;
}

// A later request may take it back, or be made in its place.
bool may_be_named(const Request& request) {
  if (request.state == State::voided) return request.binding.preview && request.replaced_by.empty();
  return request.parameters && (request.state == State::done || request.state == State::indeterminate);
}

}  // namespace

Result<> Queue::apply(const ledger::Entry& entry) {
  const auto dispatch = [&]() -> Result<> {
    switch (entry.kind) {
      case Kind::request:
        return apply_request(entry);
      case Kind::decision:
        return apply_decision(entry);
      case Kind::consume:
      case Kind::exec_start:
      case Kind::outcome:
        return apply_progress(entry);
      case Kind::revoke:
        if (is_order(entry.body)) return freezes_.apply(entry);
        return apply_end(entry);
      case Kind::expire:
        return apply_end(entry);
      case Kind::recover:
        return apply_recover(entry);
      case Kind::notify:
        return apply_notify(entry);
      case Kind::boot:
      case Kind::freeze:
        return freezes_.apply(entry);
      case Kind::policy:
      case Kind::enroll:
      case Kind::session:
      case Kind::deny:
      case Kind::egress:
        return {};
    }
    return refuse("an entry of no kind");
  };
  TRY_DURING("entry " + std::to_string(entry.index) + " (" + std::string(word(entry.kind)) + ")", dispatch());
  settle(entry);
  return {};
}

// What has come to its end leaves the open ones.
void Queue::settle(const ledger::Entry& entry) {
  if (entry.kind != Kind::decision && entry.kind != Kind::outcome && entry.kind != Kind::expire &&
      entry.kind != Kind::revoke && entry.kind != Kind::recover)
    return;
  std::erase_if(open_, [this](const std::string& id) {
    const Request& request = requests_.find(id)->second;
    if (request.state == State::denied) pressure_.add_denial(request);
    if (is_final(request.state)) finished_.push_back(id);
    return is_final(request.state);
  });
}

std::vector<Request> Queue::take_finished(std::int64_t before) {
  std::vector<Request> taken;
  const auto is_old = [&](const std::string& id) { return requests_.find(id)->second.changed < before; };
  // In the order of their ends: what is younger stops the search.
  const auto end = std::ranges::find_if_not(finished_, is_old);
  std::set<std::string, std::less<>> going;
  for (auto id = finished_.begin(); id != end; ++id)
    if (!may_be_named(requests_.find(*id)->second)) going.insert(*id);
  if (going.empty()) return taken;
  const auto goes = [&](const std::string& id) { return going.contains(id); };
  std::erase_if(order_, goes);
  for (const std::string& id : finished_)
    if (goes(id)) taken.push_back(std::move(requests_.extract(id).mapped()));
  std::erase_if(finished_, goes);
  return taken;
}

Result<Request*> Queue::known(const std::string& id) {
  const auto found = requests_.find(id);
  if (found == requests_.end()) return refuse("no earlier entry asks for that request");
  return &found->second;
}

Result<> Queue::apply_request(const ledger::Entry& entry) {
  RequestRecord record = TRY(from_object<RequestRecord>(entry.body));
  const std::string id = record.binding.request;
  Request request;
  request.binding = std::move(record.binding);
  request.action = std::move(record.action);
  request.rule = std::move(record.rule);
  request.why = std::move(record.why);
  request.parameters = record.parameters;
  request.rolls_back = std::move(record.rolls_back);
  request.replaces = std::move(record.replaces);
  if (!request.rolls_back.empty()) {
    const Request& before = *TRY_DURING("what it rolls back", known(request.rolls_back));
    TRY_DURING("what it rolls back", must_be(before, {State::done, State::indeterminate}));
    if (!before.parameters) return refuse("the values of what it rolls back were not kept");
  }
  if (!request.replaces.empty()) {
    Request& before = *TRY_DURING("what it replaces", known(request.replaces));
    TRY_DURING("what it replaces", must_be(before, {State::voided}));
    if (!before.binding.preview) return refuse("what it replaces had no preview that could change");
    if (!before.replaced_by.empty()) return refuse("what it replaces was replaced before");
    before.replaced_by = id;
  }
  request.kind = record.kind;
  request.created = request.changed = entry.time;
  ++counts_[request.asker()].created;
  const auto [added, is_new] = requests_.emplace(id, std::move(request));
  if (!is_new) return refuse("the request was asked for before");
  pressure_.add_request(added->second);
  order_.push_back(id);
  open_.push_back(id);
  return {};
}

Result<> Queue::apply_decision(const ledger::Entry& entry) {
  DecisionRecord record = TRY(from_object<DecisionRecord>(entry.body));
  Request& request = *TRY(known(record.request));
  receipt::Statement statement = TRY(receipt::read_statement(record.decision.statement));
  const bool denies = statement.verdict == receipt::Verdict::deny;
  TRY(denies ? must_be(request, {State::pending, State::approved}) : must_be(request, {State::pending}));
  request.decisions.push_back({std::move(record.decision), std::move(statement), entry.time});
  const receipt::Statement& said = request.decisions.back().statement;
  request.changed = entry.time;
  if (denies) {
    request.by = said.person;
    request.reason = said.reason;
    request.state = State::denied;
  } else if (request.missing().persons == 0) {
    request.state = State::approved;
  }
  return {};
}

Result<> Queue::apply_progress(const ledger::Entry& entry) {
  if (entry.kind == Kind::consume) {
    const ConsumeRecord record = TRY(from_object<ConsumeRecord>(entry.body));
    Request& request = *TRY(known(record.request));
    TRY(must_be(request, {State::approved}));
    if (record.audience != request.binding.audience || record.document != request.binding.document)
      return refuse("it burns another receipt than the request's");
    request.consumed_at = entry.index;
    // One entry, so that no crash can come between the burning of a gate's receipt and its end.
    move_to(request, request.kind == receipt::DocumentKind::gate ? State::released : State::consumed, entry);
    return {};
  }
  if (entry.kind == Kind::exec_start) {
    const BareRecord record = TRY(from_object<BareRecord>(entry.body));
    Request& request = *TRY(known(record.request));
    TRY(must_be(request, {State::consumed}));
    move_to(request, State::executing, entry);
    return {};
  }
  OutcomeRecord record = TRY(from_object<OutcomeRecord>(entry.body));
  Request& request = *TRY(known(record.request));
  TRY(must_be(request, {State::executing}));
  request.outcome = std::move(record.outcome);
  move_to(request, State::done, entry);
  return {};
}

Result<> Queue::apply_end(const ledger::Entry& entry) {
  if (entry.kind == Kind::expire) {
    const BareRecord record = TRY(from_object<BareRecord>(entry.body));
    Request& request = *TRY(known(record.request));
    TRY(must_be(request, {State::pending, State::approved}));
    move_to(request, State::expired, entry);
    return {};
  }
  RevokeRecord record = TRY(from_object<RevokeRecord>(entry.body));
  Request& request = *TRY(known(record.request));
  TRY(must_be(request, {State::pending, State::approved}));
  request.by = std::move(record.by);
  request.reason = std::move(record.reason);
  move_to(request, State::voided, entry);
  return {};
}

Result<> Queue::apply_recover(const ledger::Entry& entry) {
  using What = ledger::Recovery::What;
  const ledger::Recovery recovery = TRY(from_object<ledger::Recovery>(entry.body));
  const bool voids = recovery.what == What::restored || recovery.what == What::clock;
  const bool doubts = recovery.what == What::restored || recovery.what == What::restart;
  for (const std::string& id : open_) {
    Request& request = requests_.find(id)->second;
    const bool waiting = request.state == State::pending || request.state == State::approved;
    const bool burned = request.state == State::consumed || request.state == State::executing;
    if (!(waiting && voids) && !(burned && doubts)) continue;
    request.by = "pawld";
    request.reason = recovery.detail;
    move_to(request, waiting ? State::voided : State::indeterminate, entry);
  }
  return {};
}

// Only what tells of an escalation is about the request's own state.
Result<> Queue::apply_notify(const ledger::Entry& entry) {
  if (!entry.body.contains("after")) return {};
  const EscalationRecord record = TRY(from_object<EscalationRecord>(entry.body));
  Request& request = *TRY(known(record.request));
  const bool is_step =
      std::ranges::any_of(request.rule.from, [&](const Group& group) { return group.after == record.after; });
  if (!is_step || record.after <= request.escalated)
    return refuse("it tells of a step that the request's rule does not have, or told of before");
  if (entry.time < (request.binding.issued + record.after) * 1000)
    return refuse("it tells of a step that had not begun");
  request.escalated = record.after;
  return {};
}

}  // namespace pawl::approval
