#include "tests/unit/supervisor/approval/society.hpp"

#include <stdexcept>

#include "supervisor/receipt/digest.hpp"
#include "supervisor/receipt/dsse.hpp"

namespace pawl::test {

using receipt::Order;
using receipt::OrderVerb;

Society::Society(Home home) {
  const bool system = home == Home::system;
  note(ledger::Kind::boot, {{"audience", "prod-broker"}, {"home", system ? "system" : "embedded"}});
  boost::json::array people;
  for (const char* name : {"alice", "bob", "carol", "dave"})
    people.emplace_back(
        boost::json::object{{"name", name}, {"keys", {receipt::fingerprint(world.keys.at(name).key())}}});
  note(ledger::Kind::policy, {{"people", std::move(people)}});
  if (system) commit(directory.enroll_first("alice", {line("alice")}, {"sre"})).value();
}

Order Society::order(OrderVerb verb, const std::string& name, const std::string& by) {
  Order order;
  order.id = to_hex(receipt::sha256("order " + std::to_string(next_++)));
  order.audience = "prod-broker";
  order.by = by;
  order.verb = verb;
  order.name = name;
  order.issued = world.now / 1000;
  order.expires = order.issued + 600;
  if (verb == OrderVerb::freeze || verb == OrderVerb::thaw) order.reason = "incident 42";
  return order;
}

std::string Society::sign(const Order& order, const std::string& key) const {
  return world.keys.at(key).sign(namespace_of(order.verb),
                                 receipt::pre_authentication_encoding(statement(order)));
}

Result<> Society::propose(const Order& order, const std::vector<std::string>& keys) {
  std::vector<std::string> signatures;
  for (const std::string& key : keys) signatures.push_back(sign(order, key));
  return commit(directory.propose(statement(order), signatures, 1000, world.now));
}

Result<> Society::confirm(const Order& order, const std::string& key) {
  return commit(directory.confirm(order.id, sign(order, key), 1000, world.now));
}

Result<> Society::carry_out(const Order& order, const std::string& key) {
  if (auto fits = world.queue.freezes().check(order); !fits) return fits;
  return commit(directory.carry_out(statement(order), sign(order, key), 1000, world.now));
}

void Society::enroll(const std::string& person, const std::string& key,
                     const std::vector<std::string>& groups) {
  Order asked = order(OrderVerb::add_key, person, person);
  asked.key = line(key);
  asked.groups = groups;
  propose(asked, {key}).value();
  confirm(asked, "alice").value();
}

Result<> Society::commit(Result<approval::Step> step) {
  if (!step) return std::unexpected(std::move(step).error());
  world.commit(*step);
  if (auto applied = directory.apply(world.entries.back()); !applied)
    throw std::runtime_error(applied.error().text());
  return {};
}

void Society::note(ledger::Kind kind, boost::json::object body) {
  commit(approval::Step{kind, std::move(body)}).value();
}

approval::Directory Society::replayed() const {
  approval::Directory again;
  for (const ledger::Entry& entry : world.entries) again.apply(entry).value();
  return again;
}

}  // namespace pawl::test
