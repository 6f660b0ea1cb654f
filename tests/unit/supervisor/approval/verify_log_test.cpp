#include "supervisor/approval/verify_log.hpp"

#include <catch2/catch.hpp>
#include <functional>

#include "tests/unit/supervisor/approval/world.hpp"

using namespace pawl;
using ledger::Entry;
using ledger::Kind;
using test::World;

namespace {

World finished() {
  World world;
  const std::string id = world.approved();
  REQUIRE(world.consume(id));
  REQUIRE(world.start(id));
  REQUIRE(world.finish(id));
  return world;
}

// What someone who can write the files, and knows the format, would leave behind: a log in good order.
void forge(World& world, const std::function<void(std::vector<Entry>&)>& change) {
  change(world.entries);
  for (std::size_t i = 0; i < world.entries.size(); ++i) {
    Entry& entry = world.entries[i];
    entry.index = i;
    entry = ledger::read_entry(ledger::write_entry(entry).value()).value();
  }
}

receipt::TreeHead head_after(const World& world, std::size_t size) {
  receipt::TreeEdge edge;
  for (std::size_t i = 0; i < size; ++i) edge.add(world.entries[i].hash);
  return {size, edge.root()};
}

std::size_t position(const std::vector<Entry>& entries, Kind kind) {
  for (std::size_t i = 0; i < entries.size(); ++i)
    if (entries[i].kind == kind) return i;
  FAIL("no such entry");
  return 0;
}

}  // namespace

TEST_CASE("an honest log verifies and is counted") {
  const World world = finished();
  const auto report = world.verify_log();
  REQUIRE(report);
  CHECK(report->entries == 6);
  CHECK(report->requests == 1);
  CHECK(report->decisions == 2);
  CHECK(report->consumed == 1);
  CHECK(report->started == 1);
  CHECK(report->finished == 1);
  CHECK(report->indeterminate == 0);
}

TEST_CASE("a log made anew over a changed history does not help") {
  World world = finished();
  const auto drop = [](Kind kind) {
    return [kind](std::vector<Entry>& entries) {
      entries.erase(entries.begin() + static_cast<std::ptrdiff_t>(position(entries, kind)));
    };
  };
  const auto repeat = [](Kind kind) {
    return [kind](std::vector<Entry>& entries) { entries.push_back(entries[position(entries, kind)]); };
  };
  SECTION("without its request") { forge(world, drop(Kind::request)); }
  SECTION("with one decision less") { forge(world, drop(Kind::decision)); }
  SECTION("without consume") { forge(world, drop(Kind::consume)); }
  SECTION("without exec_start") { forge(world, drop(Kind::exec_start)); }
  SECTION("consumed twice") { forge(world, repeat(Kind::consume)); }
  SECTION("started twice") { forge(world, repeat(Kind::exec_start)); }
  SECTION("ended twice") { forge(world, repeat(Kind::outcome)); }
  SECTION("asked twice") { forge(world, repeat(Kind::request)); }
  SECTION("decided twice by one") { forge(world, repeat(Kind::decision)); }
  SECTION("decided after it ran") {
    forge(world, [](auto& entries) { std::rotate(entries.begin() + 2, entries.begin() + 3, entries.end()); });
  }
  SECTION("a lower quorum") {
    forge(world, [](auto& entries) {
      entries[0].body["rule"].as_object()["quorum"] = 1;
      entries.erase(entries.begin() + 2);
    });
  }
  SECTION("another document") {
    forge(world, [](auto& entries) { entries[0].body["document"] = std::string(64, '0'); });
  }
  SECTION("another expiry") {
    forge(world,
          [](auto& entries) { entries[0].body["expires"] = entries[0].body["expires"].as_int64() + 1; });
  }
  SECTION("another group of persons") {
    forge(world, [](auto& entries) {
      entries[position(entries, Kind::consume)].body["persons"] = {"alice", "dave"};
    });
  }
  SECTION("consumed after its expiry") {
    forge(world, [](auto& entries) { entries[position(entries, Kind::consume)].time += 900'000; });
  }
  CHECK_FALSE(world.verify_log());
}

TEST_CASE("an entry that stands in another's place is refused, naming it") {
  World world = finished();
  world.entries[2].index = 7;
  const auto report = world.verify_log();
  REQUIRE_FALSE(report);
  CHECK(report.error().trail.find("ledger entry 2") != std::string::npos);
}

TEST_CASE("a log must have had the roots of the checkpoints that are known of it") {
  const World world = finished();
  approval::LogToVerify log = world.log_to_verify();
  log.heads = {head_after(world, 4), head_after(world, 6), head_after(world, 0)};
  const auto report = approval::verify_log(log);
  REQUIRE(report);
  CHECK(report->root == head_after(world, 6).root);
  log.lines = world.log_to_verify().lines;
  SECTION("another root") {
    log.heads[0].root[0] ^= 1;
    const auto refused = approval::verify_log(log);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().trail.find("ledger entry 3") != std::string::npos);
  }
  SECTION("more entries") {
    log.heads.push_back({7, {}});
    CHECK_FALSE(approval::verify_log(log));
  }
  SECTION("not empty at first") {
    log.heads[2].root[0] ^= 1;
    CHECK_FALSE(approval::verify_log(log));
  }
}

TEST_CASE("a document that is missing or another is refused, unless nobody asked for documents") {
  World world = finished();
  SECTION("missing") { world.blobs.clear(); }
  SECTION("another") { world.blobs.begin()->second += " "; }
  CHECK_FALSE(world.verify_log());
  CHECK(approval::verify_log(world.log_to_verify()));
}

TEST_CASE("what reviewers were shown must be what the document renders to") {
  World world;
  approval::Proposal proposal = world.proposal();
  proposal.rendered[0] ^= 1;
  REQUIRE(world.propose(proposal));
  CHECK_FALSE(world.verify_log());
}
