// The log's Merkle tree: its right edge in memory, the rest in tiles on the disk. Runs in the broker, the
// only writer; people's tools make tiles for an export with it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "sandbox/base/error.hpp"
#include "supervisor/ledger/log_files.hpp"
#include "supervisor/receipt/merkle.hpp"

namespace pawl::ledger {

class Tree {
 public:
  struct Tile {
    unsigned level = 0;
    std::uint64_t number = 0;
    std::vector<Digest> hashes;  // fewer than 256: the last one of its level
    std::string bytes() const;
  };

  Tree() = default;
  // As the tiles have it; `size` is a multiple of 256. Whether they are right is told by a checkpoint's root.
  static Result<Tree> load(const LogFiles& files, std::uint64_t size);

  void add(const Digest& leaf);
  std::uint64_t size() const { return size_; }
  receipt::TreeHead head() const { return {size_, edge_.root()}; }

  // What must be on the disk, and is not known to be: tiles that became whole, and the last one of each level
  // above the leaves where it grew. The leaves' last tile is made from the entries at every start.
  std::vector<Tile> unwritten() const;
  void written(const Tile& tile);
  std::size_t whole_unwritten() const { return whole_.size(); }
  // The last, partial tile of each level: for an export.
  std::vector<Tile> partial() const;

  // Hashes of any tree that this one once was; `files` are those that it was loaded from.
  receipt::NodeSource nodes(const LogFiles& files) const;

 private:
  using Key = std::pair<unsigned, std::uint64_t>;  // level, number
  Tile last(unsigned level) const;
  void keep(unsigned level, std::uint64_t index, const Digest& hash);
  Result<std::vector<Digest>> tile(const LogFiles& files, Key key) const;

  std::uint64_t size_ = 0;
  receipt::TreeEdge edge_;
  std::vector<std::vector<Digest>> last_;     // the last tile of each level; never whole
  std::map<Key, std::vector<Digest>> whole_;  // became whole and are not written yet
  std::vector<bool> grown_;                   // of last_: not written as it is
};

}  // namespace pawl::ledger
