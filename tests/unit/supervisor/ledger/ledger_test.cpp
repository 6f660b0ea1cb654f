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

struct Place {
  test::TemporaryDirectory directory;
  std::string state = directory / "state";
  std::string file = state + "/ledger.jsonl";
  std::string head = directory / "head";

  Place() {
    std::filesystem::create_directory(state);
    ::chmod(state.c_str(), 0700);
  }
  Result<Ledger> open() const { return Ledger::open({state, head, kNow}); }
};

boost::json::object body(int number) { return {{"number", number}}; }

void fill(const Place& place, int entries) {
  Ledger ledger = place.open().value();
  for (int i = 0; i < entries; ++i) REQUIRE(ledger.append(Kind::notify, body(i), kNow + i));
}

Recovery::What recovery_of(const Entry& entry) {
  REQUIRE(entry.kind == Kind::recover);
  return receipt::from_object<Recovery>(entry.body).value().what;
}

Entry last(const Ledger& ledger) { return ledger.read(ledger.size() - 1, 1).value().at(0); }

}  // namespace

TEST_CASE("a ledger keeps what was appended, in order, chained") {
  Place place;
  fill(place, 3);
  const Ledger ledger = place.open().value();
  CHECK(ledger.size() == 3);
  CHECK(ledger.continuity() == Continuity::continued);
  CHECK(ledger.last_time() == kNow + 2);
  const auto entries = ledger.read(0, 100).value();
  REQUIRE(entries.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(entries[i].body == body(static_cast<int>(i)));
    CHECK(entries[i].time == kNow + static_cast<std::int64_t>(i));
    CHECK(ledger::follows(entries[i], i > 0 ? &entries[i - 1] : nullptr));
  }
  CHECK(ledger.head() == ledger::Head{3, entries[2].hash});
  CHECK(ledger.read(1, 1).value().at(0).index == 1);
  CHECK(ledger.read(3, 1).value().empty());
  CHECK(ledger::read_ledger_file(place.file).value().size() == 3);
}

TEST_CASE("a first start is fresh") {
  Place place;
  const Ledger ledger = place.open().value();
  CHECK(ledger.continuity() == Continuity::fresh);
  CHECK(ledger.size() == 0);
}

TEST_CASE("a second broker on the same state is refused, told which process has it") {
  Place place;
  const Ledger first = place.open().value();
  const auto second = place.open();
  REQUIRE_FALSE(second);
  CHECK(second.error().text().find("process " + std::to_string(::getpid())) != std::string::npos);
}

TEST_CASE("a state directory that others may write is refused") {
  Place place;
  ::chmod(place.state.c_str(), 0770);
  CHECK_FALSE(place.open());
}

TEST_CASE("an unfinished last record is cut off, and that is logged") {
  Place place;
  fill(place, 3);
  const std::string whole = test::read_file(place.file);
  const std::string torn =
      GENERATE(as<std::string>(), R"({"body":{"number":3},"ind)", "x", std::string(40, '\0'));
  test::write_file(place.file, whole + torn);
  const Ledger ledger = place.open().value();
  CHECK(ledger.continuity() == Continuity::continued);
  REQUIRE(ledger.size() == 4);
  CHECK(recovery_of(last(ledger)) == Recovery::What::torn_tail);
  CHECK(test::read_file(place.file).starts_with(whole));
}

TEST_CASE("any byte changed in a finished record keeps the broker from starting") {
  Place place;
  fill(place, 3);
  const std::string whole = test::read_file(place.file);
  for (std::size_t at = 0; at + 1 < whole.size(); ++at) {
    CAPTURE(at);
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    test::write_file(place.file, changed);
    const auto ledger = place.open();
    if (!ledger) continue;
    // Nothing in the file follows the last record: another content of it is found out by the head that is
    // kept elsewhere.
    CHECK(at > whole.rfind('\n', whole.size() - 2));
    CHECK(ledger->continuity() == Continuity::restored);
    break;
  }
}

TEST_CASE("records removed, doubled or swapped keep the broker from starting") {
  Place place;
  fill(place, 4);
  std::vector<std::string> lines;
  std::string rest = test::read_file(place.file);
  for (std::size_t end = 0; (end = rest.find('\n')) != std::string::npos; rest.erase(0, end + 1))
    lines.push_back(rest.substr(0, end + 1));
  REQUIRE(lines.size() == 4);
  std::string changed;
  SECTION("first removed") { changed = lines[1] + lines[2] + lines[3]; }
  SECTION("middle removed") { changed = lines[0] + lines[2] + lines[3]; }
  SECTION("doubled") { changed = lines[0] + lines[1] + lines[1] + lines[2] + lines[3]; }
  SECTION("swapped") { changed = lines[0] + lines[2] + lines[1] + lines[3]; }
  SECTION("an empty line") { changed = lines[0] + "\n" + lines[1]; }
  SECTION("no record at all") { changed = lines[0] + std::string(70'000, 'x'); }
  test::write_file(place.file, changed);
  const auto ledger = place.open();
  REQUIRE_FALSE(ledger);
  CHECK(ledger.error().remedy != "");
}

TEST_CASE("state restored from an older copy is noticed, and logged before anything else") {
  Place place;
  fill(place, 2);
  const std::string old_copy = test::read_file(place.file);
  fill(place, 3);
  SECTION("shorter") { test::write_file(place.file, old_copy); }
  SECTION("gone") { std::filesystem::remove(place.file); }
  SECTION("head gone") { std::filesystem::remove(place.head); }
  SECTION("head unreadable") { test::write_file(place.head, std::string(512, 'x')); }
  {
    const Ledger ledger = place.open().value();
    CHECK(ledger.continuity() == Continuity::restored);
    CHECK(ledger.continuity_reason() != "");
    CHECK(recovery_of(last(ledger)) == Recovery::What::restored);
  }
  CHECK(place.open().value().continuity() == Continuity::continued);
}

TEST_CASE("a restored copy that went on differently is noticed") {
  Place place, other;
  fill(place, 3);
  fill(other, 2);
  {
    Ledger ledger = other.open().value();
    REQUIRE(ledger.append(Kind::notify, body(99), kNow));
    REQUIRE(ledger.append(Kind::notify, body(100), kNow));
  }
  std::filesystem::copy_file(other.file, place.file, std::filesystem::copy_options::overwrite_existing);
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
  // The remedy: cut by the operator, it is a restored copy.
  test::write_file(place.file, whole.substr(0, whole.rfind('\n') + 1));
  CHECK(place.open().value().continuity() == Continuity::restored);
}

TEST_CASE("the bytes of an unfinished record are kept aside") {
  Place place;
  fill(place, 2);
  test::write_file(place.file, test::read_file(place.file) + "half a rec");
  REQUIRE(place.open());
  std::string kept;
  for (const auto& file : std::filesystem::directory_iterator(place.state))
    if (file.path().filename().string().starts_with("ledger.torn-")) kept = test::read_file(file.path());
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
}

TEST_CASE("the kept head is read without being written") {
  Place place;
  CHECK_FALSE(ledger::read_head(place.head));
  CHECK_FALSE(std::filesystem::exists(place.head));
  fill(place, 3);
  const auto head = ledger::read_head(place.head);
  REQUIRE(head);
  REQUIRE(head->has_value());
  CHECK(**head == place.open().value().head());
  test::write_file(place.head, std::string(512, 'x'));
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

TEST_CASE("a copy with an unfinished record is refused when read for verification") {
  Place place;
  fill(place, 2);
  test::write_file(place.file, test::read_file(place.file) + "x");
  CHECK_FALSE(ledger::read_ledger_file(place.file));
  CHECK(ledger::read_ledger_file(place.directory / "missing").error().errnum == ENOENT);
}

TEST_CASE("ledger and head are readable by the broker alone") {
  Place place;
  fill(place, 1);
  for (const std::string& path : {place.file, place.head}) {
    struct stat status{};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
  }
}
