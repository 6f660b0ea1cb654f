// The Merkle tree of RFC 6962 and RFC 9162 over SHA-256: hashes of leaves and nodes, roots, and the two
// proofs, made and checked. Pure; runs in the broker and in people's tools; reads proofs that anybody wrote.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "sandbox/base/bytes.hpp"
#include "sandbox/base/error.hpp"

namespace pawl::receipt {

Digest leaf_hash(ByteSpan entry);
Digest node_hash(const Digest& left, const Digest& right);
Digest empty_root();  // of a tree without leaves

// The hash over the 2^height leaves from index·2^height on; asked only for what is whole.
using NodeSource = std::function<Result<Digest>(unsigned height, std::uint64_t index)>;

Result<Digest> make_root(std::uint64_t size, const NodeSource& nodes);
// From the leaf upwards. `index` < `size`.
Result<std::vector<Digest>> make_inclusion(std::uint64_t index, std::uint64_t size, const NodeSource& nodes);
// That the tree of `size` leaves begins with that of `before`. `before` <= `size`.
Result<std::vector<Digest>> make_consistency(std::uint64_t before, std::uint64_t size,
                                             const NodeSource& nodes);

// The root that `leaf` at `index` and the path lead to; the path must be of exactly the right length.
Result<Digest> root_by_inclusion(std::uint64_t index, std::uint64_t size, const Digest& leaf,
                                 std::span<const Digest> path);

struct TreeHead {
  std::uint64_t size = 0;
  Digest root{};
  bool operator==(const TreeHead&) const = default;
};
Result<> check_consistency(const TreeHead& before, const TreeHead& now, std::span<const Digest> path);

// The right edge of a growing tree: all that its root depends on.
class TreeEdge {
 public:
  // Called for each node that becomes whole, the leaf first.
  using Made = std::function<void(unsigned height, std::uint64_t index, const Digest& hash)>;

  // The whole subtrees of a tree of `size` leaves, the greatest first.
  static Result<TreeEdge> load(std::uint64_t size, const NodeSource& nodes);

  void add(const Digest& leaf, const Made& made = {});
  std::uint64_t size() const { return size_; }
  Digest root() const;

 private:
  std::uint64_t size_ = 0;
  std::vector<Digest> whole_;  // one for each bit of the size, the greatest first
};

}  // namespace pawl::receipt
