#include "supervisor/ledger/blob_store.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "supervisor/receipt/digest.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/unit/supervisor/ledger/faulty_disk.hpp"

using namespace pawl;
using ledger::BlobStore;
using test::Fault;
using test::FaultyDisk;

namespace {

struct Place {
  test::TemporaryDirectory directory;
  std::string blobs = directory / "blobs";
  std::string blob(const Digest& digest) const { return blobs + "/" + to_hex(digest); }
  std::size_t files() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(blobs), {}));
  }
  UniqueFd source(std::string_view contents) const {
    test::write_file(directory / "source", contents);
    return UniqueFd(::open((directory / "source").c_str(), O_RDWR | O_CLOEXEC));
  }
};

std::string text(const Result<Bytes>& bytes) { return std::string(as_text(bytes.value())); }

}  // namespace

TEST_CASE("a blob is found by the digest of its bytes, and nobody may write it") {
  Place place;
  BlobStore blobs = BlobStore::open(place.blobs).value();
  const Digest digest = blobs.put(as_bytes("hello")).value();
  CHECK(digest == receipt::sha256("hello"));
  CHECK(blobs.put(as_bytes("hello")).value() == digest);
  CHECK(blobs.contains(digest));
  CHECK(text(blobs.get(digest, 5)) == "hello");
  CHECK_FALSE(blobs.get(digest, 4));
  CHECK(blobs.open_blob(digest).value().size == 5);
  struct stat status{};
  REQUIRE(::stat(place.blob(digest).c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0444);
  REQUIRE(::stat(place.blobs.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0700);
  CHECK(place.files() == 1);
}

TEST_CASE("an unknown blob is an error") {
  Place place;
  const BlobStore blobs = BlobStore::open(place.blobs).value();
  CHECK_FALSE(blobs.contains(Digest{}));
  CHECK(blobs.open_blob(Digest{}).error().errnum == ENOENT);
}

TEST_CASE("a damaged blob is never handed out") {
  Place place;
  BlobStore blobs = BlobStore::open(place.blobs).value();
  const Digest digest = blobs.put(as_bytes("hello")).value();
  ::chmod(place.blob(digest).c_str(), 0600);
  test::write_file(place.blob(digest), GENERATE("hellO", "hell", "hello!", ""));
  CHECK_FALSE(blobs.open_blob(digest));
  CHECK_FALSE(blobs.get(digest, 100));
}

TEST_CASE("a file is copied as it is, whatever happens to it later") {
  Place place;
  BlobStore blobs = BlobStore::open(place.blobs).value();
  const std::string contents = std::string(200'000, 'a') + "end";
  const UniqueFd source = place.source(contents);
  REQUIRE(::lseek(source.get(), 77, SEEK_SET) == 77);  // where its owner left the offset is not our matter
  const auto copied = blobs.put_copy(source.get(), 1 << 20).value();
  CHECK(copied.size == contents.size());
  CHECK(copied.sha256 == receipt::sha256(contents));
  test::write_file(place.directory / "source", "changed");
  CHECK(text(blobs.get(copied.sha256, 1 << 20)) == contents);
}

TEST_CASE("an empty file is a file") {
  Place place;
  BlobStore blobs = BlobStore::open(place.blobs).value();
  CHECK(blobs.put_copy(place.source("").get(), 10).value().size == 0);
}

TEST_CASE("what is not a regular file within its cap is refused") {
  Place place;
  BlobStore blobs = BlobStore::open(place.blobs).value();
  SECTION("one byte too long") {
    CHECK(blobs.put_copy(place.source("12345").get(), 5));
    CHECK_FALSE(blobs.put_copy(place.source("123456").get(), 5));
  }
  SECTION("a sparse file of a terabyte") {
    const UniqueFd source = place.source("");
    REQUIRE(::ftruncate(source.get(), std::int64_t{1} << 40) == 0);
    CHECK_FALSE(blobs.put_copy(source.get(), 1 << 20));
  }
  SECTION("a FIFO") {
    const std::string path = place.directory / "fifo";
    REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    const UniqueFd source(::open(path.c_str(), O_RDWR | O_CLOEXEC));
    CHECK_FALSE(blobs.put_copy(source.get(), 100));
  }
  SECTION("a directory") {
    const UniqueFd source(::open(place.directory.path().c_str(), O_RDONLY | O_CLOEXEC));
    CHECK_FALSE(blobs.put_copy(source.get(), 100));
  }
  SECTION("a device") {
    const UniqueFd source(::open("/dev/zero", O_RDONLY | O_CLOEXEC));
    CHECK_FALSE(blobs.put_copy(source.get(), 100));
  }
  SECTION("a descriptor without reading") {
    place.source("x");
    const UniqueFd source(::open((place.directory / "source").c_str(), O_PATH | O_CLOEXEC));
    CHECK_FALSE(blobs.put_copy(source.get(), 100));
  }
  SECTION("no descriptor") { CHECK_FALSE(blobs.put_copy(-1, 100)); }
}

TEST_CASE("a file that changes while it is copied is refused") {
  // The copy's own writes go through this disk: the moment at which the file's owner changes it.
  class Meddler final : public ledger::Disk {
   public:
    explicit Meddler(int source, std::string_view with) : source_(source), with_(with) {}
    ssize_t write_at(int fd, ByteSpan bytes, std::uint64_t offset) override {
      if (with_ == "grow") (void)!::pwrite(source_, "x", 1, ::lseek(source_, 0, SEEK_END));
      if (with_ == "shrink") (void)!::ftruncate(source_, 10);
      if (with_ == "rewrite") (void)!::pwrite(source_, "x", 1, 0);
      return ledger::system_disk().write_at(fd, bytes, offset);
    }
    int sync_data(int fd) override { return ledger::system_disk().sync_data(fd); }
    int sync_all(int fd) override { return ledger::system_disk().sync_all(fd); }
    int truncate(int fd, std::uint64_t size) override { return ledger::system_disk().truncate(fd, size); }
    int rename_in(int d, const std::string& a, const std::string& b) override {
      return ledger::system_disk().rename_in(d, a, b);
    }

   private:
    int source_;
    std::string_view with_;
  };
  Place place;
  const UniqueFd source = place.source(std::string(200'000, 'a'));
  ::usleep(20'000);  // coarse file times: let the next change be seen
  Meddler meddler(source.get(), GENERATE("grow", "shrink", "rewrite"));
  BlobStore blobs = BlobStore::open(place.blobs, meddler).value();
  CHECK_FALSE(blobs.put_copy(source.get(), 1 << 20));
  CHECK(place.files() == 0);
}

TEST_CASE("a failing disk leaves no blob and no leftover") {
  Place place;
  FaultyDisk disk;
  BlobStore blobs = BlobStore::open(place.blobs, disk).value();
  const Fault fault = GENERATE(Fault::error, Fault::short_write);
  const std::uint64_t step = GENERATE(0u, 1u, 2u);  // write, sync, rename
  disk.plan(fault, step);
  CHECK_FALSE(blobs.put(as_bytes("hello")));
  CHECK(place.files() == 0);
}

TEST_CASE("a blob whose name may not be durable is not reported") {
  Place place;
  FaultyDisk disk;
  BlobStore blobs = BlobStore::open(place.blobs, disk).value();
  disk.plan(Fault::error, 3);
  CHECK_FALSE(blobs.put(as_bytes("hello")));
}

TEST_CASE("a crash at any step leaves the whole blob or none, and the next start cleans up") {
  for (const Fault fault : {Fault::abort, Fault::abort_half}) {
    for (std::uint64_t step = 0; step < 4; ++step) {
      CAPTURE(step);
      Place place;
      const pid_t child = ::fork();
      if (child == 0) {
        FaultyDisk disk;
        auto blobs = BlobStore::open(place.blobs, disk);
        disk.plan(fault, step);
        (void)blobs->put(as_bytes("hello"));
        ::_exit(0);
      }
      int status = 0;
      REQUIRE(::waitpid(child, &status, 0) == child);
      REQUIRE(WEXITSTATUS(status) == FaultyDisk::kAborted);
      const BlobStore blobs = BlobStore::open(place.blobs).value();
      const Digest digest = receipt::sha256("hello");
      if (blobs.contains(digest)) CHECK(text(blobs.get(digest, 5)) == "hello");
      CHECK(place.files() == (blobs.contains(digest) ? 1 : 0));
    }
  }
}

TEST_CASE("a blob directory that others may write is refused") {
  Place place;
  std::filesystem::create_directory(place.blobs);
  ::chmod(place.blobs.c_str(), 0777);
  CHECK_FALSE(BlobStore::open(place.blobs));
}

TEST_CASE("a blob says whether it was there before, and can be taken away") {
  Place place;
  BlobStore blobs = BlobStore::open(place.blobs).value();
  const auto first = blobs.put_new(as_bytes("hello")).value();
  CHECK(first.novelty == BlobStore::Novelty::added);
  CHECK(blobs.put_new(as_bytes("hello")).value().novelty == BlobStore::Novelty::known);
  CHECK(blobs.put_copy(place.source("hello").get(), 10).value().novelty == BlobStore::Novelty::known);
  CHECK(blobs.put_copy(place.source("other").get(), 10).value().novelty == BlobStore::Novelty::added);
  REQUIRE(blobs.remove(first.sha256));
  CHECK_FALSE(blobs.contains(first.sha256));
  CHECK(blobs.remove(first.sha256));
}

TEST_CASE("blobs that nothing refers to are collected, others stay") {
  Place place;
  BlobStore blobs = BlobStore::open(place.blobs).value();
  const Digest wanted = blobs.put(as_bytes("wanted")).value();
  const Digest unwanted = blobs.put(as_bytes("unwanted")).value();
  CHECK(blobs.keep_only({wanted}).value() == 1);
  CHECK(blobs.contains(wanted));
  CHECK_FALSE(blobs.contains(unwanted));
}
