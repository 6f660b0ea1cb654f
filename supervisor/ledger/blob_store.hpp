// Bytes too big for the ledger, named by their SHA-256: action documents, pinned inputs and executables,
// outputs. A blob is complete and durable before put() returns its name, and is never changed afterwards
// (files of mode 0400). Runs in the broker. put_copy() reads agents' files; nothing here opens a path that an
// agent chose.
#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "sandbox/base/bytes.hpp"
#include "sandbox/base/error.hpp"
#include "sandbox/base/unique_fd.hpp"
#include "supervisor/ledger/disk.hpp"

namespace pawl::ledger {

class BlobStore {
 public:
  enum class Novelty : std::uint8_t { added, known };  // known: the same bytes were there before
  struct Copied {
    Digest sha256{};
    std::uint64_t size = 0;  // bytes
    Novelty novelty = Novelty::added;
  };
  struct Blob {
    UniqueFd file;           // read-only, at offset 0
    std::uint64_t size = 0;  // bytes
  };

  // `directory` (state/blobs) is made with 0700 where it is missing. Leftovers of interrupted puts are
  // removed, so the ledger's lock must be held.
  static Result<BlobStore> open(const std::string& directory, Disk& disk = system_disk());

  Result<Digest> put(ByteSpan bytes);
  Result<Copied> put_new(ByteSpan bytes);  // the same, and says whether it was there
  // Copies from offset 0, by pread. Refuses what is not a regular file, is longer than `max` bytes, or
  // changes its size or modification time while it is copied. The digest is of the copy.
  Result<Copied> put_copy(int source, std::uint64_t max);

  // Checks size and contents against the name before handing the descriptor out: a damaged blob is an error.
  Result<Blob> open_blob(const Digest& digest) const;
  // Its bytes; refuses one longer than `max`.
  Result<Bytes> get(const Digest& digest, std::uint64_t max) const;
  // Only what nothing refers to; what is missing is fine.
  Result<> remove(const Digest& digest);
  // Removes every blob that is not named here; how many.
  Result<std::size_t> keep_only(const std::set<Digest>& wanted);
  bool contains(const Digest& digest) const;

 private:
  BlobStore(UniqueFd directory, std::string path, Disk& disk)
      : directory_(std::move(directory)), path_(std::move(path)), disk_(&disk) {}

  UniqueFd directory_;
  std::string path_;
  Disk* disk_;
};

}  // namespace pawl::ledger
