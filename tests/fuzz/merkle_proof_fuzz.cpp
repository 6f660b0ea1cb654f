// Proofs that anybody wrote: two bytes of position and size, then hashes. A proof that holds is the one that
// the tree itself makes, and no other.
#include <algorithm>
#include <map>
#include <vector>

#include "sandbox/base/bytes.hpp"
#include "supervisor/receipt/merkle.hpp"
#include "tests/fuzz/require.hpp"

namespace {

using namespace pawl;

struct Tree {
  std::map<std::pair<unsigned, std::uint64_t>, Digest> nodes;
  std::vector<Digest> roots{receipt::empty_root()};
  Tree() {
    receipt::TreeEdge edge;
    for (unsigned leaf = 0; leaf < 256; ++leaf) {
      edge.add(receipt::leaf_hash(as_bytes(std::to_string(leaf))),
               [this](unsigned height, std::uint64_t index, const Digest& hash) {
                 nodes[{height, index}] = hash;
               });
      roots.push_back(edge.root());
    }
  }
  receipt::NodeSource source() const {
    return
        [this](unsigned height, std::uint64_t index) -> Result<Digest> { return nodes.at({height, index}); };
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Tree tree;
  if (size < 2) return 0;
  const std::uint64_t first = data[0], second = data[1];
  const auto leaf = [&](std::uint64_t index) { return tree.nodes.at({0, index}); };
  std::vector<Digest> path((size - 2) / sizeof(Digest));
  for (std::size_t i = 0; i < path.size(); ++i)
    std::copy_n(data + 2 + i * sizeof(Digest), sizeof(Digest), path[i].begin());
  const auto root = receipt::root_by_inclusion(first, second, leaf(first), path);
  if (root && *root == tree.roots[second])
    fuzz::require(path == receipt::make_inclusion(first, second, tree.source()).value());
  if (receipt::check_consistency({first, tree.roots[first]}, {second, tree.roots[second]}, path))
    fuzz::require(path == receipt::make_consistency(first, second, tree.source()).value());
  // And the true ones hold.
  if (first < second) {
    const auto true_path = receipt::make_inclusion(first, second, tree.source()).value();
    fuzz::require(receipt::root_by_inclusion(first, second, leaf(first), true_path).value() ==
                  tree.roots[second]);
    fuzz::require(receipt::check_consistency({first, tree.roots[first]}, {second, tree.roots[second]},
                                             receipt::make_consistency(first, second, tree.source()).value())
                      .has_value());
  }
  return 0;
}
