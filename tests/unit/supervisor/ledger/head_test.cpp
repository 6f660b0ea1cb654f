#include "supervisor/ledger/head.hpp"

#include <catch2/catch.hpp>

#include "supervisor/receipt/digest.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/unit/supervisor/ledger/faulty_disk.hpp"

using namespace pawl;
using ledger::HeadFile;

namespace {

const receipt::LogSigner& signer() {
  static const receipt::LogSigner made =
      receipt::LogSigner::generate("pawl/" + std::string(155, 'a')).value();
  return made;
}

std::string note(std::uint64_t size) {
  return signer().sign({size, receipt::sha256(std::to_string(size))}).value();
}

std::uint64_t size_in(const HeadFile& file) { return file.stored().value().checkpoint.tree.size; }

HeadFile open(const test::TemporaryDirectory& directory) {
  return HeadFile::open(directory / "head", ledger::system_disk()).value();
}

}  // namespace

TEST_CASE("a checkpoint that was never kept is not there") {
  test::TemporaryDirectory directory;
  CHECK_FALSE(open(directory).stored());
  CHECK_FALSE(open(directory).stored());
}

TEST_CASE("the newest checkpoint is found again, also a smaller one, and is still signed") {
  test::TemporaryDirectory directory;
  for (const std::uint64_t size : {1, 2, 3, 100, 7}) {
    REQUIRE(open(directory).store(note(size)));
    CHECK(size_in(open(directory)) == size);
    CHECK(signer().key().check(*open(directory).stored()));
  }
}

TEST_CASE("a torn slot leaves the checkpoint before") {
  test::TemporaryDirectory directory;
  test::FaultyDisk disk;
  auto file = HeadFile::open(directory / "head", disk).value();
  REQUIRE(file.store(note(1)));
  REQUIRE(file.store(note(2)));
  disk.plan(test::Fault::short_write, 0);
  CHECK_FALSE(file.store(note(3)));
  CHECK(size_in(file) == 2);
  CHECK(size_in(open(directory)) == 2);
}

TEST_CASE("a checkpoint that was changed where it is kept is none") {
  test::TemporaryDirectory directory;
  REQUIRE(open(directory).store(note(1)));
  const std::string whole = test::read_file(directory / "head");
  const std::size_t begin = whole.find("pawl/") - 21 - 65;
  for (std::size_t at = begin; at < begin + 85 + note(1).size(); ++at) {
    std::string bytes = whole;
    bytes[at] = static_cast<char>(bytes[at] ^ 1);
    test::write_file(directory / "head", bytes);
    CHECK_FALSE(open(directory).stored());
  }
}

TEST_CASE("what is no checkpoint is not kept") {
  test::TemporaryDirectory directory;
  CHECK_FALSE(open(directory).store("nothing"));
}

TEST_CASE("a file in a directory that is missing is an error") {
  test::TemporaryDirectory directory;
  CHECK(HeadFile::open(directory / "missing/head", ledger::system_disk()).error().errnum == ENOENT);
}
