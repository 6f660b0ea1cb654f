// `log verify` on what people changed about people: forged by someone who can write the file and knows the
// format, so that the chain holds.
#include "supervisor/approval/verify_orders.hpp"

#include <catch2/catch.hpp>
#include <functional>

#include "supervisor/approval/orders.hpp"
#include "supervisor/receipt/json_fields.hpp"
#include "tests/unit/supervisor/approval/society.hpp"

using namespace pawl;
using approval::OrderRecord;
using ledger::Entry;
using ledger::Kind;
using receipt::Order;
using receipt::OrderVerb;
using test::Society;

namespace {

// alice, bob and carol are enrolled, and one request ran on the approvals of alice and bob.
Society story() {
  Society society;
  society.enroll("bob", "bob");
  society.enroll("carol", "carol");
  society.enroll("dave", "dave", {"oncall"});
  // dave and bob are on call, and alice has one key.
  society.world.current.rule.from[0].members[0].keys = {society.line("alice")};
  society.world.current.rule.from.erase(society.world.current.rule.from.begin() + 1);
  return society;
}

void run(Society& society, const std::string& id) {
  society.world.consume(id).value();
  society.world.start(id).value();
  society.world.finish(id).value();
}

void forge(Society& society, const std::function<void(std::vector<Entry>&)>& change) {
  change(society.world.entries);
  for (std::size_t i = 0; i < society.world.entries.size(); ++i) {
    Entry& entry = society.world.entries[i];
    entry.index = i;
    entry = ledger::read_entry(ledger::write_entry(entry).value()).value();
  }
}

std::size_t nth(const std::vector<Entry>& entries, Kind kind, int which = 0) {
  for (std::size_t i = 0; i < entries.size(); ++i)
    if (entries[i].kind == kind && which-- == 0) return i;
  FAIL("no such entry");
  return 0;
}

Entry order_entry(Society& society, Kind kind, const Order& order,
                  std::vector<receipt::OrderSignature> signatures) {
  const OrderRecord record{
      approval::OrderStage::order, {society.statement(order), std::move(signatures)}, 0, society.world.now};
  Entry entry;
  entry.kind = kind;
  entry.time = society.world.now;
  entry.body = receipt::to_object(record);
  return entry;
}

}  // namespace

TEST_CASE("an honest story of people verifies, and its orders are counted") {
  Society society = story();
  run(society, society.world.approved());
  const auto report = society.world.verify_log();
  REQUIRE(report);
  CHECK(report->orders == 6);
  CHECK(report->finished == 1);
}

TEST_CASE("a forged enrolment does not verify") {
  Society society = story();
  run(society, society.world.approved());
  SECTION("without bob's enrolment his key counts for nothing") {
    forge(society, [](auto& entries) {
      const std::size_t at = nth(entries, Kind::enroll, 1);
      entries.erase(entries.begin() + static_cast<std::ptrdiff_t>(at),
                    entries.begin() + static_cast<std::ptrdiff_t>(at) + 2);
    });
  }
  SECTION("a voucher's signature that is another's") {
    forge(society, [](auto& entries) {
      auto& signatures =
          entries[nth(entries, Kind::enroll, 2)].body["order"].as_object()["signatures"].as_array();
      signatures[1].as_object()["signature"] = signatures[0].as_object()["signature"];
    });
  }
  SECTION("two first persons") {
    forge(society, [&](auto& entries) {
      Entry second = entries[nth(entries, Kind::enroll, 0)];
      second.body["person"] = "mallory";
      second.body["keys"] = {society.line("mallory")};
      entries.insert(entries.begin() + static_cast<std::ptrdiff_t>(nth(entries, Kind::enroll, 1)), second);
    });
  }
  SECTION("the same order twice") {
    forge(society, [](auto& entries) {
      const Entry again = entries[nth(entries, Kind::enroll, 2)];
      entries.push_back(again);
    });
  }
  CHECK_FALSE(society.world.verify_log());
}

TEST_CASE("a key whose voucher is its own person does not verify") {
  Society society;
  Order order = society.order(OrderVerb::add_key, "alice", "alice");
  order.key = society.line("alice2");
  // Signed by both of alice's keys, as the broker would never write it.
  REQUIRE(society.propose(order, {"alice2"}));
  const std::string own = society.sign(order, "alice"), fresh = society.sign(order, "alice2");
  const auto before = society.world.verify_log();
  CHECK(before);
  forge(society, [&](auto& entries) {
    entries.push_back(
        order_entry(society, Kind::enroll, order,
                    {{"alice", society.line("alice2"), fresh}, {"alice", society.line("alice"), own}}));
  });
  const auto report = society.world.verify_log();
  REQUIRE_FALSE(report);
  CHECK(report.error().trail.find("vouches for themself") != std::string::npos);
}

TEST_CASE("a rule that names a key or a member nobody enrolled does not verify") {
  Society society = story();
  SECTION("key") { society.world.current.rule.from[0].members[0].keys.push_back(society.line("alice2")); }
  SECTION("member") {
    society.world.current.rule.from[0].members.push_back(
        {"dave", {society.line("dave")}});  // on call, not in @sre
  }
  society.world.ask();
  CHECK_FALSE(society.world.verify_log());
}

TEST_CASE("what was spent while it was frozen or revoked does not verify") {
  Society society = story();
  const std::string id = society.world.approved();
  const auto consume = society.world.queue.consume(id, society.world.current, society.world.now).value();
  Order order;
  Kind kind = Kind::revoke;
  SECTION("frozen") {
    order = society.order(OrderVerb::freeze, "", "bob");
    kind = Kind::freeze;
  }
  SECTION("role") { order = society.order(OrderVerb::revoke_role, "deployer", "bob"); }
  SECTION("who approved") { order = society.order(OrderVerb::revoke_person, "alice", "bob"); }
  SECTION("with a key that was removed") {
    order = society.order(OrderVerb::remove_key, "alice", "bob");
    order.key = society.line("alice");
    kind = Kind::enroll;
  }
  SECTION("removed") {
    order = society.order(OrderVerb::remove_person, "alice", "bob");
    kind = Kind::enroll;
  }
  REQUIRE(society.carry_out(order, "bob"));
  CHECK(society.world.entries.back().kind == kind);
  CHECK(society.world.verify_log());
  society.world.commit(consume);
  CHECK_FALSE(society.world.verify_log());
}

TEST_CASE(
    "an order that was signed by nobody who may, in another namespace or for another broker does not "
    "verify") {
  Society society = story();
  Order order = society.order(OrderVerb::freeze, "", "bob");
  receipt::OrderSignature by{"bob", society.line("bob"), society.sign(order, "bob")};
  SECTION("another's key") { by = {"bob", society.line("mallory"), society.sign(order, "mallory")}; }
  SECTION("in another's name") { by = {"bob", society.line("carol"), society.sign(order, "carol")}; }
  SECTION("another broker's") {
    order.audience = "other-broker";
    by.signature = society.sign(order, "bob");
  }
  SECTION("after its expiry") { society.world.now += 600'000; }
  SECTION("another kind") {
    forge(society,
          [&](auto& entries) { entries.push_back(order_entry(society, Kind::enroll, order, {by})); });
    CHECK_FALSE(society.world.verify_log());
    return;
  }
  forge(society, [&](auto& entries) { entries.push_back(order_entry(society, Kind::freeze, order, {by})); });
  CHECK_FALSE(society.world.verify_log());
}

TEST_CASE("an honest freeze and thaw verify in an embedded home, by the keys of the recorded file") {
  Society society(Society::Home::embedded);
  REQUIRE(society.carry_out(society.order(OrderVerb::freeze, "", "alice"), "alice"));
  REQUIRE(society.carry_out(society.order(OrderVerb::thaw, "", "alice"), "alice"));
  CHECK(society.world.verify_log());
  forge(society, [&](auto& entries) {
    const Order order = society.order(OrderVerb::freeze, "", "alice");
    entries.push_back(order_entry(society, Kind::freeze, order,
                                  {{"alice", society.line("mallory"), society.sign(order, "mallory")}}));
  });
  CHECK_FALSE(society.world.verify_log());
}
