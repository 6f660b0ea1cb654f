// What people ask about people: who counts, and the signed orders that change it. A message carries no
// authority: signatures do, and of who asks for a key or a group the kernel's word.
#include <algorithm>

#include "supervisor/broker/broker.hpp"
#include "supervisor/broker/failure.hpp"
#include "supervisor/broker/live_people.hpp"
#include "supervisor/broker/log_line.hpp"
#include "supervisor/policy/stewards.hpp"
#include "supervisor/receipt/render.hpp"

namespace pawl::broker {

using receipt::Order;
using receipt::OrderVerb;
using wire::FailureKind;

namespace {

constexpr std::size_t kPieceBytes = kMaxMessage / 2;  // of people and waiting orders
constexpr std::size_t kBanBytes = kMaxMessage / 4;    // of bans, behind them

// As many as the rest of the answer holds; freezes, which people are told of everywhere, are asked for first.
std::vector<wire::BanShown> show_bans(const approval::Freezes::Bans& bans, std::size_t& room) {
  std::vector<wire::BanShown> list;
  for (const auto& [name, ban] : bans) {
    wire::BanShown shown{name, ban.by, ban.reason, ban.since};
    const std::size_t size = codec::encode(shown).size();
    if (size > room) break;
    room -= size;
    list.push_back(std::move(shown));
  }
  return list;
}

// Moves items from `all` behind the first `from`, as long as they fit; false: something is left.
template <class Item>
bool fill(std::vector<Item>& piece, std::vector<Item>& all, std::size_t from, std::size_t& bytes) {
  for (std::size_t i = from; i < all.size(); ++i) {
    const std::size_t size = codec::encode(all[i]).size();
    if (bytes + size > kPieceBytes && bytes > 0) return false;
    bytes += size;
    piece.push_back(std::move(all[i]));
  }
  return true;
}

Result<> check_proposed_by_file(const policy::Person& person, const Order& order) {
  if (!order.key.empty() && std::ranges::find(person.keys, order.key) == person.keys.end())
    return refuse("people.toml has no such key of " + person.name,
                  "let the operator add it: keys of [" + person.name + "]");
  for (const std::string& group : order.groups)
    if (!person.in_group(group))
      return refuse("people.toml has " + person.name + " not in the group " + receipt::visible(group),
                    "let the operator add it: groups of [" + person.name + "]");
  return {};
}

}  // namespace

// The first person of a ledger comes from the file, which root owns; everybody else is vouched for.
Result<> Broker::enroll_first() {
  const approval::Directory& directory = books_->directory();
  if (!directory.decides() || directory.anybody_yet()) return {};
  const policy::Person* const person = TRY_DURING("policy", policy::first_person(*policy_.file()));
  if (person == nullptr) return {};
  TRY(commit(TRY(directory.enroll_first(person->name, person->keys, person->groups))));
  log_line("enrolled the first person from people.toml: " + person->name);
  return {};
}

void Broker::answer_list_people(const ConnectionPtr& connection, const wire::ListPeople& ask,
                                std::vector<UniqueFd>) {
  if (!admit_reviewer(*connection)) return;
  if (const auto policy = policy_.current(); !policy)
    return answer_error(*connection, FailureKind::invalid_policy, policy.error());
  const approval::Freezes& freezes = books_->queue().freezes();
  auto people = show_people(*policy_.file(), books_->directory(), freezes);
  std::vector<wire::WaitingShown> waiting;
  for (const approval::WaitingOrder* order : books_->directory().waiting(wall_clock()))
    waiting.push_back({order->order.id, order->evidence.statement, order->uid, order->received});
  wire::PeopleShown shown;
  std::size_t bytes = 0;
  shown.more = !fill(shown.people, people, ask.people_from, bytes) ||
               !fill(shown.waiting, waiting, ask.waiting_from, bytes);
  std::size_t room = kBanBytes;
  shown.freezes = show_bans(freezes.freezes(), room);
  shown.revoked_roles = show_bans(freezes.roles(), room);
  shown.revoked_keys = show_bans(freezes.keys(), room);
  connection->answer(shown);
}

void Broker::answer_give_order(const ConnectionPtr& connection, const wire::GiveOrder& ask,
                               std::vector<UniqueFd>) {
  if (!admit_reviewer(*connection)) return;
  const auto order = receipt::read_order(ask.statement);
  if (!order) return answer_error(*connection, FailureKind::usage, order.error());
  if (auto looked = look_at_clock(); !looked)
    return answer_error(*connection, FailureKind::failed, looked.error());
  if (const auto policy = policy_.current(); !policy)
    return answer_error(*connection, FailureKind::invalid_policy, policy.error());
  Result<std::string> told;
  if (needs_voucher(order->verb))
    told = ask_to_enroll(*connection, *order, ask);
  else if (ask.signatures.size() != 1)
    told = refuse("it needs exactly one signature");
  else if (sort_of(order->verb) == receipt::OrderSort::enroll)
    told = take_from_people(*connection, *order, ask);
  else
    told = take_back(*connection, *order, ask);
  if (!told) return answer_error(*connection, FailureKind::refused, told.error());
  changed();
  connection->answer(wire::OrderGiven{order->id, needs_voucher(order->verb), *std::move(told)});
}

// Who signs `order` as the person it names, with a key that counts now.
Result<const policy::Person*> Broker::ordering_person(const policy::Policy& policy, const Order& order,
                                                      const std::string& signature) const {
  TRY(books_->queue().freezes().may_sign(order.by, ""));
  const policy::Person* const person = policy.find_person(order.by);
  const std::string key = TRY(receipt::signing_key(signature));
  if (person == nullptr || std::ranges::find(person->keys, key) == person->keys.end())
    return refuse("the key that signed does not count for " + receipt::visible(order.by),
                  "sign with one that counts: pawl people list");
  return person;
}

// The person themself asks: whose process it is, is the kernel's word, and the key's owner has signed.
Result<std::string> Broker::ask_to_enroll(const Connection& connection, const Order& order,
                                          const wire::GiveOrder& ask) {
  if (!books_->directory().decides())
    return refuse("in an embedded home people.toml decides who counts", "edit that file");
  const policy::Person* const caller = policy_.file()->find_person_by_uid(connection.identity.uid);
  if (caller == nullptr || caller->name != order.name)
    return refuse("uid " + std::to_string(connection.identity.uid) + " is not " +
                      receipt::visible(order.name) + ", and nobody asks for another person",
                  "let them run the command themselves");
  TRY(check_proposed_by_file(*caller, order));
  TRY(commit(TRY(
      books_->directory().propose(ask.statement, ask.signatures, connection.identity.uid, wall_clock()))));
  return std::string("it waits until another person confirms it");
}

void Broker::answer_confirm_order(const ConnectionPtr& connection, const wire::ConfirmOrder& ask,
                                  std::vector<UniqueFd>) {
  if (!admit_reviewer(*connection)) return;
  if (auto looked = look_at_clock(); !looked)
    return answer_error(*connection, FailureKind::failed, looked.error());
  const auto policy = policy_.current();
  if (!policy) return answer_error(*connection, FailureKind::invalid_policy, policy.error());
  const auto waits = books_->directory().find_waiting(ask.id, wall_clock());
  if (!waits) return answer_error(*connection, FailureKind::not_found, waits.error());
  const std::string id = (*waits)->order.id;
  if (auto confirmed = confirm_order(*connection, **policy, **waits, ask.signature); !confirmed)
    return answer_error(*connection, FailureKind::refused, confirmed.error());
  changed();
  connection->answer(wire::OrderGiven{id, false, "it counts from here on"});
}

Result<> Broker::confirm_order(const Connection& connection, const policy::Policy& policy,
                               const approval::WaitingOrder& waits, const std::string& signature) {
  // Judged first, so that whoever vouches for themself hears that, and nothing of enrollers.
  approval::Step step =
      TRY(books_->directory().confirm(waits.order.id, signature, connection.identity.uid, wall_clock()));
  const std::string key = TRY(receipt::signing_key(signature));
  const policy::Person* const voucher = policy.find_person(books_->directory().holder_of(key));
  if (voucher == nullptr || std::ranges::find(voucher->keys, key) == voucher->keys.end())
    return refuse("the key that signed does not count", "sign with one that counts: pawl people list");
  TRY(policy::may_enroll(policy, *voucher));
  return commit(std::move(step));
}

Result<std::string> Broker::take_from_people(const Connection& connection, const Order& order,
                                             const wire::GiveOrder& ask) {
  const policy::Policy& policy = *TRY(policy_.current());
  const policy::Person* const person = TRY(ordering_person(policy, order, ask.signatures.front()));
  if (order.by != order.name) TRY(policy::may_enroll(policy, *person));
  TRY(commit(TRY(books_->directory().carry_out(ask.statement, ask.signatures.front(), connection.identity.uid,
                                               wall_clock()))));
  return enforce(order.by).in_words();
}

}  // namespace pawl::broker
