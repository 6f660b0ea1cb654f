// The judging half of the directory, and what it answers.
#include "supervisor/approval/directory.hpp"

#include <algorithm>

#include "supervisor/approval/orders.hpp"
#include "supervisor/receipt/json_fields.hpp"
#include "supervisor/receipt/names.hpp"
#include "supervisor/receipt/render.hpp"

namespace pawl::approval {
namespace {

using receipt::Order;
using receipt::OrderSignature;
using receipt::OrderVerb;
using receipt::SignedOrder;

constexpr std::int64_t kSecond = 1000;       // ms
constexpr std::size_t kMinPrefix = 8;        // digits of an id
constexpr std::size_t kMaxWaitingOfOne = 8;  // orders of one person that wait

ledger::Kind kind_of(OrderVerb verb) {
  if (sort_of(verb) == receipt::OrderSort::enroll) return ledger::Kind::enroll;
  return verb == OrderVerb::freeze || verb == OrderVerb::thaw ? ledger::Kind::freeze : ledger::Kind::revoke;
}

Step step_of(OrderVerb verb, OrderRecord record) { return {kind_of(verb), receipt::to_object(record)}; }

std::string fingerprint_of(std::string_view line) {
  const auto key = receipt::parse_public_key(line);
  return key ? receipt::fingerprint(*key) : std::string("unreadable");
}

Result<> check_signature(const Order& order, const SignedOrder& evidence, const OrderSignature& signature) {
  TRY_DURING("signature of " + receipt::visible(signature.person),
             receipt::check_order_signature(order.verb, evidence.statement, signature));
  return {};
}

}  // namespace

bool Directory::knows(std::string_view person, std::string_view key) const {
  const std::string fingerprint = fingerprint_of(key);
  if (revoked_.contains(fingerprint) || banned_.contains(person)) return false;
  if (!system_) {
    if (!file_) return true;
    const auto found = file_->find(person);
    return found != file_->end() && found->second.contains(fingerprint);
  }
  const auto found = people_.find(person);
  return found != people_.end() && found->second.keys.contains(key);
}

bool Directory::in_group(std::string_view person, std::string_view group) const {
  const auto found = people_.find(person);
  return found != people_.end() && found->second.groups.contains(group);
}

std::string Directory::holder_of(std::string_view key) const {
  for (const auto& [name, enrolled] : people_)
    if (enrolled.keys.contains(key)) return name;
  return {};
}

Result<> Directory::check_common(const Order& order, const SignedOrder& evidence, std::int64_t now) const {
  if (order.audience != audience_)
    return refuse("the order is for the broker " + receipt::visible(order.audience) + ", this one is " +
                  audience_);
  if (used_.contains(order.id)) return refuse("the order was given before", "every order is taken once");
  TRY(check_fresh(order, now / kSecond));
  if (sort_of(order.verb) == receipt::OrderSort::enroll && !system_)
    return refuse("in an embedded home people.toml decides who counts", "edit that file");
  for (const OrderSignature& signature : evidence.signatures)
    TRY(check_signature(order, evidence, signature));
  return check_target(order);
}

Result<> Directory::check_new_key(const Order& order) const {
  const std::string fingerprint = fingerprint_of(order.key);
  if (revoked_.contains(fingerprint))
    return refuse("the key " + fingerprint + " was revoked for good", "make a new one");
  if (const std::string holder = holder_of(order.key); !holder.empty())
    return refuse("the key " + fingerprint + " is enrolled for " + holder + " already",
                  "one key, one person: make a key of its own");
  return {};
}

// Is there anything to do?
Result<> Directory::check_target(const Order& order) const {
  const std::string name = receipt::visible(order.name);
  if (sort_of(order.verb) != receipt::OrderSort::enroll) return {};
  if (needs_voucher(order.verb) && banned_.contains(order.name))
    return refuse(name + " is revoked", "another person ends that: pawl restore person");
  const auto found = people_.find(order.name);
  const Enrolled none;
  const Enrolled& enrolled = found != people_.end() ? found->second : none;
  switch (order.verb) {
    case OrderVerb::add_key:
      return check_new_key(order);
    case OrderVerb::rotate_key:
      TRY(check_new_key(order));
      if (!enrolled.keys.contains(order.old_key))
        return refuse("the old key is not enrolled for " + name, "add the new one: pawl people add");
      return {};
    case OrderVerb::join_group:
      if (enrolled.groups.contains(order.groups.front()))
        return refuse(name + " is a member of @" + order.groups.front() + " already");
      return {};
    case OrderVerb::leave_group:
      if (!enrolled.groups.contains(order.groups.front()))
        return refuse(name + " is no member of @" + order.groups.front());
      return {};
    case OrderVerb::remove_key:
      if (!enrolled.keys.contains(order.key)) return refuse("the key is not enrolled for " + name);
      break;
    default:
      if (found == people_.end()) return refuse(name + " is not enrolled");
      break;
  }
  // Afterwards nobody could vouch for anybody.
  const std::size_t taken = order.verb == OrderVerb::remove_key ? 1 : enrolled.keys.size();
  std::size_t left = 0;
  for (const auto& [person, others] : people_) left += others.keys.size();
  if (left <= taken && taken > 0)
    return refuse("nobody would be left who can sign for others", "enroll another person first");
  return {};
}

// Of what waits for a voucher: by the new key, which shows that it is theirs; of a rotation by the old one,
// too; of a group by any key of theirs. `more` signatures follow.
Result<> Directory::check_proposal(const Order& order, const SignedOrder& evidence, std::size_t more) const {
  const std::size_t own = order.verb == OrderVerb::rotate_key ? 2 : 1;
  const auto& signatures = evidence.signatures;
  if (signatures.size() != own + more) return refuse("it has another number of signatures than it needs");
  for (std::size_t i = 0; i < own; ++i)
    if (signatures[i].person != order.name) return refuse("it is not signed by the person themself");
  if (order.verb == OrderVerb::join_group) {
    if (!knows(order.name, signatures[0].key))
      return refuse("the key " + fingerprint_of(signatures[0].key) + " is not enrolled for " + order.name,
                    "sign with an enrolled one: pawl people list");
    return {};
  }
  if (signatures[0].key != order.key) return refuse("it is not signed by the new key");
  if (own == 2 && (signatures[1].key != order.old_key || !knows(order.name, order.old_key)))
    return refuse("it is not signed by the old key");
  return {};
}

Result<> Directory::check_voucher(const Order& order, const OrderSignature& signature) const {
  if (signature.person == order.name)
    return refuse("nobody vouches for themself", "let another enrolled person confirm it");
  if (!knows(signature.person, signature.key))
    return refuse("the key " + fingerprint_of(signature.key) + " is not enrolled for " +
                      receipt::visible(signature.person),
                  "sign with an enrolled one: pawl people list");
  return {};
}

Result<> Directory::check_single(const Order& order, const SignedOrder& evidence) const {
  if (evidence.signatures.size() != 1) return refuse("it needs exactly one signature");
  const OrderSignature& signature = evidence.signatures.front();
  if (signature.person != order.by) return refuse("it is signed by another person than it names");
  if (!knows(order.by, signature.key))
    return refuse("the key " + fingerprint_of(signature.key) + " is not enrolled for " + order.by,
                  "sign with an enrolled one: pawl people list");
  return {};
}

Result<> Directory::check_whole(const Order& order, const SignedOrder& evidence) const {
  if (!needs_voucher(order.verb)) return check_single(order, evidence);
  TRY(check_proposal(order, evidence, 1));
  const auto found = waiting_.find(order.id);
  if (found == waiting_.end()) return refuse("nobody asked for that");
  const SignedOrder& asked = found->second.evidence;
  if (asked.statement != evidence.statement ||
      !std::ranges::equal(asked.signatures, std::span(evidence.signatures).first(asked.signatures.size())))
    return refuse("something else was asked for");
  return check_voucher(order, evidence.signatures.back());
}

Result<Step> Directory::enroll_first(const std::string& person, const std::vector<std::string>& keys,
                                     const std::vector<std::string>& groups) const {
  if (started_) return refuse("people are enrolled already");
  boost::json::array key_lines, group_names;
  for (const std::string& key : keys) key_lines.emplace_back(key);
  for (const std::string& group : groups) group_names.emplace_back(group);
  return Step{ledger::Kind::enroll,
              {{"what", "first"},
               {"person", person},
               {"keys", std::move(key_lines)},
               {"groups", std::move(group_names)}}};
}

Result<Step> Directory::propose(const std::string& statement, const std::vector<std::string>& signatures,
                                std::uint32_t uid, std::int64_t now) const {
  const Order order = TRY(receipt::read_order(statement));
  if (!needs_voucher(order.verb)) return refuse("it needs no second person");
  SignedOrder evidence{statement, {}};
  const std::string* const expected[] = {&order.key, &order.old_key};
  for (std::size_t i = 0; i < signatures.size() && i < std::size(expected); ++i) {
    std::string key = *expected[i];
    if (order.verb == OrderVerb::join_group) key = TRY(receipt::signing_key(signatures[i]));
    evidence.signatures.push_back({order.name, std::move(key), signatures[i]});
  }
  TRY(check_proposal(order, evidence, 0));
  TRY(check_common(order, evidence, now));
  if (waiting_.contains(order.id)) return refuse("it waits already", "see: pawl people list");
  const auto own = std::ranges::count_if(
      waiting(now), [&](const WaitingOrder* waits) { return waits->order.name == order.name; });
  if (std::cmp_greater_equal(own, kMaxWaitingOfOne))
    return refuse(std::to_string(own) + " orders of " + order.name + " wait already",
                  "let another person confirm them");
  return step_of(order.verb, {OrderStage::proposed, std::move(evidence), uid, now});
}

Result<Step> Directory::confirm(const std::string& id, const std::string& signature, std::uint32_t uid,
                                std::int64_t now) const {
  const WaitingOrder& waits = *TRY(find_waiting(id, now));
  std::string key = TRY(receipt::signing_key(signature));
  SignedOrder evidence = waits.evidence;
  std::string person = holder_of(key);
  if (person.empty())
    return refuse("the key " + fingerprint_of(key) + " is nobody's",
                  "sign with an enrolled one: pawl people list");
  evidence.signatures.push_back({std::move(person), std::move(key), signature});
  TRY(check_whole(waits.order, evidence));
  TRY(check_common(waits.order, evidence, now));
  return step_of(waits.order.verb, {OrderStage::order, std::move(evidence), uid, now});
}

Result<Step> Directory::carry_out(const std::string& statement, const std::string& signature,
                                  std::uint32_t uid, std::int64_t now) const {
  const Order order = TRY(receipt::read_order(statement));
  if (needs_voucher(order.verb)) return refuse("it needs a second person");
  std::string key = TRY(receipt::signing_key(signature));
  SignedOrder evidence{statement, {{order.by, std::move(key), signature}}};
  TRY(check_whole(order, evidence));
  TRY(check_common(order, evidence, now));
  return step_of(order.verb, {OrderStage::order, std::move(evidence), uid, now});
}

std::vector<const WaitingOrder*> Directory::waiting(std::int64_t now) const {
  std::vector<const WaitingOrder*> list;
  for (const auto& [id, waits] : waiting_)
    if (now / kSecond < waits.order.expires) list.push_back(&waits);
  std::ranges::sort(list, {}, &WaitingOrder::received);
  return list;
}

Result<const WaitingOrder*> Directory::find_waiting(std::string_view prefix, std::int64_t now) const {
  const std::string shown = receipt::visible(prefix);
  if (prefix.size() < kMinPrefix)
    return refuse("the id " + shown + " is too short", "give at least 8 of its digits");
  const WaitingOrder* match = nullptr;
  for (const WaitingOrder* waits : waiting(now)) {
    if (!waits->order.id.starts_with(prefix)) continue;
    if (match != nullptr)
      return refuse("several orders have ids beginning with " + shown, "give more digits");
    match = waits;
  }
  if (match == nullptr) return refuse("no order " + shown + " waits", "see: pawl people list");
  return match;
}

}  // namespace pawl::approval
