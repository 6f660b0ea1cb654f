#include "supervisor/ledger/ledger.hpp"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "supervisor/receipt/json_fields.hpp"
#include "tests/support/temporary_directory.hpp"

using namespace pawl;
using ledger::Continuity;
using ledger::Entry;
using ledger::Kind;
using ledger::Ledger;
using ledger::Recovery;

namespace {

constexpr std::int64_t kNow = 1'780'000'000'000;
namespace fs = std::filesystem;

struct Place {
  test::TemporaryDirectory directory;
  std::string state = directory / "state";
  std::string file = state + "/log/tile/entries/000";
  std::string head = directory / "head";

  Place() {
    fs::create_directory(state);
    ::chmod(state.c_str(), 0700);
  }
  Result<Ledger> open() const { return Ledger::open({state, head, kNow}); }
  // The whole state as it is now, as a backup would have it.
  std::string backup(const std::string& name) const {
    fs::copy(state, directory / name, fs::copy_options::recursive);
    return directory / name;
  }
  void restore(const std::string& copy) const {
    fs::remove_all(state);
    fs::copy(copy, state, fs::copy_options::recursive);
  }
};

boost::json::object body(int number) { return {{"number", number}}; }

void fill(const Place& place, int entries) {
  Ledger ledger = place.open().value();
  for (int i = 0; i < entries; ++i) REQUIRE(ledger.append(Kind::notify, body(i), kNow + i));
  REQUIRE(ledger.settle());
}

Recovery::What recovery_of(const Entry& entry) {
  REQUIRE(entry.kind == Kind::recover);
  return receipt::from_object<Recovery>(entry.body).value().what;
}

Entry last(const Ledger& ledger) { return ledger.read(ledger.size() - 1, 1).value().at(0); }

// The records of the first bundle, one string each, lengths and all.
std::vector<std::string> records_of(const Place& place) {
  const std::string bytes = test::read_file(place.file);
  std::vector<std::string> records;
  for (const std::string_view line : ledger::split_records(bytes).lines)
    records.push_back(ledger::write_record(line));
  return records;
}

}  // namespace

TEST_CASE("a ledger keeps what was appended, in order, and proves each of it") {
  Place place;
  fill(place, 3);
  Ledger ledger = place.open().value();
  CHECK(ledger.size() == 3);
  CHECK(ledger.continuity() == Continuity::continued);
  CHECK(ledger.last_time() == kNow + 2);
  const auto entries = ledger.read(0, 100).value();
  REQUIRE(entries.size() == 3);
  const auto checkpoint = receipt::read_checkpoint(ledger.checkpoint()).value();
  CHECK(ledger.key().check(checkpoint));
  CHECK(checkpoint.checkpoint.tree == ledger.head());
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(entries[i].body == body(static_cast<int>(i)));
    CHECK(entries[i].time == kNow + static_cast<std::int64_t>(i));
    CHECK(entries[i].index == i);
    const auto proof = ledger.prove(i).value();
    CHECK(receipt::leaf_hash(as_bytes(proof.line)) == entries[i].hash);
    CHECK(receipt::root_by_inclusion(i, 3, entries[i].hash, proof.path).value() == ledger.head().root);
  }
  CHECK(ledger.read(1, 1).value().at(0).index == 1);
  CHECK(ledger.read(3, 1).value().empty());
  CHECK_FALSE(ledger.prove(3));
}

TEST_CASE("what is appended is there at once, and in the checkpoint when it is settled") {
  Place place;
  fill(place, 1);
  Ledger ledger = place.open().value();
  const std::string before = ledger.checkpoint();
  REQUIRE(ledger.append(Kind::notify, body(1), kNow));
  CHECK(ledger.size() == 2);
  CHECK(last(ledger).body == body(1));
  CHECK(ledger.checkpoint() == before);
  CHECK_FALSE(ledger.prove(1));
  REQUIRE(ledger.settle());
  CHECK(ledger.checkpoint() != before);
  CHECK(ledger.prove(1));
}

TEST_CASE("a first start is fresh, and makes a key that later starts keep") {
  Place place;
  std::string key;
  {
    const Ledger ledger = Ledger::open({place.state, place.head, kNow, "pawl/here"}).value();
    CHECK(ledger.continuity() == Continuity::fresh);
    CHECK(ledger.size() == 0);
    key = ledger.key().text();
    CHECK(key.starts_with("pawl/here+"));
  }
  CHECK(Ledger::open({place.state, place.head, kNow, "pawl/there"}).value().key().text() == key);
}

TEST_CASE("a second broker on the same state is refused, told which process has it") {
  Place place;
  const Ledger first = place.open().value();
  const auto second = place.open();
  REQUIRE_FALSE(second);
  CHECK(second.error().text().find("process " + std::to_string(::getpid())) != std::string::npos);
}

TEST_CASE("a state directory or a key that others have a hand in is refused") {
  Place place;
  fill(place, 1);
  SECTION("state") { ::chmod(place.state.c_str(), 0770); }
  SECTION("key") { ::chmod((place.state + "/log.key").c_str(), 0640); }
  SECTION("no key") { test::write_file(place.state + "/log.key", "nonsense\n"); }
  CHECK_FALSE(place.open());
}

TEST_CASE("the log of an older pawl is not begun anew beside it") {
  Place place;
  test::write_file(place.state + "/ledger.jsonl", "");
  const auto refused = place.open();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().remedy != "");
}

TEST_CASE("an unfinished last record is cut off, and that is logged") {
  Place place;
  fill(place, 3);
  const std::string whole = test::read_file(place.file);
  const std::string torn =
      GENERATE(as<std::string>(), std::string("\x01\x00{\"body\":{\"number\":3},\"ind", 26), "x",
               std::string(40, '\0'), std::string("\x00\x02{}", 4));
  test::write_file(place.file, whole + torn);
  const Ledger ledger = place.open().value();
  CHECK(ledger.continuity() == Continuity::continued);
  REQUIRE(ledger.size() == 4);
  CHECK(recovery_of(last(ledger)) == Recovery::What::torn_tail);
  CHECK(test::read_file(place.file).starts_with(whole));
}

TEST_CASE("whole records beyond the last checkpoint are kept") {
  Place place;
  fill(place, 2);
  Entry next{2, kNow, Kind::notify, body(2), {}};
  test::write_file(place.file,
                   test::read_file(place.file) + ledger::write_record(ledger::write_entry(next).value()));
  Ledger ledger = place.open().value();
  CHECK(ledger.continuity() == Continuity::continued);
  CHECK(ledger.size() == 3);
  CHECK(ledger.settled());
  CHECK(ledger.prove(2));
}

TEST_CASE("any byte changed in a finished record keeps the broker from starting", "[pure]") {
  Place place;
  fill(place, 3);
  const std::string whole = test::read_file(place.file);
  for (std::size_t at = 0; at < whole.size(); ++at) {
    CAPTURE(at);
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    test::write_file(place.file, changed);
    const auto ledger = place.open();
    REQUIRE_FALSE(ledger);
    CHECK(ledger.error().remedy != "");
    CHECK(test::read_file(place.file) == changed);
  }
}

TEST_CASE("records removed, doubled or swapped keep the broker from starting") {
  Place place;
  fill(place, 4);
  const std::vector<std::string> lines = records_of(place);
  REQUIRE(lines.size() == 4);
  std::string changed;
  SECTION("first removed") { changed = lines[1] + lines[2] + lines[3]; }
  SECTION("middle removed") { changed = lines[0] + lines[2] + lines[3]; }
  SECTION("doubled") { changed = lines[0] + lines[1] + lines[1] + lines[2] + lines[3]; }
  SECTION("swapped") { changed = lines[0] + lines[2] + lines[1] + lines[3]; }
  SECTION("an empty one") { changed = lines[0] + std::string(2, '\0') + lines[1]; }
  SECTION("no record at all") { changed = lines[0] + std::string(70'000, 'x'); }
  test::write_file(place.file, changed);
  const auto ledger = place.open();
  REQUIRE_FALSE(ledger);
  CHECK(ledger.error().remedy != "");
}

TEST_CASE("state restored from an older copy is noticed, and logged before anything else") {
  Place place;
  fill(place, 2);
  const std::string copy = place.backup("copy");
  fill(place, 3);
  SECTION("shorter") { place.restore(copy); }
  SECTION("gone") {
    fs::remove_all(place.state);
    fs::create_directory(place.state);
    ::chmod(place.state.c_str(), 0700);
  }
  SECTION("records cut off") { test::write_file(place.file, records_of(place)[0] + records_of(place)[1]); }
  SECTION("head gone") { fs::remove(place.head); }
  SECTION("head unreadable") { test::write_file(place.head, std::string(2048, 'x')); }
  SECTION("another key") { fs::remove(place.state + "/log.key"); }
  {
    const Ledger ledger = place.open().value();
    CHECK(ledger.continuity() == Continuity::restored);
    CHECK(ledger.continuity_reason() != "");
    CHECK(recovery_of(last(ledger)) == Recovery::What::restored);
  }
  CHECK(place.open().value().continuity() == Continuity::continued);
}

TEST_CASE("a restored copy that went on differently is noticed") {
  Place place;
  fill(place, 2);
  const std::string copy = place.backup("copy");
  fill(place, 1);
  const std::string newer_head = test::read_file(place.head);
  place.restore(copy);
  {
    // Elsewhere, with a head of its own that was copied too.
    Ledger ledger = place.open().value();
    REQUIRE(ledger.append(Kind::notify, body(99), kNow));
    REQUIRE(ledger.settle());
  }
  test::write_file(place.head, newer_head);
  CHECK(place.open().value().continuity() == Continuity::restored);
}

TEST_CASE("a last record that was durable and is damaged now keeps the broker from starting, and stays") {
  Place place;
  fill(place, 3);
  std::string whole = test::read_file(place.file);
  whole.resize(whole.size() - GENERATE(1, 5));
  test::write_file(place.file, whole);
  const auto refused = place.open();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().remedy != "");
  CHECK(test::read_file(place.file) == whole);
}

TEST_CASE("the bytes of an unfinished record are kept aside") {
  Place place;
  fill(place, 2);
  test::write_file(place.file, test::read_file(place.file) + "half a rec");
  REQUIRE(place.open());
  std::string kept;
  for (const auto& file : fs::directory_iterator(place.state))
    if (file.path().filename().string().starts_with("log.torn-")) kept = test::read_file(file.path());
  CHECK(kept == "half a rec");
}

TEST_CASE("the time found is the last entry's, whatever the opening itself wrote") {
  Place place;
  fill(place, 2);
  test::write_file(place.file, test::read_file(place.file) + "half");
  const Ledger ledger = Ledger::open({place.state, place.head, kNow - 1'000'000}).value();
  CHECK(ledger.time_found() == kNow + 1);
  CHECK(ledger.last_time() == kNow - 1'000'000);
}

TEST_CASE("a ledger that is not trusted any more takes nothing") {
  Place place;
  Ledger ledger = place.open().value();
  ledger.distrust(refuse("the queue cannot follow it").error());
  CHECK(ledger.poisoned());
  CHECK_FALSE(ledger.append(Kind::notify, body(1), kNow));
  CHECK_FALSE(ledger.settle());
}

TEST_CASE("the kept checkpoint is read without being written") {
  Place place;
  CHECK_FALSE(ledger::read_head(place.head));
  CHECK_FALSE(fs::exists(place.head));
  fill(place, 3);
  const auto head = ledger::read_head(place.head);
  REQUIRE(head);
  REQUIRE(head->has_value());
  CHECK((*head)->checkpoint.tree == place.open().value().head());
  test::write_file(place.head, std::string(2048, 'x'));
  CHECK_FALSE(ledger::read_head(place.head)->has_value());
}

TEST_CASE("an entry that is too long or not canonical is refused and leaves the ledger open") {
  Place place;
  Ledger ledger = place.open().value();
  CHECK_FALSE(ledger.append(Kind::notify, {{"text", std::string(70'000, 'x')}}, kNow));
  CHECK_FALSE(ledger.append(Kind::notify, {{"number", 0.5}}, kNow));
  CHECK_FALSE(ledger.poisoned());
  CHECK(ledger.append(Kind::notify, body(1), kNow).value().index == 0);
}

TEST_CASE("the broker's files are readable by it alone") {
  Place place;
  fill(place, 1);
  for (const std::string& path :
       {place.file, place.head, place.state + "/log.key", place.state + "/log/head"}) {
    struct stat status{};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
  }
}

TEST_CASE("bundles and tiles end and begin, and all of it is found and proved again", "[pure]") {
  Place place;
  const int count = GENERATE(255, 256, 257, 512, 1000);
  fill(place, count);
  Ledger ledger = place.open().value();
  REQUIRE(ledger.size() == static_cast<std::uint64_t>(count));
  CHECK(ledger.continuity() == Continuity::continued);
  const auto entries = ledger.read(0, 5000).value();
  REQUIRE(entries.size() == static_cast<std::size_t>(count));
  receipt::TreeEdge edge;
  for (int i = 0; i < count; ++i) {
    CHECK(entries[static_cast<std::size_t>(i)].body == body(i));
    edge.add(entries[static_cast<std::size_t>(i)].hash);
  }
  CHECK(edge.root() == ledger.head().root);
  for (const int index : {0, 100, 254, count - 1}) {
    const auto proof = ledger.prove(static_cast<std::uint64_t>(index)).value();
    CHECK(receipt::root_by_inclusion(proof.index, ledger.size(), entries[proof.index].hash, proof.path)
              .value() == edge.root());
  }
  const auto path = ledger.prove_consistency(200, ledger.size()).value();
  receipt::TreeEdge before;
  for (std::size_t i = 0; i < 200; ++i) before.add(entries[i].hash);
  CHECK(receipt::check_consistency({200, before.root()}, ledger.head(), path));
  CHECK_FALSE(ledger.prove_consistency(200, ledger.size() + 1));
  CHECK_FALSE(ledger.prove_consistency(201, 200));
  // It goes on where it ended.
  REQUIRE(ledger.append(Kind::notify, body(count), kNow));
  REQUIRE(ledger.settle());
  edge.add(last(ledger).hash);
  CHECK(edge.root() == ledger.head().root);
}

TEST_CASE("tiles that are lost or damaged are made anew from the entries", "[pure]") {
  Place place;
  fill(place, 1000);
  const receipt::TreeHead head = place.open().value().head();
  const std::string tile = place.state + "/log/" + GENERATE("tile/0/001", "tile/1/000");
  const bool lost = GENERATE(true, false);
  const std::string good = test::read_file(tile);
  std::string bad = good;
  bad[40] = static_cast<char>(bad[40] ^ 1);
  SECTION("before it is opened") {
    lost ? static_cast<void>(fs::remove(tile)) : test::write_file(tile, bad);
    Ledger ledger = place.open().value();
    CHECK(ledger.head() == head);
    CHECK(ledger.continuity() == Continuity::continued);
    CHECK(ledger.prove(300));
  }
  SECTION("while it is open") {
    if (tile.ends_with("1/000")) return;  // the last one of its level is in memory
    Ledger ledger = place.open().value();
    lost ? static_cast<void>(fs::remove(tile)) : test::write_file(tile, bad);
    CHECK(ledger.prove(300));
    CHECK(ledger.head() == head);
  }
  CHECK(test::read_file(tile) == good);
}

TEST_CASE("an old entry that was changed is not proved, and nothing is added to it") {
  Place place;
  fill(place, 600);
  Ledger ledger = place.open().value();
  std::string bytes = test::read_file(place.file);
  bytes.replace(bytes.find("\"number\":7"), 10, "\"number\":8");
  test::write_file(place.file, bytes);
  CHECK_FALSE(ledger.prove(7));
  CHECK(ledger.poisoned());
}

TEST_CASE("a log with a bundle missing in the middle keeps the broker from starting") {
  Place place;
  fill(place, 600);
  fs::remove(place.state + "/log/tile/entries/" + GENERATE("000", "001"));
  CHECK_FALSE(place.open());
}
