// The remembering half of the directory: what an entry of the ledger changes. Nothing is believed that is not
// signed as it must be: a start, and `log verify`, check each signature again.
#include <algorithm>

#include "supervisor/approval/directory.hpp"
#include "supervisor/approval/orders.hpp"
#include "supervisor/receipt/json_fields.hpp"
#include "supervisor/receipt/names.hpp"

namespace pawl::approval {
namespace {

using ledger::Kind;
using receipt::Order;
using receipt::OrderVerb;

constexpr std::int64_t kSecond = 1000;  // ms

struct FirstRecord {
  std::string what, person;
  std::vector<std::string> keys, groups;
  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive("what", self.what);
    archive("person", self.person);
    archive("keys", self.keys);
    archive("groups", self.groups);
  }
};

std::string_view text_at(const boost::json::object& body, std::string_view key) {
  const auto* found = body.if_contains(key);
  const auto* text = found != nullptr ? found->if_string() : nullptr;
  return text != nullptr ? std::string_view(*text) : std::string_view();
}

}  // namespace

Result<> Directory::apply(const ledger::Entry& entry) {
  switch (entry.kind) {
    case Kind::boot:
      return apply_boot(entry);
    case Kind::policy:
      return apply_policy(entry);
    case Kind::enroll:
      if (text_at(entry.body, "what") == "first") return apply_first(entry);
      // Otherwise: what changed about a person in the file, which proposes.
      return is_order(entry.body) ? apply_order(entry) : Result<>();
    case Kind::revoke:
    case Kind::freeze:
      return is_order(entry.body) ? apply_order(entry) : Result<>();
    default:
      return {};
  }
}

Result<> Directory::apply_boot(const ledger::Entry& entry) {
  audience_ = text_at(entry.body, "audience");
  system_ = text_at(entry.body, "home") == "system";
  return {};
}

Result<> Directory::apply_policy(const ledger::Entry& entry) {
  file_.reset();
  const auto* people = entry.body.if_contains("people");
  if (people == nullptr || !people->is_array()) return {};
  file_.emplace();
  for (const boost::json::value& person : people->get_array()) {
    const auto* object = person.if_object();
    if (object == nullptr) return refuse("a person is no object");
    auto& keys = (*file_)[std::string(text_at(*object, "name"))];
    const auto* list = object->if_contains("keys");
    if (list == nullptr || !list->is_array()) continue;
    for (const boost::json::value& key : list->get_array())
      if (key.is_string()) keys.emplace(std::string_view(key.get_string()));
  }
  return {};
}

Result<> Directory::apply_first(const ledger::Entry& entry) {
  FirstRecord record = TRY(receipt::from_object<FirstRecord>(entry.body));
  if (started_) return refuse("a first person, although people were enrolled before");
  if (!system_) return refuse("a first person in an embedded home, where the file decides");
  if (!receipt::is_plain_name(record.person)) return refuse("the person's name is malformed");
  if (record.keys.empty()) return refuse("a first person without a key");
  Enrolled& person = people_[record.person];
  for (const std::string& line : record.keys) {
    TRY(receipt::parse_public_key(line));
    person.keys[line] = {"", entry.time};
  }
  for (const std::string& group : record.groups) person.groups[group] = {"", entry.time};
  started_ = true;
  ++version_;
  return {};
}

Result<> Directory::apply_order(const ledger::Entry& entry) {
  OrderRecord record = TRY(receipt::from_object<OrderRecord>(entry.body));
  const Order order = TRY(receipt::read_order(record.order.statement));
  if ((sort_of(order.verb) == receipt::OrderSort::enroll) != (entry.kind == Kind::enroll))
    return refuse("an order of another sort");
  const bool proposed = record.what == OrderStage::proposed;
  if (proposed && !needs_voucher(order.verb)) return refuse("it waits for nobody");
  TRY(proposed ? check_proposal(order, record.order, 0) : check_whole(order, record.order));
  TRY(check_common(order, record.order, record.received));
  ++version_;
  std::erase_if(waiting_,
                [&](const auto& waits) { return waits.second.order.expires <= entry.time / kSecond; });
  if (proposed) {
    const std::string id = order.id;
    if (!waiting_.try_emplace(id, WaitingOrder{order, std::move(record.order), record.uid, entry.time})
             .second)
      return refuse("it waits already");
    return {};
  }
  used_.insert(order.id);
  waiting_.erase(order.id);
  carry_out(order, record.order.signatures.back().person, entry.time);
  return {};
}

void Directory::take_key(std::string_view person, std::string_view key) {
  const auto found = people_.find(person);
  if (found == people_.end()) return;
  if (const auto held = found->second.keys.find(key); held != found->second.keys.end())
    found->second.keys.erase(held);
}

void Directory::carry_out(const Order& order, const std::string& voucher, std::int64_t time) {
  const Vouched vouched{voucher, time};
  switch (order.verb) {
    case OrderVerb::add_key:
      people_[order.name].keys[order.key] = vouched;
      for (const std::string& group : order.groups) people_[order.name].groups.try_emplace(group, vouched);
      break;
    case OrderVerb::rotate_key:
      take_key(order.name, order.old_key);
      people_[order.name].keys[order.key] = vouched;
      break;
    case OrderVerb::join_group:
      people_[order.name].groups[order.groups.front()] = vouched;
      break;
    case OrderVerb::remove_key:
      take_key(order.name, order.key);
      break;
    case OrderVerb::leave_group:
      people_[order.name].groups.erase(order.groups.front());
      break;
    case OrderVerb::remove_person:
      people_.erase(order.name);
      break;
    case OrderVerb::revoke_person:
      banned_.insert(order.name);
      break;
    case OrderVerb::restore_person:
      banned_.erase(order.name);
      break;
    case OrderVerb::revoke_key:
      revoked_.insert(order.name);
      for (auto& [name, enrolled] : people_)
        std::erase_if(enrolled.keys, [&](const auto& held) {
          const auto key = receipt::parse_public_key(held.first);
          return key && receipt::fingerprint(*key) == order.name;
        });
      break;
    default:
      break;
  }
  // What was asked for by a person who is gone, or whom nobody believes any more, waits no longer.
  if (order.verb == OrderVerb::remove_person || order.verb == OrderVerb::revoke_person)
    std::erase_if(waiting_, [&](const auto& waits) { return waits.second.order.name == order.name; });
}

}  // namespace pawl::approval
