#include "supervisor/approval/freezes.hpp"

#include "supervisor/approval/orders.hpp"
#include "supervisor/receipt/json_fields.hpp"
#include "supervisor/receipt/render.hpp"

namespace pawl::approval {
namespace {

using receipt::Order;
using receipt::OrderVerb;

const Ban* find(const Freezes::Bans& bans, std::string_view name) {
  const auto found = bans.find(name);
  return found != bans.end() ? &found->second : nullptr;
}

std::string because(const Ban& ban) {
  return " by " + ban.by + (ban.reason.empty() ? "" : ": " + receipt::visible(ban.reason));
}

std::string fingerprint_of(std::string_view line) {
  const auto key = receipt::parse_public_key(line);
  return key ? receipt::fingerprint(*key) : std::string();
}

Result<> check_new(const Freezes::Bans& bans, const Order& order, std::string_view state) {
  if (const Ban* ban = find(bans, order.name))
    return refuse(receipt::visible(order.name.empty() ? "everything" : order.name) + " is " +
                  std::string(state) + " already" + because(*ban));
  return {};
}

}  // namespace

Result<> Freezes::check_given_back(const Bans& bans, const Order& order, std::string_view what) const {
  const Ban* ban = find(bans, order.name);
  if (ban == nullptr)
    return refuse(
        receipt::visible(order.name.empty() ? "everything" : order.name) + " is not " + std::string(what),
        "see: pawl people list");
  if (system_ && ban->by == order.by)
    return refuse(order.by + " did that, and nobody gives back what they took themselves",
                  "let another person do it");
  return {};
}

Result<> Freezes::check(const Order& order) const {
  switch (order.verb) {
    case OrderVerb::freeze:
      return check_new(freezes_, order, "frozen");
    case OrderVerb::thaw:
      return check_given_back(freezes_, order, "frozen");
    case OrderVerb::revoke_role:
      return check_new(roles_, order, "revoked");
    case OrderVerb::revoke_person:
      return check_new(persons_, order, "revoked");
    case OrderVerb::revoke_key:
      return check_new(keys_, order, "revoked");
    case OrderVerb::restore_role:
      return check_given_back(roles_, order, "revoked");
    case OrderVerb::restore_person:
      return check_given_back(persons_, order, "revoked");
    default:
      return {};
  }
}

Result<> Freezes::apply(const ledger::Entry& entry) {
  if (entry.kind == ledger::Kind::boot) {
    const auto* home = entry.body.if_contains("home");
    system_ = home != nullptr && home->is_string() && home->get_string() == "system";
    return {};
  }
  if ((entry.kind != ledger::Kind::revoke && entry.kind != ledger::Kind::freeze) || !is_order(entry.body))
    return {};
  const OrderRecord record = TRY(receipt::from_object<OrderRecord>(entry.body));
  const Order order = TRY(receipt::read_order(record.order.statement));
  if (sort_of(order.verb) != receipt::OrderSort::revoke) return refuse("an order of another sort");
  TRY(check(order));
  carry_out(order, entry.time);
  ++version_;
  return {};
}

void Freezes::carry_out(const Order& order, std::int64_t time) {
  const Ban ban{order.by, order.reason, time};
  switch (order.verb) {
    case OrderVerb::freeze:
      freezes_[order.name] = ban;
      break;
    case OrderVerb::thaw:
      freezes_.erase(order.name);
      break;
    case OrderVerb::revoke_session:
      sessions_[order.name] = ban;
      break;
    case OrderVerb::revoke_request:
      requests_[order.name] = ban;
      break;
    case OrderVerb::revoke_role:
      roles_[order.name] = ban;
      break;
    case OrderVerb::restore_role:
      roles_.erase(order.name);
      break;
    case OrderVerb::revoke_person:
      persons_[order.name] = ban;
      break;
    case OrderVerb::restore_person:
      persons_.erase(order.name);
      break;
    case OrderVerb::revoke_key:
      keys_[order.name] = ban;
      break;
    default:
      break;
  }
}

const Ban* Freezes::frozen(std::string_view role) const {
  if (const Ban* all = find(freezes_, "")) return all;
  return find(freezes_, role);
}

bool Freezes::is_revoked_key(std::string_view line) const { return keys_.contains(fingerprint_of(line)); }

Result<> Freezes::may_run(std::string_view session, std::string_view role, std::string_view person) const {
  if (const Ban* ban = find(sessions_, session)) return refuse("the session was revoked" + because(*ban));
  if (const Ban* ban = find(roles_, role))
    return refuse("the role " + receipt::visible(role) + " is revoked" + because(*ban),
                  "another person ends that: pawl restore role");
  if (const Ban* ban = find(persons_, person))
    return refuse(receipt::visible(person) + " is revoked" + because(*ban),
                  "another person ends that: pawl restore person");
  return {};
}

Result<> Freezes::may_act(const receipt::Binding& binding) const {
  if (const Ban* ban = frozen(binding.role))
    return refuse(std::string(freezes_.contains("") ? "everything" : "the role " + binding.role) +
                      " is frozen" + because(*ban),
                  "wait until another person ends that: pawl thaw");
  return may_run(binding.session, binding.role, binding.launcher);
}

Result<> Freezes::may_sign(std::string_view person, std::string_view key) const {
  if (const Ban* ban = find(persons_, person))
    return refuse(receipt::visible(person) + " is revoked" + because(*ban) +
                  ": their signature does not count");
  if (const Ban* ban = find(keys_, fingerprint_of(key)))
    return refuse("the key " + fingerprint_of(key) + " of " + receipt::visible(person) + " is revoked" +
                  because(*ban));
  return {};
}

Result<> Freezes::may_spend(const Request& request) const {
  TRY(may_act(request.binding));
  return may_stand(request);
}

Result<> Freezes::may_stand(const Request& request) const {
  const receipt::Binding& binding = request.binding;
  if (const Ban* ban = find(requests_, binding.request)) return refuse("it was revoked" + because(*ban));
  TRY(may_run(binding.session, binding.role, binding.launcher));
  for (const Decision& decision : request.decisions)
    TRY(may_sign(decision.statement.person, decision.evidence.key));
  return {};
}

}  // namespace pawl::approval
