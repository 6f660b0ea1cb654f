// Blobs of a request that does not exist yet: they go again unless it comes to be. Runs in pawld; the blobs
// hold an agent's or a person's files.
#pragma once

#include <map>
#include <string_view>
#include <vector>

#include "sandbox/base/bytes.hpp"
#include "supervisor/broker/rate.hpp"
#include "supervisor/ledger/blob_store.hpp"

namespace pawl::broker {

// While a preview is made, other requests come to be, or not, on the same blobs. So it is counted who still
// may need a blob that no request on record refers to.
class Unclaimed {
 public:
  void hold(const Digest& digest) { ++holders_[digest]; }
  bool contains(const Digest& digest) const { return holders_.contains(digest); }
  // On record from here on: it is nobody's any more.
  void claim(const Digest& digest) { holders_.erase(digest); }
  // True: that was the last one, and no request came to be on it.
  bool let_go(const Digest& digest) {
    const auto found = holders_.find(digest);
    if (found == holders_.end() || --found->second > 0) return false;
    holders_.erase(found);
    return true;
  }

 private:
  std::map<Digest, unsigned> holders_;
};

class Adoption {
 public:
  Adoption(ledger::BlobStore& blobs, Unclaimed& unclaimed) : blobs_(&blobs), unclaimed_(&unclaimed) {}
  ~Adoption() { let_go(); }
  Adoption(Adoption&& other) noexcept
      : blobs_(other.blobs_), unclaimed_(other.unclaimed_), held_(std::move(other.held_)) {
    other.held_.clear();
  }
  Adoption& operator=(Adoption&& other) noexcept {
    let_go();
    blobs_ = other.blobs_;
    unclaimed_ = other.unclaimed_;
    held_ = std::move(other.held_);
    other.held_.clear();
    return *this;
  }

  void add(const ledger::BlobStore::Copied& copied) {
    // Known, and nobody's: a request on record refers to it.
    if (copied.novelty == ledger::BlobStore::Novelty::known && !unclaimed_->contains(copied.sha256)) return;
    unclaimed_->hold(copied.sha256);
    held_.push_back(copied.sha256);
  }
  // The request is on record.
  void keep() {
    for (const Digest& digest : held_) unclaimed_->claim(digest);
    held_.clear();
  }
  ledger::BlobStore& blobs() { return *blobs_; }

 private:
  void let_go() {
    // What cannot be removed now is collected with the next start.
    for (const Digest& digest : held_)
      if (unclaimed_->let_go(digest)) (void)blobs_->remove(digest);
    held_.clear();
  }

  ledger::BlobStore* blobs_;
  Unclaimed* unclaimed_;
  std::vector<Digest> held_;
};

// The canonical bytes of a document, stored; its digest. Refuses one that no receipt could carry.
Result<Digest> adopt_document(Adoption& adoption, std::string_view canonical);

// Copies one input of at most `max` bytes, if `quota` admits as many as it has.
Result<ledger::BlobStore::Copied> adopt_input(Adoption& adoption, int source, std::uint64_t max, Rate& quota);

}  // namespace pawl::broker
