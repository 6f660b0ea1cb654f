// Orders: one strict form, signed in the namespace of their sort, byte for byte as golden files have them.
#include "supervisor/receipt/order.hpp"

#include <catch2/catch.hpp>
#include <functional>

#include "supervisor/receipt/canonical_json.hpp"
#include "supervisor/receipt/dsse.hpp"
#include "tests/support/sample_order.hpp"
#include "tests/support/ssh_keygen.hpp"
#include "tests/support/temporary_directory.hpp"

using namespace pawl;
using receipt::Order;
using receipt::OrderVerb;
using test::sample_order;

namespace {

std::vector<OrderVerb> all_verbs() {
  std::vector<OrderVerb> verbs;
  for (int i = 0; i <= static_cast<int>(last_of(OrderVerb{})); ++i)
    verbs.push_back(static_cast<OrderVerb>(i));
  return verbs;
}

std::string golden(const std::string& name) {
  return test::read_file(PAWL_SOURCE_ROOT "/tests/golden/order/" + name);
}

receipt::OrderSignature signed_by(const test::Signer& key, const Order& order) {
  const std::string pae = receipt::pre_authentication_encoding(receipt::write_order(order).value());
  return {order.by, key.line(), key.sign(namespace_of(order.verb), pae)};
}

}  // namespace

TEST_CASE("an order of every verb is written, read and written the same") {
  for (const OrderVerb verb : all_verbs()) {
    CAPTURE(receipt::word(verb));
    const std::string bytes = receipt::write_order(sample_order(verb)).value();
    const auto read = receipt::read_order(bytes);
    REQUIRE(read);
    CHECK(*read == sample_order(verb));
    CHECK(receipt::write_order(*read).value() == bytes);
  }
}

TEST_CASE("golden: the orders' statements, their texts, and ssh-keygen's signatures") {
  std::string line = golden("ed25519.pub");
  line.pop_back();
  for (const OrderVerb verb : {OrderVerb::add_key, OrderVerb::freeze}) {
    const std::string name(receipt::word(verb));
    CAPTURE(name);
    const std::string bytes = receipt::write_order(sample_order(verb)).value();
    CHECK(bytes == golden(name + ".json"));
    CHECK(receipt::pre_authentication_encoding(bytes) == golden(name + ".pae"));
    CHECK(receipt::order_text(sample_order(verb)) == golden(name + ".txt"));
    CHECK(
        receipt::check_order_signature(verb, golden(name + ".json"), {"alice", line, golden(name + ".sig")}));
  }
}

TEST_CASE("no byte of an order or of its signature can change") {
  const test::Signer alice(1);
  const Order order = sample_order(OrderVerb::revoke_role);
  const std::string bytes = receipt::write_order(order).value();
  const receipt::OrderSignature good = signed_by(alice, order);
  REQUIRE(receipt::check_order_signature(order.verb, bytes, good));
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    std::string changed = bytes;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    const auto read = receipt::read_order(changed);
    REQUIRE_FALSE((read && receipt::check_order_signature(read->verb, changed, good)));
  }
  for (std::size_t at = 0; at < good.signature.size(); ++at) {
    receipt::OrderSignature changed = good;
    changed.signature[at] = static_cast<char>(changed.signature[at] ^ 1);
    REQUIRE_FALSE(receipt::check_order_signature(order.verb, bytes, changed));
  }
}

TEST_CASE("an order's signature is worth nothing in another namespace, nor a decision's as an order's") {
  const test::Signer alice(1);
  const Order order = sample_order(OrderVerb::remove_person);
  const std::string bytes = receipt::write_order(order).value();
  const std::string pae = receipt::pre_authentication_encoding(bytes);
  for (const std::string_view other : {"revoke.v1@pawl", "approve.v1@pawl", "deny.v1@pawl", "file"})
    CHECK_FALSE(
        receipt::check_order_signature(order.verb, bytes, {"alice", alice.line(), alice.sign(other, pae)}));
  CHECK(receipt::check_order_signature(order.verb, bytes,
                                       {"alice", alice.line(), alice.sign("enroll.v1@pawl", pae)}));
  CHECK_FALSE(receipt::read_statement(bytes));
  CHECK_FALSE(receipt::read_order(receipt::write_statement(test::sample_statement()).value()));
}

TEST_CASE("an order says exactly what its verb has to say") {
  const auto refused = [](OrderVerb verb, const std::function<void(Order&)>& change) {
    Order order = sample_order(verb);
    change(order);
    return !receipt::write_order(order);
  };
  const std::string key = test::Signer(8).line();
  CHECK(refused(OrderVerb::add_key, [](Order& o) { o.key = ""; }));
  CHECK(refused(OrderVerb::add_key, [&](Order& o) { o.old_key = key; }));
  CHECK(refused(OrderVerb::add_key, [](Order& o) { o.key += " a comment"; }));
  CHECK(refused(OrderVerb::add_key, [](Order& o) { o.by = "alice"; }));
  CHECK(refused(OrderVerb::add_key, [](Order& o) { o.groups = {"sre", "developers"}; }));
  CHECK(refused(OrderVerb::add_key, [](Order& o) { o.groups = {"sre", "sre"}; }));
  CHECK(refused(OrderVerb::add_key, [](Order& o) { o.groups = {"@sre"}; }));
  CHECK(refused(OrderVerb::rotate_key, [](Order& o) { o.old_key = o.key; }));
  CHECK(refused(OrderVerb::join_group, [](Order& o) { o.groups.clear(); }));
  CHECK(refused(OrderVerb::join_group, [](Order& o) { o.groups = {"a", "b"}; }));
  CHECK(refused(OrderVerb::remove_person, [&](Order& o) { o.key = key; }));
  CHECK(refused(OrderVerb::revoke_session, [](Order& o) { o.name = "deadbeef"; }));
  CHECK(refused(OrderVerb::revoke_key, [](Order& o) { o.name = "bob"; }));
  CHECK(refused(OrderVerb::revoke_person, [](Order& o) { o.name = ""; }));
  CHECK(refused(OrderVerb::freeze, [](Order& o) { o.reason = ""; }));
  CHECK(refused(OrderVerb::freeze, [](Order& o) { o.groups = {"sre"}; }));
  CHECK(refused(OrderVerb::freeze, [](Order& o) { o.expires = o.issued + receipt::kLongestRevocation + 1; }));
  CHECK(refused(OrderVerb::add_key, [](Order& o) { o.expires = o.issued + receipt::kLongestEnrolment + 1; }));
  CHECK(refused(OrderVerb::freeze, [](Order& o) { o.expires = o.issued; }));
  CHECK(refused(OrderVerb::freeze, [](Order& o) { o.id = "1"; }));
  CHECK(refused(OrderVerb::freeze, [](Order& o) { o.reason = std::string(281, 'x'); }));
}

TEST_CASE("a key that does not belong there, another type or another subject is no order") {
  const std::string bytes = receipt::write_order(sample_order(OrderVerb::freeze)).value();
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string changed = bytes;
    const std::size_t at = changed.find(from);
    REQUIRE(at != std::string::npos);
    return changed.replace(at, from.size(), to);
  };
  CHECK(receipt::read_order(bytes));
  CHECK_FALSE(receipt::read_order(with("pawl.dev/revoke/v1", "pawl.dev/enroll/v1")));
  CHECK_FALSE(
      receipt::read_order(with("\"incident 42\"", "\"incident 43\"")));  // the subject is the change's digest
  CHECK_FALSE(receipt::read_order(with("\"change\"", "\"action\"")));
  CHECK_FALSE(receipt::read_order(with("{\"_type\"", "{\"Z\":1,\"_type\"")));
  CHECK_FALSE(receipt::read_order(bytes + " "));
}

TEST_CASE("an order is fresh from its issue to its expiry, by the broker's clock") {
  const Order order = sample_order(OrderVerb::freeze);
  CHECK(receipt::check_fresh(order, order.issued));
  CHECK(receipt::check_fresh(order, order.expires - 1));
  CHECK_FALSE(receipt::check_fresh(order, order.expires));
  CHECK(receipt::check_fresh(order, order.issued - receipt::kClockSkew));
  CHECK_FALSE(receipt::check_fresh(order, order.issued - receipt::kClockSkew - 1));
}

TEST_CASE("foreign characters in an order are shown, not drawn") {
  Order order = sample_order(OrderVerb::freeze);
  order.reason = "all is well\x1b[2K\r\u202e";
  const std::string text = receipt::order_text(order);
  CHECK(text.find('\x1b') == std::string::npos);
  CHECK(text.find("\u202e") == std::string::npos);
  CHECK(text.find("all is well") != std::string::npos);
}

TEST_CASE("the stock ssh-keygen accepts an order's signature under its namespace alone") {
  if (!test::SshKeygen::is_installed()) FAIL("ssh-keygen is missing: apt-get install openssh-client");
  test::SshKeygen keygen;
  const test::Signer alice(1);
  const Order order = sample_order(GENERATE(OrderVerb::add_key, OrderVerb::revoke_person));
  const std::string pae = receipt::pre_authentication_encoding(receipt::write_order(order).value());
  const std::string right(namespace_of(order.verb));
  const std::string wrong(right == receipt::kEnrollNamespace ? receipt::kRevokeNamespace
                                                             : receipt::kEnrollNamespace);
  const std::string signers = "alice namespaces=\"" + right + "\" " + alice.line() + "\n";
  const test::SshKeygen::Check check{alice.sign(right, pae), pae};
  CHECK(keygen.verify(signers, "alice", right, {check}) == std::vector{true});
  CHECK(keygen.verify(signers, "alice", wrong, {check}) == std::vector{false});
}
