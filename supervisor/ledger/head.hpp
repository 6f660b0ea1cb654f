// The ledger's last head, kept outside the state directory. State restored from a backup does not match it.
// Two slots are written in turn, so that a torn write leaves the head before. Runs in the broker.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "sandbox/base/bytes.hpp"
#include "sandbox/base/error.hpp"
#include "sandbox/base/unique_fd.hpp"
#include "supervisor/ledger/disk.hpp"

namespace pawl::ledger {

struct Head {
  std::uint64_t size = 0;  // entries; 0: an empty ledger
  Digest hash{};           // of the last entry
  bool operator==(const Head&) const = default;
};

// Without writing: for whoever checks a ledger that a broker may have open. nullopt: none is readable.
Result<std::optional<Head>> read_head(const std::string& path);

class HeadFile {
 public:
  // Makes the file (0600) where there is none. Its directory must exist.
  static Result<HeadFile> open(const std::string& path, Disk& disk);

  // The newest head that is whole; nullopt: none was ever written, or none is readable.
  const std::optional<Head>& stored() const { return stored_; }
  // Durable when it returns.
  Result<> store(const Head& head);

 private:
  HeadFile(std::string path, UniqueFd file, Disk& disk)
      : path_(std::move(path)), file_(std::move(file)), disk_(&disk) {}

  std::string path_;
  UniqueFd file_;
  Disk* disk_;
  std::uint64_t sequence_ = 0;  // of the newest whole slot
  std::optional<Head> stored_;
};

}  // namespace pawl::ledger
