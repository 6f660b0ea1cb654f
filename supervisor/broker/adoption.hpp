// Blobs that were made for a request which does not exist yet: they go again unless it comes to be. Runs in
// pawld.
#pragma once

#include <string_view>
#include <vector>

#include "supervisor/broker/rate.hpp"
#include "supervisor/ledger/blob_store.hpp"

namespace pawl::broker {

class Adoption {
 public:
  explicit Adoption(ledger::BlobStore& blobs) : blobs_(blobs) {}
  ~Adoption() {
    // What cannot be removed now is collected with the next start.
    for (const Digest& digest : added_) (void)blobs_.remove(digest);
  }
  Adoption(const Adoption&) = delete;
  Adoption& operator=(const Adoption&) = delete;

  void add(const ledger::BlobStore::Copied& copied) {
    if (copied.novelty == ledger::BlobStore::Novelty::added) added_.push_back(copied.sha256);
  }
  void keep() { added_.clear(); }
  ledger::BlobStore& blobs() { return blobs_; }

 private:
  ledger::BlobStore& blobs_;
  std::vector<Digest> added_;
};

// The canonical bytes of a document, stored; its digest. Refuses one that no receipt could carry.
Result<Digest> adopt_document(Adoption& adoption, std::string_view canonical);

// Copies one input of at most `max` bytes, if `quota` admits as many as it has.
Result<ledger::BlobStore::Copied> adopt_input(Adoption& adoption, int source, std::uint64_t max, Rate& quota);

}  // namespace pawl::broker
