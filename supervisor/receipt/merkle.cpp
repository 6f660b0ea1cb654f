#include "supervisor/receipt/merkle.hpp"

#include <algorithm>
#include <bit>

#include "supervisor/receipt/digest.hpp"

namespace pawl::receipt {
namespace {

// RFC 9162 §2.1.1: leaves and nodes are told apart, or a node could be passed off as a leaf.
constexpr std::uint8_t kLeaf = 0x00;
constexpr std::uint8_t kNode = 0x01;

struct Range {
  std::uint64_t begin = 0, end = 0;
  std::uint64_t size() const { return end - begin; }
  // Where RFC 9162 splits it: after the greatest power of two of leaves that leaves some on the right.
  std::uint64_t middle() const { return begin + std::bit_floor(size() - 1); }
};

Result<Digest> hash_of(Range range, const NodeSource& nodes) {
  if (std::has_single_bit(range.size()) && range.begin % range.size() == 0) {
    const auto height = static_cast<unsigned>(std::countr_zero(range.size()));
    return nodes(height, range.begin >> height);
  }
  const Digest left = TRY(hash_of({range.begin, range.middle()}, nodes));
  const Digest right = TRY(hash_of({range.middle(), range.end}, nodes));
  return node_hash(left, right);
}

// Two positions that climb the tree together.
struct Climb {
  std::uint64_t first, second;
  void up() {
    first >>= 1;
    second >>= 1;
  }
  bool is_right() const { return (first & 1) != 0; }
  // Where the first has no sibling on its right: up to where it is a right child.
  void skip_missing() {
    while (!is_right() && first != 0) up();
  }
};

}  // namespace

Digest leaf_hash(ByteSpan entry) {
  Sha256 hash;
  hash.update({&kLeaf, 1});
  hash.update(entry);
  return hash.finish();
}

Digest node_hash(const Digest& left, const Digest& right) {
  std::array<std::uint8_t, 1 + 2 * std::tuple_size_v<Digest>> bytes;
  bytes[0] = kNode;
  std::ranges::copy(right, std::ranges::copy(left, bytes.begin() + 1).out);
  return sha256(bytes);
}

Digest empty_root() { return sha256(ByteSpan()); }

Result<Digest> make_root(std::uint64_t size, const NodeSource& nodes) {
  if (size == 0) return empty_root();
  return hash_of({0, size}, nodes);
}

Result<std::vector<Digest>> make_inclusion(std::uint64_t index, std::uint64_t size, const NodeSource& nodes) {
  if (index >= size)
    return refuse("a tree of " + std::to_string(size) + " leaves has no leaf " + std::to_string(index));
  std::vector<Digest> path;
  for (Range range{0, size}; range.size() > 1;) {
    const std::uint64_t middle = range.middle();
    const bool left = index < middle;
    path.push_back(TRY(hash_of(left ? Range{middle, range.end} : Range{range.begin, middle}, nodes)));
    (left ? range.end : range.begin) = middle;
  }
  std::ranges::reverse(path);
  return path;
}

Result<std::vector<Digest>> make_consistency(std::uint64_t before, std::uint64_t size,
                                             const NodeSource& nodes) {
  if (before > size)
    return refuse("a tree of " + std::to_string(size) + " leaves had never " + std::to_string(before));
  std::vector<Digest> path;
  if (before == 0 || before == size) return path;
  bool known = true;  // the old root is this very subtree's: the checker has it
  Range range{0, size};
  while (before != range.end) {
    const std::uint64_t middle = range.middle();
    if (before <= middle) {
      path.push_back(TRY(hash_of({middle, range.end}, nodes)));
      range.end = middle;
    } else {
      path.push_back(TRY(hash_of({range.begin, middle}, nodes)));
      range.begin = middle;
      known = false;
    }
  }
  if (!known) path.push_back(TRY(hash_of(range, nodes)));
  std::ranges::reverse(path);
  return path;
}

Result<Digest> root_by_inclusion(std::uint64_t index, std::uint64_t size, const Digest& leaf,
                                 std::span<const Digest> path) {
  if (index >= size) return refuse("the proof is of a leaf that the tree does not have");
  Climb at{index, size - 1};
  Digest hash = leaf;
  for (const Digest& sibling : path) {
    if (at.second == 0) return refuse("the proof is longer than the tree is high");
    if (at.is_right() || at.first == at.second) {
      hash = node_hash(sibling, hash);
      at.skip_missing();
    } else {
      hash = node_hash(hash, sibling);
    }
    at.up();
  }
  if (at.second != 0) return refuse("the proof ends below the root");
  return hash;
}

Result<> check_consistency(const TreeHead& before, const TreeHead& now, std::span<const Digest> path) {
  if (before.size > now.size) return refuse("the later tree is the smaller one");
  if (before.size == 0 || before.size == now.size) {
    if (!path.empty()) return refuse("the proof holds more than it should");
    if (before.root != (before.size == 0 ? empty_root() : now.root))
      return refuse("the two trees of " + std::to_string(before.size) + " leaves differ");
    return {};
  }
  Climb at{before.size - 1, now.size - 1};
  while (at.is_right()) at.up();
  // Of a power of two the old root is a node of the new tree, and not sent.
  const bool whole = std::has_single_bit(before.size);
  if (!whole && path.empty()) return refuse("the proof is empty");
  Digest old_root = whole ? before.root : path.front();
  Digest new_root = old_root;
  for (const Digest& sibling : path.subspan(whole ? 0 : 1)) {
    if (at.second == 0) return refuse("the proof is longer than the tree is high");
    if (at.is_right() || at.first == at.second) {
      old_root = node_hash(sibling, old_root);
      new_root = node_hash(sibling, new_root);
      at.skip_missing();
    } else {
      new_root = node_hash(new_root, sibling);
    }
    at.up();
  }
  if (at.second != 0) return refuse("the proof ends below the root");
  if (old_root != before.root) return refuse("the proof does not lead to the earlier root");
  if (new_root != now.root) return refuse("the proof does not lead to the later root");
  return {};
}

Result<TreeEdge> TreeEdge::load(std::uint64_t size, const NodeSource& nodes) {
  TreeEdge edge;
  edge.size_ = size;
  for (std::uint64_t begin = 0; begin < size;) {
    const std::uint64_t part = std::bit_floor(size - begin);
    const auto height = static_cast<unsigned>(std::countr_zero(part));
    edge.whole_.push_back(TRY(nodes(height, begin >> height)));
    begin += part;
  }
  return edge;
}

void TreeEdge::add(const Digest& leaf, const Made& made) {
  std::uint64_t index = size_++;
  Digest hash = leaf;
  unsigned height = 0;
  if (made) made(height, index, hash);
  for (; (index & 1) != 0; index >>= 1) {
    hash = node_hash(whole_.back(), hash);
    whole_.pop_back();
    if (made) made(++height, index >> 1, hash);
  }
  whole_.push_back(hash);
}

Digest TreeEdge::root() const {
  if (whole_.empty()) return empty_root();
  Digest hash = whole_.back();
  for (std::size_t i = whole_.size() - 1; i-- > 0;) hash = node_hash(whole_[i], hash);
  return hash;
}

}  // namespace pawl::receipt
