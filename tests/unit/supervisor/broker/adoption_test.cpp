// Blobs whose request does not exist yet: none is lost that a request came to be on, none stays that nothing
// needs.
#include "supervisor/broker/adoption.hpp"

#include <catch2/catch.hpp>

#include "supervisor/ledger/blob_store.hpp"
#include "tests/support/temporary_directory.hpp"

using namespace pawl;
using broker::Adoption;
using broker::Unclaimed;
using ledger::BlobStore;

namespace {

struct Ground {
  test::TemporaryDirectory directory;
  BlobStore blobs = BlobStore::open(directory / "blobs").value();
  Unclaimed unclaimed;

  Digest put(Adoption& adoption, std::string_view text) {
    const auto copied = blobs.put_new(as_bytes(text)).value();
    adoption.add(copied);
    return copied.sha256;
  }
};

}  // namespace

TEST_CASE("a blob goes with the draft that made it, and stays with the request") {
  Ground ground;
  Digest blob{};
  {
    Adoption draft(ground.blobs, ground.unclaimed);
    blob = ground.put(draft, "document");
    CHECK(ground.blobs.contains(blob));
  }
  CHECK_FALSE(ground.blobs.contains(blob));
  {
    Adoption draft(ground.blobs, ground.unclaimed);
    ground.put(draft, "document");
    draft.keep();
  }
  CHECK(ground.blobs.contains(blob));
  {
    // What is on record already is not this draft's to take away.
    Adoption draft(ground.blobs, ground.unclaimed);
    ground.put(draft, "document");
  }
  CHECK(ground.blobs.contains(blob));
}

TEST_CASE("two drafts on one blob: it stays when either comes to be, whatever becomes of the other") {
  Ground ground;
  auto first = std::make_unique<Adoption>(ground.blobs, ground.unclaimed);
  auto second = std::make_unique<Adoption>(ground.blobs, ground.unclaimed);
  const Digest blob = ground.put(*first, "manifest");
  ground.put(*second, "manifest");
  SECTION("the second comes to be, and the first, who made it, does not") {
    second->keep();
    second.reset();
    first.reset();
    CHECK(ground.blobs.contains(blob));
  }
  SECTION("the first comes to be, and the second does not") {
    first->keep();
    first.reset();
    second.reset();
    CHECK(ground.blobs.contains(blob));
  }
  SECTION("neither does") {
    first.reset();
    CHECK(ground.blobs.contains(blob));
    second.reset();
    CHECK_FALSE(ground.blobs.contains(blob));
  }
}

TEST_CASE("a draft that moved on holds what it held, once") {
  Ground ground;
  Adoption first(ground.blobs, ground.unclaimed);
  const Digest blob = ground.put(first, "plan");
  {
    Adoption second(std::move(first));
    CHECK(ground.blobs.contains(blob));
    first = Adoption(ground.blobs, ground.unclaimed);
    CHECK(ground.blobs.contains(blob));
    first = std::move(second);
  }
  CHECK(ground.blobs.contains(blob));
  first = Adoption(ground.blobs, ground.unclaimed);
  CHECK_FALSE(ground.blobs.contains(blob));
}
