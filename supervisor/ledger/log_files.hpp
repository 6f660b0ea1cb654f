// A log as files (c2sp.org/tlog-tiles): bundles of 256 entries, each with two bytes of length before it, and
// tiles of 256 hashes. In the broker's state the last one of each kind grows in place, so that its bytes are
// at every moment those of the partial tile; an export has partial tiles as files of their own.
// Runs in the broker on its state, in people's tools on exports; trusts nothing in them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/base/bytes.hpp"
#include "sandbox/base/error.hpp"
#include "sandbox/base/unique_fd.hpp"

namespace pawl::ledger {

inline constexpr std::uint64_t kTileWidth = 256;  // entries of a bundle, hashes of a tile
inline constexpr unsigned kTileHeight = 8;        // levels of the tree that one level of tiles holds
inline constexpr std::uint64_t kMaxLogSize = std::uint64_t{1} << 48;  // entries: seven levels of tiles

// "tile/entries/x001/234" of 1234; `level` 0 is the leaves' hashes.
std::string entries_path(std::uint64_t number);
std::string hashes_path(unsigned level, std::uint64_t number);
// ".p/5": what follows the path of a partial tile in an export.
std::string partial_suffix(std::uint64_t width);

// One entry as it stands in a bundle.
std::string write_record(std::string_view line);

struct Records {
  std::vector<std::string_view> lines;  // into the bytes given
  std::size_t whole = 0;                // bytes of them
};
// As many whole records as there are, 256 at most.
Records split_records(std::string_view bytes);

class LogFiles {
 public:
  static Result<LogFiles> open(const std::string& directory);
  explicit LogFiles(UniqueFd directory) : directory_(std::move(directory)) {}

  int directory() const { return directory_.get(); }
  bool has_bundle(std::uint64_t number) const;
  // How many bundles there are, without a gap from 0 on, by a few looks.
  std::uint64_t count_bundles() const;
  // All bytes of the bundle. With `width` (an export's last one) the partial one of that width, where the
  // whole one is not there.
  Result<std::string> read_bundle(std::uint64_t number, std::optional<std::uint64_t> width = {}) const;
  // The first `count` hashes of a tile, `what` being its path.
  Result<std::vector<Digest>> read_hashes(unsigned level, std::uint64_t number, std::uint64_t count) const;
  Result<std::vector<Digest>> read_hashes(const std::string& what, std::uint64_t count) const;
  Result<std::string> read_text(const std::string& name, std::size_t most) const;

 private:
  UniqueFd directory_;
};

}  // namespace pawl::ledger
