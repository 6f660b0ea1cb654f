#include "supervisor/ledger/tree.hpp"

#include <algorithm>
#include <memory>

namespace pawl::ledger {

std::string Tree::Tile::bytes() const {
  std::string text;
  for (const Digest& hash : hashes) text += as_text(hash);
  return text;
}

Result<Tree> Tree::load(const LogFiles& files, std::uint64_t size) {
  if (size % kTileWidth != 0 || size > kMaxLogSize) return refuse("a tree cannot be loaded at that size");
  Tree tree;
  tree.size_ = size;
  tree.last_.emplace_back();
  tree.grown_.push_back(false);
  for (unsigned level = 1; size >> (level * kTileHeight) != 0; ++level) {
    const std::uint64_t hashes = size >> (level * kTileHeight);
    const std::uint64_t count = hashes % kTileWidth;
    tree.last_.emplace_back();
    tree.grown_.push_back(false);
    if (count > 0) tree.last_.back() = TRY(files.read_hashes(level, hashes / kTileWidth, count));
  }
  tree.edge_ = TRY(receipt::TreeEdge::load(size, tree.nodes(files)));
  return tree;
}

void Tree::add(const Digest& leaf) {
  ++size_;
  edge_.add(leaf, [this](unsigned height, std::uint64_t index, const Digest& hash) {
    if (height % kTileHeight == 0) keep(height / kTileHeight, index, hash);
  });
}

void Tree::keep(unsigned level, std::uint64_t index, const Digest& hash) {
  if (last_.size() <= level) {
    last_.resize(level + 1);
    grown_.resize(level + 1);
  }
  last_[level].push_back(hash);
  grown_[level] = true;
  if (last_[level].size() < kTileWidth) return;
  whole_[{level, index / kTileWidth}] = std::exchange(last_[level], {});
  grown_[level] = false;
}

std::vector<Tree::Tile> Tree::unwritten() const {
  std::vector<Tile> tiles;
  for (const auto& [key, hashes] : whole_) tiles.push_back({key.first, key.second, hashes});
  for (unsigned level = 1; level < last_.size(); ++level)
    if (grown_[level] && !last_[level].empty()) tiles.push_back(last(level));
  return tiles;
}

Tree::Tile Tree::last(unsigned level) const {
  return {level, size_ >> ((level + 1) * kTileHeight), last_[level]};
}

void Tree::written(const Tile& tile) {
  if (tile.hashes.size() == kTileWidth)
    whole_.erase({tile.level, tile.number});
  else
    grown_[tile.level] = false;
}

std::vector<Tree::Tile> Tree::partial() const {
  std::vector<Tile> tiles;
  for (unsigned level = 0; level < last_.size(); ++level)
    if (!last_[level].empty()) tiles.push_back(last(level));
  return tiles;
}

Result<std::vector<Digest>> Tree::tile(const LogFiles& files, Key key) const {
  const auto [level, number] = key;
  if (level < last_.size() && number == size() >> ((level + 1) * kTileHeight)) return last_[level];
  if (const auto found = whole_.find(key); found != whole_.end()) return found->second;
  return files.read_hashes(level, number, kTileWidth);
}

receipt::NodeSource Tree::nodes(const LogFiles& files) const {
  // One proof asks for several nodes of a tile.
  auto read = std::make_shared<std::map<Key, std::vector<Digest>>>();
  return [this, &files, read](unsigned height, std::uint64_t index) -> Result<Digest> {
    const unsigned level = height / kTileHeight, below = height % kTileHeight;
    const std::uint64_t first = index << below;
    const Key key{level, first / kTileWidth};
    auto found = read->find(key);
    if (found == read->end()) found = read->emplace(key, TRY(tile(files, key))).first;
    const std::size_t begin = first % kTileWidth;
    std::size_t count = std::size_t{1} << below;
    if (begin + count > found->second.size()) return refuse("the log's tiles do not reach that far");
    std::vector<Digest> hashes(found->second.begin() + static_cast<std::ptrdiff_t>(begin),
                               found->second.begin() + static_cast<std::ptrdiff_t>(begin + count));
    for (; count > 1; count /= 2)
      for (std::size_t i = 0; i < count / 2; ++i)
        hashes[i] = receipt::node_hash(hashes[2 * i], hashes[2 * i + 1]);
    return hashes.front();
  };
}

}  // namespace pawl::ledger
