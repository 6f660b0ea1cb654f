// Requests for a gate: burned is released, and nothing ever runs on them here.
#include <catch2/catch.hpp>

#include "supervisor/approval/records.hpp"
#include "tests/support/sample_gate.hpp"
#include "tests/unit/supervisor/approval/world.hpp"

using namespace pawl;
using approval::State;
using test::World;

namespace {

approval::Proposal gate(World& world) {
  const receipt::GateDocument document = test::sample_gate();
  const std::string bytes = receipt::write_gate_document(document).value();
  approval::Proposal proposal = world.proposal();
  proposal.session.clear();
  proposal.agent.clear();
  proposal.launcher = "dave";
  proposal.role = "pipeline";
  proposal.kind = receipt::DocumentKind::gate;
  proposal.document = receipt::sha256(bytes);
  proposal.rendered = receipt::sha256(receipt::render(document));
  world.blobs[proposal.document] = bytes;
  return proposal;
}

std::string approved(World& world) {
  const std::string id = world.propose(gate(world)).value().id;
  world.decide(id, "alice").value();
  world.decide(id, "bob").value();
  return id;
}

}  // namespace

TEST_CASE("a gate's request ends with the burning of its receipt, in one entry") {
  World world;
  const std::string id = approved(world);
  CHECK(world.state(id) == State::approved);
  const std::size_t before = world.entries.size();
  REQUIRE(world.consume(id));
  CHECK(world.entries.size() == before + 1);
  CHECK(world.state(id) == State::released);
  CHECK(approval::is_final(State::released));
  CHECK(world.queue.find(id).value()->consumed_at == before);
  const auto report = world.verify_log();
  REQUIRE(report);
  CHECK(report->consumed == 1);
  CHECK(report->started == 0);
}

TEST_CASE("what is released is released once, cannot be denied any more, and starts nothing here") {
  World world;
  const std::string id = approved(world);
  REQUIRE(world.consume(id));
  CHECK_FALSE(world.consume(id));
  CHECK_FALSE(world.start(id));
  CHECK_FALSE(world.finish(id));
  CHECK_FALSE(world.decide(id, "carol", receipt::Verdict::deny));
}

TEST_CASE("a restart leaves released what was released") {
  World world;
  const std::string id = approved(world);
  REQUIRE(world.consume(id));
  world.restart();
  CHECK(world.state(id) == State::released);
  CHECK(world.verify_log().value().indeterminate == 0);
}

TEST_CASE("who asked for a gate cannot approve it") {
  World world;
  const std::string id = world.propose(gate(world)).value().id;
  receipt::Statement statement = world.statement(id, "dave");
  const auto refused = world.decide_with(id, world.keys.at("dave").decide(statement));
  REQUIRE_FALSE(refused);
}

TEST_CASE("the log does not verify where a gate's receipt started something, or its kind was changed") {
  World world;
  const std::string id = approved(world);
  REQUIRE(world.consume(id));
  SECTION("started") {
    ledger::Entry start{world.entries.size(), world.now, ledger::Kind::exec_start, {{"request", id}}, {}};
    world.entries.push_back(ledger::read_entry(ledger::write_entry(start).value()).value());
  }
  SECTION("of another kind") {
    for (ledger::Entry& entry : world.entries) {
      if (entry.kind == ledger::Kind::request) entry.body["kind"] = "exec";
      entry = ledger::read_entry(ledger::write_entry(entry).value()).value();
    }
  }
  CHECK_FALSE(world.verify_log());
}
