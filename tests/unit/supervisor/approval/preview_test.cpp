// Requests with a preview, requests in place of others, and requests that take others back.
#include <catch2/catch.hpp>

#include "supervisor/approval/verify_log.hpp"
#include "tests/support/sample_receipt.hpp"
#include "tests/unit/supervisor/approval/world.hpp"

using namespace pawl;
using approval::Proposal;
using approval::State;
using approval::Withdrawal;
using test::World;

namespace {

const std::string kOutput = "+ replicas: 3\n";

Digest keep(World& world, const std::string& text) {
  const Digest digest = receipt::sha256(text);
  world.blobs[digest] = text;
  return digest;
}

// The sample request, with a preview.
Proposal previewed(World& world, const std::string& output = kOutput) {
  Proposal proposal = world.proposal();
  receipt::ActionDocument document = test::sample_document();
  document.preview = {document.executable, {"deployctl", "plan"}, {}, 60, true};
  proposal.document = keep(world, receipt::write_document(document).value());
  proposal.rendered = receipt::sha256(receipt::render(document));
  proposal.preview = keep(world, output);
  return proposal;
}

std::string finished(World& world, const std::optional<Digest>& parameters) {
  Proposal proposal = world.proposal();
  proposal.parameters = parameters;
  const std::string id = world.propose(proposal).value().id;
  for (const char* person : {"alice", "bob"}) REQUIRE(world.decide(id, person));
  REQUIRE(world.consume(id));
  REQUIRE(world.start(id));
  REQUIRE(world.finish(id));
  return id;
}

}  // namespace

TEST_CASE("decisions name the preview, and a decision on another one does not count") {
  World world;
  const std::string id = world.propose(previewed(world)).value().id;
  CHECK(world.queue.find(id).value()->binding.preview == receipt::sha256(kOutput));
  receipt::Statement other = world.statement(id, "alice");
  other.binding.preview = receipt::sha256("something else");
  CHECK_FALSE(world.decide_with(id, world.keys.at("alice").decide(other)));
  other.binding.preview.reset();
  CHECK_FALSE(world.decide_with(id, world.keys.at("alice").decide(other)));
  REQUIRE(world.decide(id, "alice"));
  REQUIRE(world.decide(id, "bob"));
  REQUIRE(world.consume(id));
  CHECK(world.verify_log());
  world.restart();
  CHECK(world.queue.find(id).value()->binding.preview == receipt::sha256(kOutput));
}

TEST_CASE("the log does not hold when a preview is missing, altered, or of an action without one") {
  World world;
  Proposal proposal = previewed(world);
  SECTION("altered") { world.blobs[*proposal.preview] = "+ replicas: 300\n"; }
  SECTION("gone") { world.blobs.erase(*proposal.preview); }
  SECTION("never there") { proposal.preview.reset(); }
  SECTION("of an action without") {
    proposal.document = world.proposal().document;
    proposal.rendered = world.proposal().rendered;
  }
  SECTION("the parameters are altered") {
    proposal.parameters = keep(world, "{}");
    world.blobs[*proposal.parameters] = "[]";
  }
  world.propose(proposal).value();
  CHECK_FALSE(world.verify_log());
}

TEST_CASE("before a preview is made it is known whether its request would join another or be refused") {
  World world;
  Proposal proposal = previewed(world);
  proposal.preview.reset();
  CHECK(world.queue.foresee(proposal, world.now).value() == std::nullopt);
  const std::string id = world.propose(previewed(world)).value().id;
  // Asked again for the same, the preview is not made again.
  CHECK(world.queue.foresee(proposal, world.now).value() == id);
  REQUIRE(world.decide(id, "alice", receipt::Verdict::deny));
  CHECK_FALSE(world.queue.foresee(proposal, world.now));
  const approval::Counts counts = world.queue.counts({proposal.session, proposal.launcher});
  CHECK(counts.joined == 1);
  CHECK(counts.refused == 1);
  proposal.why = std::string(281, 'x');
  CHECK_FALSE(world.queue.foresee(proposal, world.now + 3'600'000));
}

TEST_CASE("what is asked again with another preview is another request, which nobody has decided on") {
  World world;
  const std::string id = world.propose(previewed(world)).value().id;
  REQUIRE(world.decide(id, "alice"));
  REQUIRE(world.decide(id, "bob"));
  Proposal next = previewed(world, "+ replicas: 4\n");
  next.replaces = id;
  // What waits is joined, and only what is void can be replaced.
  CHECK(world.propose(next).value().id == id);
  Proposal third = previewed(world, "+ replicas: 5\n");
  third.session = std::string(64, 'b');
  third.agent = "session:" + third.session;
  third.replaces = id;
  CHECK_FALSE(world.propose(third));
  REQUIRE(world.commit(world.queue.withdraw(id, Withdrawal::preview_changed, "pawld", "it changed")));
  const std::string again = world.propose(next).value().id;
  CHECK(again != id);
  CHECK(world.state(again) == State::pending);
  CHECK(world.queue.find(again).value()->approvals() == 0);
  CHECK(world.queue.find(again).value()->replaces == id);
  CHECK(world.queue.find(id).value()->replaced_by == again);
  CHECK_FALSE(world.consume(id));
  CHECK_FALSE(world.consume(again));
  // The decisions on the first are none on the second.
  CHECK_FALSE(world.decide_with(again, world.keys.at("alice").decide(world.statement(id, "alice"))));
  // Once.
  CHECK_FALSE(world.propose(third));
  third.replaces = std::string(64, '0');
  CHECK_FALSE(world.propose(third));
  world.restart();
  CHECK(world.queue.find(id).value()->replaced_by == again);
  CHECK(world.verify_log());
}

TEST_CASE("what is taken back has run, or may have") {
  World world;
  const std::string pending = world.ask("web");
  Proposal back = world.proposal("undeploy");
  back.session.clear();
  back.agent.clear();
  back.launcher = "dave";
  back.rolls_back = pending;
  CHECK_FALSE(world.propose(back));
  back.rolls_back = std::string(64, '0');
  CHECK_FALSE(world.propose(back));

  back.rolls_back = finished(world, std::nullopt);  // whose values nobody kept
  CHECK_FALSE(world.propose(back));
  const Digest values = receipt::sha256("values");
  world.blobs[values] = "values";
  const std::string done = finished(world, values);
  back.rolls_back = done;
  const std::string id = world.propose(back).value().id;
  CHECK(world.queue.find(id).value()->rolls_back == done);
  world.restart();
  CHECK(world.queue.find(id).value()->rolls_back == done);
  CHECK(world.verify_log());
}

TEST_CASE("a log in which something is taken back, or replaced, that could not be, does not hold") {
  World world;
  const std::string pending = world.ask("web");
  world.ask("api");
  for (const char* key : {"rolls_back", "replaces"}) {
    World forged = world;
    ledger::Entry& entry = forged.entries.at(1);
    entry.body[key] = pending;
    entry = ledger::read_entry(ledger::write_entry(entry).value()).value();
    const auto report = forged.verify_log();
    REQUIRE_FALSE(report);
    CHECK(report.error().trail.find(key[1] == 'o' ? "what it rolls back" : "what it replaces") !=
          std::string::npos);
  }
}
