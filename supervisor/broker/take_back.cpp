// Revocations and freezes: on record first, then done at once. What has to end is told by the state that the
// ledger left (approval/freezes.hpp, directory.hpp), not by the order: so a broker that died in between goes
// on where it stopped. Runs in pawld.
#include <algorithm>

#include "supervisor/broker/broker.hpp"
#include "supervisor/policy/stewards.hpp"
#include "supervisor/receipt/render.hpp"

namespace pawl::broker {

using receipt::Order;
using receipt::OrderVerb;

namespace {

std::string fingerprint_of(const std::string& line) {
  const auto key = receipt::parse_public_key(line);
  return key ? receipt::fingerprint(*key) : std::string();
}

bool holds_key(const policy::Person& person, const std::string& fingerprint) {
  return std::ranges::any_of(person.keys,
                             [&](const std::string& line) { return fingerprint_of(line) == fingerprint; });
}

}  // namespace

std::string Enforced::in_words() const {
  const auto counted = [](std::size_t count, const char* what) {
    return count > 0 ? "; " + std::string(what) + ": " + std::to_string(count) : std::string();
  };
  return "done" + counted(sessions, "sessions ended") +
         counted(absent, "sessions that end when their launcher returns") +
         counted(requests, "requests made void") + counted(actions, "running actions stopped") +
         (unrecorded ? "; not all of it is on record yet" : "");
}

// The role that an order is about, for killers; empty: it is about everything, a person or a key. Refused:
// what nobody has ever heard of, which is a slip of the pen.
Result<std::string> Broker::role_in_question(const policy::Policy& policy, const Order& order) const {
  const std::string name = receipt::visible(order.name);
  switch (order.verb) {
    case OrderVerb::revoke_session: {
      if (const auto live = sessions_.find(order.name); live != sessions_.end())
        return live->second->info.role;
      const auto ended = std::ranges::find(ended_sessions_, order.name, &wire::SessionInfo::id);
      if (ended != ended_sessions_.end()) return ended->role;
      for (const approval::Request* request : books_->queue().list())
        if (request->binding.session == order.name) return request->binding.role;
      return refuse("no session has the id " + name, "see: pawl sessions --all");
    }
    case OrderVerb::revoke_request:
      return TRY(books_->queue().find(order.name))->binding.role;
    case OrderVerb::revoke_person:
      if (policy.find_person(order.name) == nullptr && !books_->directory().people().contains(order.name))
        return refuse("nobody is named " + name, "see: pawl people list");
      return std::string();
    case OrderVerb::revoke_key: {
      const auto& file = policy_.file()->people;
      const auto& enrolled = books_->directory().people();
      const bool known =
          std::ranges::any_of(file, [&](const policy::Person& p) { return holds_key(p, order.name); }) ||
          std::ranges::any_of(enrolled, [&](const auto& entry) {
            return std::ranges::any_of(entry.second.keys, [&](const auto& held) {
              return fingerprint_of(held.first) == order.name;
            });
          });
      if (!known) return refuse("nobody has the key " + name, "see: pawl people list");
      return std::string();
    }
    case OrderVerb::revoke_role:
    case OrderVerb::freeze: {
      const bool runs = std::ranges::any_of(
          sessions_, [&](const auto& entry) { return entry.second->info.role == order.name; });
      if (!order.name.empty() && !runs && policy.find_role(order.name) == nullptr)
        return refuse("there is no role " + name, "see: pawl policy check");
      return order.name;
    }
    case OrderVerb::restore_role:
    case OrderVerb::thaw:
      return order.name;
    default:
      return std::string();
  }
}

Result<std::string> Broker::take_back(const Connection& connection, const Order& order,
                                      const wire::GiveOrder& ask) {
  const policy::Policy& policy = *TRY(policy_.current());
  const policy::Person* const person = TRY(ordering_person(policy, order, ask.signatures.front()));
  const std::string role = TRY(role_in_question(policy, order));
  // A key that was lost is its owner's to revoke, whoever else may.
  const bool own_key = order.verb == OrderVerb::revoke_key && holds_key(*person, order.name);
  if (!own_key) TRY(policy::may_kill(policy, role, *person));
  TRY(books_->queue().freezes().check(order));
  TRY(commit(TRY(books_->directory().carry_out(ask.statement, ask.signatures.front(), connection.identity.uid,
                                               wall_clock()))));
  return enforce(order.by).in_words();
}

// May this request go on waiting, as far as people are concerned?
Result<> Broker::may_stand(const approval::Request& request) const {
  TRY(books_->queue().freezes().may_stand(request));
  const approval::Directory& directory = books_->directory();
  if (!directory.decides()) return {};
  for (const approval::Decision& decision : request.decisions) {
    const receipt::Statement& said = decision.statement;
    const bool member = !said.group.starts_with('@') || directory.in_group(said.person, said.group.substr(1));
    if (!directory.knows(said.person, decision.evidence.key) || !member)
      return refuse(said.person + ", who decided, does not count any more as " + said.group, "ask again");
  }
  return {};
}

// Ends what must not go on. What cannot be recorded now is done all the same, and recorded by a later run.
Enforced Broker::enforce(const std::string& by) {
  Enforced done;
  const approval::Freezes& freezes = books_->queue().freezes();
  // Requests before their sessions, so that their agents hear the reason itself.
  std::vector<std::pair<std::string, std::string>> voided;
  for (const approval::Request* request : books_->queue().pending())
    if (const auto stands = may_stand(*request); !stands)
      voided.emplace_back(request->id(), stands.error().trail);
  for (const auto& [id, why] : voided) {
    auto step = books_->queue().withdraw(id, approval::Withdrawal::revoked, by, why);
    const bool recorded = step && commit(*std::move(step));
    ++done.requests;
    done.unrecorded = done.unrecorded || !recorded;
  }
  std::vector<std::string> ending;
  for (const auto& [id, session] : sessions_)
    if (!session->doomed && !freezes.may_run(id, session->info.role, session->info.person))
      ending.push_back(id);
  for (const std::string& id : ending) {
    done.unrecorded = !kill_session(id, by) || done.unrecorded;
    const auto left = sessions_.find(id);
    ++(left == sessions_.end() ? done.sessions : done.absent);
    if (left != sessions_.end()) done.unrecorded = !doom(*left->second, by) || done.unrecorded;
  }
  for (auto& [id, execution] : executions_) {
    const auto request = books_->queue().find(id);
    if (!request) continue;
    const auto goes_on = freezes.may_spend(**request);
    if (goes_on) continue;
    execution->kill("stopped: " + goes_on.error().trail);
    ++done.actions;
  }
  return done;
}

}  // namespace pawl::broker
