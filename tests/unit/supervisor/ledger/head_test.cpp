#include "supervisor/ledger/head.hpp"

#include <catch2/catch.hpp>

#include "supervisor/receipt/digest.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/unit/supervisor/ledger/faulty_disk.hpp"

using namespace pawl;
using ledger::Head;
using ledger::HeadFile;

namespace {

Head head(std::uint64_t size) { return {size, receipt::sha256(std::to_string(size))}; }

HeadFile open(const test::TemporaryDirectory& directory) {
  return HeadFile::open(directory / "head", ledger::system_disk()).value();
}

}  // namespace

TEST_CASE("a head that was never written is not there") {
  test::TemporaryDirectory directory;
  CHECK_FALSE(open(directory).stored());
  CHECK_FALSE(open(directory).stored());
}

TEST_CASE("the newest head is found again, also a smaller one") {
  test::TemporaryDirectory directory;
  for (const std::uint64_t size : {1, 2, 3, 100, 7}) {
    REQUIRE(open(directory).store(head(size)));
    CHECK(open(directory).stored() == head(size));
  }
}

TEST_CASE("a torn slot leaves the head before") {
  test::TemporaryDirectory directory;
  test::FaultyDisk disk;
  auto file = HeadFile::open(directory / "head", disk).value();
  REQUIRE(file.store(head(1)));
  REQUIRE(file.store(head(2)));
  disk.plan(test::Fault::short_write, 0);
  CHECK_FALSE(file.store(head(3)));
  CHECK(file.stored() == head(2));
  CHECK(open(directory).stored() == head(2));
}

TEST_CASE("a changed head is no head") {
  test::TemporaryDirectory directory;
  REQUIRE(open(directory).store(head(1)));
  std::string bytes = test::read_file(directory / "head");
  bytes.replace(bytes.find("\"size\":1"), 8, "\"size\":2");
  test::write_file(directory / "head", bytes);
  CHECK_FALSE(open(directory).stored());
}

TEST_CASE("a head in a directory that is missing is an error") {
  test::TemporaryDirectory directory;
  CHECK(HeadFile::open(directory / "missing/head", ledger::system_disk()).error().errnum == ENOENT);
}
