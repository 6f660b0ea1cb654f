// The judging half of the queue: what may happen next, and the entry that would record it.
#include "supervisor/approval/queue.hpp"

#include <algorithm>
#include <ranges>

#include "supervisor/approval/evidence.hpp"
#include "supervisor/approval/records.hpp"
#include "supervisor/receipt/json_fields.hpp"
#include "supervisor/receipt/names.hpp"
#include "supervisor/receipt/render.hpp"
#include "supervisor/receipt/utf8.hpp"

namespace pawl::approval {
namespace {

constexpr std::int64_t kSecond = 1000;  // ms
constexpr std::int64_t kMinute = 60 * kSecond;
constexpr std::size_t kMinPrefix = 8;  // digits of an id
constexpr std::size_t kShownIdDigits = 12;

std::string kind_of(const Asker& asker) { return asker.session.empty() ? "person" : "session"; }

std::string short_id(std::string_view id) { return "request " + std::string(id.substr(0, kShownIdDigits)); }

bool waits(const Request& request) {
  return request.state == State::pending || request.state == State::approved;
}
bool burned(const Request& request) {
  return request.state == State::consumed || request.state == State::executing;
}

Result<> check_not_expired(const Request& request, std::int64_t now) {
  if (now >= request.binding.expires * kSecond)
    return refuse(short_id(request.id()) + " has expired", "let the agent ask again");
  return {};
}

Result<> check_policy_unchanged(const Request& request, const Current& current) {
  if (current.policy != request.binding.policy)
    return refuse(short_id(request.id()) + " was asked under another policy", "let the agent ask again");
  return {};
}

Result<RequestRecord> record_of(const Proposal& proposal, const std::string& audience, std::int64_t now) {
  if (!receipt::is_full_id(proposal.id)) return refuse("a request's id must be 64 hexadecimal digits");
  if (!proposal.session.empty() && !receipt::is_full_id(proposal.session))
    return refuse("a session's id must be 64 hexadecimal digits");
  if (proposal.launcher.empty())
    return refuse("nobody in people.toml is the launcher, so nobody could answer for it",
                  "add the launcher's uid to a person in people.toml");
  if (!receipt::is_plain_name(proposal.action)) return refuse("the action's name is malformed");
  TRY(check_rule(proposal.rule, proposal.launcher));
  const auto characters = receipt::count_characters(proposal.why);
  if (!characters || !receipt::is_text(proposal.why)) return refuse("why: holds a NUL or is not UTF-8");
  if (*characters > receipt::kMaxWhyCharacters)
    return refuse("why: longer than 280 characters", "say it shorter");
  RequestRecord record{{},
                       proposal.action,
                       proposal.rule,
                       proposal.why,
                       proposal.parameters,
                       proposal.rolls_back,
                       proposal.replaces,
                       proposal.kind};
  const std::int64_t issued = now / kSecond;
  record.binding = {proposal.id,
                    audience,
                    proposal.document,
                    proposal.role,
                    proposal.session,
                    proposal.agent,
                    proposal.launcher,
                    proposal.policy,
                    proposal.preview,
                    proposal.rendered,
                    receipt::kRendererVersion,
                    issued,
                    issued + proposal.rule.expires};
  // Reviewers could not sign a statement about malformed names: found out before anybody is asked.
  receipt::Statement probe{record.binding, receipt::Verdict::approve, "nobody", "nobody", "", issued};
  TRY(receipt::write_statement(probe));
  return record;
}

template <class Record>
Step step_of(ledger::Kind kind, const Record& record, std::int64_t judged = 0) {
  return {kind, receipt::to_object(record), judged};
}

}  // namespace

Result<Proposed> Queue::propose(const Proposal& proposal, std::int64_t now) {
  RequestRecord record = TRY_DURING("propose", record_of(proposal, audience_, now));
  TRY_DURING("propose", freezes_.may_act(record.binding));
  const Asker asker{proposal.session, proposal.launcher};
  Counts& counts = counts_[asker];
  if (const Request* same = find_joinable(proposal, now)) {
    ++counts.joined;
    return Proposed{same->id(), std::nullopt};
  }
  if (requests_.contains(proposal.id)) return refuse("propose: the id is taken");
  TRY_DURING("propose", check_relations(proposal));
  if (auto within = check_limits(proposal, now); !within) {
    ++counts.refused;
    return std::unexpected(std::move(within).error());
  }
  return Proposed{proposal.id, step_of(ledger::Kind::request, record, now)};
}

Result<std::optional<std::string>> Queue::foresee(const Proposal& proposal, std::int64_t now) {
  TRY_DURING("propose", record_of(proposal, audience_, now));
  Counts& counts = counts_[Asker{proposal.session, proposal.launcher}];
  if (const Request* same = find_joinable(proposal, now)) {
    ++counts.joined;
    return same->id();
  }
  TRY_DURING("propose", check_relations(proposal));
  if (auto within = check_limits(proposal, now); !within) {
    ++counts.refused;
    return std::unexpected(std::move(within).error());
  }
  return std::nullopt;
}

// The same that apply() demands of the entry.
Result<> Queue::check_relations(const Proposal& proposal) const {
  if (!proposal.rolls_back.empty() &&
      !TRY(in_state(proposal.rolls_back, {State::done, State::indeterminate}))->parameters)
    return refuse("the values that " + short_id(proposal.rolls_back) + " was asked with were not kept");
  if (proposal.replaces.empty()) return {};
  const Request& before = *TRY(in_state(proposal.replaces, {State::voided}));
  if (!before.binding.preview) return refuse(short_id(before.id()) + " had no preview that could change");
  if (!before.replaced_by.empty()) return refuse(short_id(before.id()) + " was replaced already");
  return {};
}

const Request* Queue::find_joinable(const Proposal& proposal, std::int64_t now) const {
  for (const std::string& id : open_) {
    const Request& request = requests_.find(id)->second;
    const bool alive = burned(request) || (waits(request) && now < request.binding.expires * kSecond);
    if (alive && request.asker() == Asker{proposal.session, proposal.launcher} &&
        request.binding.document == proposal.document && request.binding.policy == proposal.policy)
      return &request;
  }
  return nullptr;
}

Result<> Queue::check_limits(const Proposal& proposal, std::int64_t now) const {
  const Asker asker{proposal.session, proposal.launcher};
  TRY(pressure_.check_cooldown(asker, proposal.document, proposal.rule, now));
  TRY(pressure_.check_rates(asker, proposal.action, proposal.rule, now));
  return check_room(asker, now);
}

Result<> Queue::has_room(const Asker& asker, std::int64_t now) {
  auto room = check_room(asker, now);
  if (!room) ++counts_[asker].refused;
  return room;
}

Result<> Queue::check_room(const Asker& asker, std::int64_t now) const {
  const auto waiting = static_cast<std::size_t>(std::ranges::count_if(open_, [&](const std::string& id) {
    const Request& request = requests_.find(id)->second;
    return waits(request) && request.asker() == asker;
  }));
  std::size_t recent = 0;
  for (const std::string& id : order_ | std::views::reverse) {
    const Request& request = requests_.find(id)->second;
    if (now - request.created >= kMinute) break;
    if (request.asker() == asker) ++recent;
  }
  if (waiting >= limits_.pending_per_session)
    return refuse(std::to_string(waiting) + " requests of this " + kind_of(asker) + " wait already",
                  "wait for their decisions");
  if (recent >= limits_.requests_per_minute)
    return refuse(std::to_string(recent) + " requests within a minute are too many", "ask less often");
  return {};
}

Result<const Request*> Queue::in_state(const std::string& id, std::initializer_list<State> allowed) const {
  const auto found = requests_.find(id);
  if (found == requests_.end()) return refuse("no request has the id " + receipt::visible(id));
  const Request& request = found->second;
  if (std::ranges::find(allowed, request.state) == allowed.end())
    return refuse(short_id(id) + " is " + std::string(word(request.state)) + " already");
  return &request;
}

Result<Step> Queue::decide(const std::string& id, std::string_view statement, std::string_view signature,
                           const Current& current, std::int64_t now) const {
  const Request& request = *TRY(in_state(id, {State::pending, State::approved}));
  if (request.binding.audience != audience_) return refuse(short_id(id) + " belongs to another broker");
  TRY(check_not_expired(request, now));
  const receipt::SignedDecision evidence = TRY(identify(request.rule, statement, signature));
  const receipt::Statement said = TRY(check_evidence(request, evidence, request.rule, now));
  TRY(freezes_.may_sign(said.person, evidence.key));
  // What was asked under another policy cannot be approved any more; it can still be denied.
  if (said.verdict == receipt::Verdict::approve) {
    TRY(freezes_.may_act(request.binding));
    TRY(check_policy_unchanged(request, current));
    TRY_DURING("as of now", check_evidence(request, evidence, current.rule, now));
    (void)TRY(in_state(id, {State::pending}));
    // A person who approved may still deny; a second approval would only look like a second person.
    for (const Decision& earlier : request.decisions)
      if (earlier.statement.person == said.person)
        return refuse(said.person + " has approved " + short_id(id) + " already");
  }
  return step_of(ledger::Kind::decision, DecisionRecord{id, evidence}, now);
}

Result<Step> Queue::consume(const std::string& id, const Current& current, std::int64_t now) const {
  const Request& request = *TRY(in_state(id, {State::approved}));
  if (request.binding.audience != audience_) return refuse(short_id(id) + " belongs to another broker");
  TRY(check_not_expired(request, now));
  TRY_DURING(short_id(id), freezes_.may_spend(request));
  TRY(check_policy_unchanged(request, current));
  const std::vector<std::string> persons = TRY_DURING(short_id(id), check_quorum(request, request.rule));
  TRY_DURING(short_id(id) + ", as of now", check_quorum(request, current.rule));
  return step_of(ledger::Kind::consume, ConsumeRecord{id, audience_, request.binding.document, persons}, now);
}

Result<Step> Queue::start(const std::string& id) const {
  (void)TRY(in_state(id, {State::consumed}));
  return step_of(ledger::Kind::exec_start, BareRecord{id});
}

Result<Step> Queue::finish(const std::string& id, const Outcome& outcome) const {
  (void)TRY(in_state(id, {State::executing}));
  return step_of(ledger::Kind::outcome, OutcomeRecord{id, outcome});
}

std::vector<Step> Queue::expire(std::int64_t now) const {
  std::vector<Step> steps;
  for (const Request* request : pending())
    if (!check_not_expired(*request, now))
      steps.push_back(step_of(ledger::Kind::expire, BareRecord{request->id()}, now));
  return steps;
}

std::vector<Escalated> Queue::escalate(std::int64_t now, const std::string& command) const {
  std::vector<Escalated> begun;
  for (const Request* request : pending()) {
    if (request->state != State::pending || !check_not_expired(*request, now)) continue;
    std::map<std::int64_t, std::vector<std::string>> due;
    for (const Group& group : request->rule.from)
      if (group.after > request->escalated && now >= request->opens(group))
        due[group.after].push_back(group.name);
    for (auto& [after, groups] : due) {
      Step step = step_of(ledger::Kind::notify, EscalationRecord{request->id(), after, groups, command}, now);
      begun.push_back({std::move(step), request->id(), std::move(groups)});
    }
  }
  return begun;
}

Result<Step> Queue::withdraw(const std::string& id, Withdrawal why, const std::string& by,
                             const std::string& reason) const {
  (void)TRY(in_state(id, {State::pending, State::approved}));
  return step_of(ledger::Kind::revoke, RevokeRecord{id, why, by, reason});
}

std::vector<Step> Queue::withdraw_session(const std::string& session, const std::string& by,
                                          const std::string& reason) const {
  std::vector<Step> steps;
  for (const Request* request : pending())
    if (request->binding.session == session)
      steps.push_back(
          step_of(ledger::Kind::revoke, RevokeRecord{request->id(), Withdrawal::killed, by, reason}));
  return steps;
}

std::vector<Step> Queue::recover(Doubt doubt) const {
  const auto any = [this](bool (*is)(const Request&)) {
    return std::ranges::any_of(open_, [&](const std::string& id) { return is(requests_.find(id)->second); });
  };
  const bool any_waiting = any(waits);
  const bool any_burned = any(burned);
  using What = ledger::Recovery::What;
  const auto step = [](What what, std::string detail) {
    return std::vector{step_of(ledger::Kind::recover, ledger::Recovery{what, std::move(detail)})};
  };
  switch (doubt) {
    case Doubt::restart:
      if (any_burned) return step(What::restart, "burned without an outcome");
      break;
    case Doubt::restored:
      if (any_waiting || any_burned) return step(What::restored, "the state is a restored copy");
      break;
    case Doubt::clock:
      if (any_waiting) return step(What::clock, "the clock was set back");
      break;
  }
  return {};
}

Result<const Request*> Queue::find(std::string_view prefix) const {
  const std::string shown = receipt::visible(prefix);
  if (prefix.size() < kMinPrefix)
    return refuse("the id " + shown + " is too short", "give at least 8 of its digits");
  const auto found = requests_.lower_bound(prefix);
  if (found == requests_.end() || !found->first.starts_with(prefix))
    return refuse("no request has the id " + shown, "`pawl requests --all` lists them");
  const auto next = std::next(found);
  if (next != requests_.end() && next->first.starts_with(prefix))
    return refuse("several requests have ids beginning with " + shown, "give more of its digits");
  return &found->second;
}

std::vector<const Request*> Queue::list() const {
  std::vector<const Request*> all;
  all.reserve(order_.size());
  for (const std::string& id : order_) all.push_back(&requests_.find(id)->second);
  return all;
}

std::vector<const Request*> Queue::pending() const {
  std::vector<const Request*> waiting;
  for (const std::string& id : open_)
    if (const Request& request = requests_.find(id)->second; waits(request)) waiting.push_back(&request);
  return waiting;
}

std::optional<std::int64_t> Queue::next_expiry() const {
  std::optional<std::int64_t> earliest;
  for (const Request* request : pending()) {
    const std::int64_t expiry = request->binding.expires * kSecond;
    if (!earliest || expiry < *earliest) earliest = expiry;
  }
  return earliest;
}

Counts Queue::counts(const Asker& asker) const {
  const auto found = counts_.find(asker);
  return found != counts_.end() ? found->second : Counts{};
}

}  // namespace pawl::approval
