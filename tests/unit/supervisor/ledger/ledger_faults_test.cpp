// Every durable step fails, falls short, or is the last thing that the process does: what was reported
// durable is there afterwards, what was not is whole or absent, and nothing is appended after doubt.
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "supervisor/ledger/ledger.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/unit/supervisor/ledger/faulty_disk.hpp"

using namespace pawl;
using ledger::Continuity;
using ledger::Kind;
using ledger::Ledger;
using test::Fault;
using test::FaultyDisk;

namespace {

constexpr std::int64_t kNow = 1'780'000'000'000;

struct Place {
  test::TemporaryDirectory directory;
  std::string state = directory / "state";
  std::string head = directory / "head";

  Place() {
    std::filesystem::create_directory(state);
    ::chmod(state.c_str(), 0700);
  }
  Result<Ledger> open(ledger::Disk& disk = ledger::system_disk()) const {
    return Ledger::open({state, head, kNow}, disk);
  }
};

Result<> append(Ledger& ledger, int number) {
  TRY(ledger.append(Kind::notify, {{"number", number}}, kNow));
  return ledger.settle();
}

std::vector<int> numbers(const Ledger& ledger) {
  std::vector<int> found;
  const auto entries = ledger.read(0, 1000).value();
  for (const ledger::Entry& entry : entries)
    if (entry.kind == Kind::notify) found.push_back(static_cast<int>(entry.body.at("number").as_int64()));
  return found;
}

std::uint64_t steps_of_one_append() {
  Place place;
  FaultyDisk disk;
  Ledger ledger = place.open(disk).value();
  REQUIRE(append(ledger, 0));
  const std::uint64_t before = disk.steps();
  REQUIRE(append(ledger, 1));
  return disk.steps() - before;
}

// Runs `body` in a child that may end at a fault; true: it did.
template <class Body>
bool aborted(Body body) {
  const pid_t child = ::fork();
  if (child == 0) {
    body();
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  return WEXITSTATUS(status) == FaultyDisk::kAborted;
}

}  // namespace

TEST_CASE(
    "an append is a write and a sync of the record, then of the checkpoint outside, and a copy of that") {
  CHECK(steps_of_one_append() == 5);
}

TEST_CASE("many entries are made durable by the syncs of one") {
  Place place;
  FaultyDisk disk;
  Ledger ledger = place.open(disk).value();
  REQUIRE(append(ledger, 0));
  const std::uint64_t before = disk.steps();
  for (int number = 1; number <= 32; ++number) {
    REQUIRE(ledger.append(Kind::notify, {{"number", number}}, kNow));
    CHECK_FALSE(ledger.settled());
  }
  CHECK(disk.steps() - before == 32);  // a write each
  REQUIRE(ledger.settle());
  CHECK(ledger.settled());
  CHECK(disk.steps() - before == 32 + 4);
  REQUIRE(ledger.settle());  // nothing to do
  CHECK(disk.steps() - before == 32 + 4);
}

TEST_CASE("a full disk refuses the append, keeps the ledger as it was, and a later append succeeds") {
  Place place;
  FaultyDisk disk;
  Ledger ledger = place.open(disk).value();
  REQUIRE(append(ledger, 0));
  disk.plan(GENERATE(Fault::error, Fault::short_write), 0);
  const auto refused = append(ledger, 1);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().errnum == ENOSPC);
  CHECK(refused.error().remedy.find("free space") != std::string::npos);
  CHECK_FALSE(ledger.poisoned());
  CHECK(append(ledger, 2));
  CHECK(numbers(ledger) == std::vector{0, 2});
}

TEST_CASE("after a failed sync nothing is appended any more, and nothing is tried again") {
  Place place;
  FaultyDisk disk;
  Ledger ledger = place.open(disk).value();
  REQUIRE(append(ledger, 0));
  // The record's sync, the checkpoint's write, the checkpoint's sync.
  const std::uint64_t step = GENERATE(1u, 2u, 3u);
  disk.plan(Fault::error, step);
  CHECK_FALSE(append(ledger, 1));
  CHECK(ledger.poisoned());
  const std::uint64_t before = disk.steps();
  CHECK_FALSE(append(ledger, 2));
  CHECK(disk.steps() == before);
}

TEST_CASE("a record that cannot be taken back poisons the ledger, and the next start cuts it off") {
  class NoWayBack final : public ledger::Disk {
   public:
    ssize_t write_at(int fd, ByteSpan bytes, std::uint64_t offset) override {
      if (std::exchange(fell_short_, true)) return errno = ENOSPC, -1;
      return ledger::system_disk().write_at(fd, bytes.first(bytes.size() / 2), offset);
    }
    int sync_data(int fd) override { return ledger::system_disk().sync_data(fd); }
    int sync_all(int fd) override { return ledger::system_disk().sync_all(fd); }
    int truncate(int, std::uint64_t) override { return errno = EIO, -1; }
    int rename_in(int, const std::string&, const std::string&) override { return errno = EIO, -1; }

   private:
    bool fell_short_ = false;
  };
  Place place;
  {
    Ledger ledger = place.open().value();
    REQUIRE(append(ledger, 0));
  }
  {
    NoWayBack disk;
    Ledger ledger = place.open(disk).value();
    CHECK_FALSE(append(ledger, 1));
    CHECK(ledger.poisoned());
  }
  const Ledger ledger = place.open().value();
  CHECK(numbers(ledger) == std::vector{0});
  CHECK(ledger.size() == 2);  // and the recover entry
}

TEST_CASE("a crash at any step of any append loses nothing that was reported durable") {
  const std::uint64_t steps = 3 * steps_of_one_append();
  const Fault fault = GENERATE(Fault::abort, Fault::abort_half);
  for (std::uint64_t step = 0; step <= steps; ++step) {
    CAPTURE(step);
    Place place;
    {
      FaultyDisk disk;
      Ledger ledger = place.open(disk).value();
      REQUIRE(append(ledger, 0));
    }
    const std::string durable = place.directory / "durable";
    const bool died = aborted([&] {
      FaultyDisk disk;
      auto ledger = place.open(disk);
      if (!ledger) ::_exit(1);
      disk.plan(fault, step);
      for (int number = 1; number <= 3; ++number) {
        if (!append(*ledger, number)) ::_exit(1);
        test::write_file(durable, std::to_string(number));
      }
    });
    CHECK(died == (step < steps));
    const int reported = std::filesystem::exists(durable) ? std::stoi(test::read_file(durable)) : 0;
    const Ledger ledger = place.open().value();
    // A crash is no restored copy: the waiting requests stay.
    CHECK(ledger.continuity() == Continuity::continued);
    const std::vector<int> found = numbers(ledger);
    REQUIRE(static_cast<int>(found.size()) > reported);
    CHECK(static_cast<int>(found.size()) <= reported + 2);
    CHECK(ledger.settled());
    for (std::size_t i = 0; i < found.size(); ++i) CHECK(found[i] == static_cast<int>(i));
  }
}

TEST_CASE("a crash at any step of a start leaves a ledger that starts") {
  for (const Fault fault : {Fault::abort, Fault::abort_half}) {
    bool died = true;
    for (std::uint64_t step = 0; died; ++step) {
      CAPTURE(step);
      REQUIRE(step < 50);
      Place place;
      died = aborted([&] {
        FaultyDisk disk;
        disk.plan(fault, step);
        if (!place.open(disk)) ::_exit(1);
      });
      const auto ledger = place.open();
      REQUIRE(ledger);
      CHECK(ledger->continuity() == Continuity::fresh);
    }
  }
}

TEST_CASE("a crash while a restored copy is being noticed does not make it unnoticed") {
  bool died = true;
  for (std::uint64_t step = 0; died; ++step) {
    CAPTURE(step);
    REQUIRE(step < 50);
    Place place;
    const std::string copy = place.directory / "copy";
    {
      Ledger ledger = place.open().value();
      REQUIRE(append(ledger, 0));
    }
    std::filesystem::copy(place.state, copy, std::filesystem::copy_options::recursive);
    {
      Ledger ledger = place.open().value();
      REQUIRE(append(ledger, 1));
    }
    std::filesystem::remove_all(place.state);
    std::filesystem::copy(copy, place.state, std::filesystem::copy_options::recursive);
    died = aborted([&] {
      FaultyDisk disk;
      disk.plan(Fault::abort, step);
      if (!place.open(disk)) ::_exit(1);
    });
    const Ledger ledger = place.open().value();
    const auto entries = ledger.read(0, 100).value();
    CHECK(std::ranges::any_of(entries, [](const ledger::Entry& entry) {
      return entry.kind == Kind::recover && entry.body.at("what") == "restored";
    }));
  }
}

TEST_CASE("a crash at any step of where one bundle ends and the next begins loses nothing", "[pure]") {
  // 254 entries before; the batch goes over the border, where files, folders and tiles are made.
  std::uint64_t steps = 0;
  const auto batch = [](Ledger& ledger) -> Result<> {
    for (int number = 254; number < 260; ++number)
      TRY(ledger.append(Kind::notify, {{"number", number}}, kNow));
    return ledger.settle();
  };
  const auto prepare = [](const Place& place) {
    Ledger ledger = place.open().value();
    for (int number = 0; number < 254; ++number)
      REQUIRE(ledger.append(Kind::notify, {{"number", number}}, kNow));
    REQUIRE(ledger.settle());
  };
  {
    Place place;
    prepare(place);
    FaultyDisk disk;
    Ledger ledger = place.open(disk).value();
    const std::uint64_t before = disk.steps();
    REQUIRE(batch(ledger));
    steps = disk.steps() - before;
  }
  REQUIRE(steps > 15);
  const Fault fault = GENERATE(Fault::abort, Fault::error);
  for (std::uint64_t step = 0; step <= steps; ++step) {
    CAPTURE(step);
    Place place;
    prepare(place);
    bool told = false;
    if (fault == Fault::error) {
      FaultyDisk disk;
      Ledger ledger = place.open(disk).value();
      disk.plan(fault, step);
      told = batch(ledger).has_value();
    } else {
      const bool died = aborted([&] {
        FaultyDisk disk;
        auto ledger = place.open(disk);
        disk.plan(fault, step);
        if (!ledger || !batch(*ledger)) ::_exit(1);
      });
      told = !died;
      CHECK(died == (step < steps));
    }
    Ledger ledger = place.open().value();
    CHECK(ledger.continuity() == Continuity::continued);
    const std::vector<int> found = numbers(ledger);
    CHECK(found.size() >= (told ? 260u : 254u));
    for (std::size_t i = 0; i < found.size(); ++i) CHECK(found[i] == static_cast<int>(i));
    REQUIRE(append(ledger, 1000));
    CHECK(ledger.prove(0));
    CHECK(ledger.prove(255 < found.size() ? 255 : 253));
  }
}
