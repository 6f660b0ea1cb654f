#include "supervisor/approval/log_reader.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/supervisor/approval/world.hpp"

using namespace pawl;
using approval::LogReader;
using test::World;

namespace {

World lives(int count) {
  World world;
  for (int i = 0; i < count; ++i) {
    const std::string id = world.approved("web" + std::to_string(i), static_cast<char>('a' + i % 6));
    REQUIRE(world.consume(id));
    REQUIRE(world.start(id));
    REQUIRE(world.finish(id));
    world.now += 10'000;
  }
  return world;
}

}  // namespace

TEST_CASE("entries are read on several threads and come out in order, with the signatures that hold") {
  const World world = lives(30);
  LogReader reader(world.log_to_verify().lines);
  std::uint64_t next = 0;
  std::size_t checked = 0;
  for (;;) {
    const auto batch = reader.next().value();
    if (batch.entries.empty()) break;
    for (const ledger::Entry& entry : batch.entries) {
      CHECK(entry.index == next);
      CHECK(entry.hash == world.entries[next].hash);
      ++next;
    }
    checked += batch.checked.size();
  }
  CHECK(next == world.entries.size());
  CHECK(checked == 60);
  CHECK(reader.next().value().entries.empty());
}

TEST_CASE("a line that is no entry, or a source that fails, ends the reading after what came before") {
  const World world = lives(5);
  const auto whole = world.log_to_verify().lines;
  const bool source_fails = GENERATE(true, false);
  LogReader reader([&, calls = 0]() mutable -> Result<std::vector<std::string>> {
    auto lines = TRY(whole());
    if (++calls != 4) return lines;
    if (source_fails) return refuse("the disk is gone");
    lines.at(1) = "{}";
    return lines;
  });
  std::uint64_t seen = 0;
  for (;;) {
    const auto batch = reader.next();
    if (!batch) {
      CHECK(batch.error().trail.find(source_fails ? "the disk is gone" : "ledger entry 10") !=
            std::string::npos);
      break;
    }
    REQUIRE_FALSE(batch->entries.empty());
    seen += batch->entries.size();
  }
  CHECK(seen == (source_fails ? 9 : 10));
  CHECK_FALSE(reader.next());
}

TEST_CASE("a decision whose signature does not hold is not among the checked ones, and refuses the log") {
  World world = lives(2);
  // Another signature of the same key: over another statement.
  auto& body = world.entries[2].body;
  body["decision"].as_object()["signature"] = world.entries[1].body["decision"].as_object()["signature"];
  world.entries[2] = ledger::read_entry(ledger::write_entry(world.entries[2]).value()).value();
  LogReader reader(world.log_to_verify().lines);
  CHECK(reader.next().value().checked.size() == 1);
  const auto refused = world.verify_log();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().trail.find("ledger entry 2") != std::string::npos);
}

TEST_CASE("what came to its end is let go of, and only that") {
  World world = lives(3);
  const std::string waiting = world.ask("waits");
  REQUIRE(world.decide(world.ask("denied"), "alice", receipt::Verdict::deny));
  const std::int64_t denied_at = world.now;
  world.now += 1000;
  CHECK(world.queue.take_finished(denied_at).size() == 3);  // not the denial: it was then
  CHECK(world.queue.list().size() == 2);
  CHECK(world.queue.take_finished(denied_at).empty());
  CHECK(world.queue.take_finished(world.now).size() == 1);
  // The cooldown still knows the denial.
  CHECK_FALSE(world.queue.propose(world.proposal("denied"), world.now));
  CHECK(world.queue.find(waiting));
  CHECK(world.verify_log());
}
