// The log's last signed checkpoint, as the broker keeps it: once outside of the state directory, which state
// restored from a backup does not match, and once inside, which tells damage from a copy that went on
// differently. Two slots are written in turn, so that a torn write leaves the checkpoint before.
// Runs in the broker; people's tools read it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "sandbox/base/error.hpp"
#include "sandbox/base/unique_fd.hpp"
#include "supervisor/ledger/disk.hpp"
#include "supervisor/receipt/checkpoint.hpp"

namespace pawl::ledger {

// Without writing: for whoever checks a log that a broker may have open. nullopt: none is readable.
Result<std::optional<receipt::SignedCheckpoint>> read_head(const std::string& path);

class HeadFile {
 public:
  enum class Durability : std::uint8_t { now, some_time };

  // Makes the file (0600) where there is none. Its directory must exist.
  static Result<HeadFile> open(const std::string& path, Disk& disk);

  // The newest checkpoint that is whole; nullopt: none was ever written, or none is readable.
  const std::optional<receipt::SignedCheckpoint>& stored() const { return stored_; }
  // `note` is a signed checkpoint.
  Result<> store(const std::string& note, Durability durability = Durability::now);

 private:
  HeadFile(std::string path, UniqueFd file, Disk& disk)
      : path_(std::move(path)), file_(std::move(file)), disk_(&disk) {}

  std::string path_;
  UniqueFd file_;
  Disk* disk_;
  std::uint64_t sequence_ = 0;  // of the newest whole slot
  std::optional<receipt::SignedCheckpoint> stored_;
};

}  // namespace pawl::ledger
