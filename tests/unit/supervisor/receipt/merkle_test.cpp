#include "supervisor/receipt/merkle.hpp"

#include <bit>
#include <catch2/catch.hpp>
#include <map>
#include <sstream>

#include "supervisor/receipt/digest.hpp"
#include "tests/support/temporary_directory.hpp"

using namespace pawl;
using namespace pawl::receipt;

namespace {

// RFC 9162 §2.1.1 word for word, without any of the code under test but the hashes of leaf and node.
Digest root_of(std::span<const Digest> leaves) {
  if (leaves.empty()) return sha256(ByteSpan());
  if (leaves.size() == 1) return leaves[0];
  std::size_t split = 1;
  while (split * 2 < leaves.size()) split *= 2;
  return node_hash(root_of(leaves.first(split)), root_of(leaves.subspan(split)));
}

std::vector<Digest> leaves_up_to(std::size_t count) {
  std::vector<Digest> leaves;
  for (std::size_t i = 0; i < count; ++i) leaves.push_back(leaf_hash(as_bytes("leaf " + std::to_string(i))));
  return leaves;
}

// The nodes of a growing tree, as a store of tiles would keep them.
struct Nodes {
  std::map<std::pair<unsigned, std::uint64_t>, Digest> made;
  TreeEdge edge;
  void add(const Digest& leaf) {
    edge.add(leaf, [this](unsigned height, std::uint64_t index, const Digest& hash) {
      made[{height, index}] = hash;
    });
  }
  NodeSource source() const {
    return [this](unsigned height, std::uint64_t index) -> Result<Digest> {
      const auto found = made.find({height, index});
      if (found == made.end()) return refuse("asked for a node that is not whole");
      return found->second;
    };
  }
};

struct Reference {
  std::vector<Digest> leaves;
  std::map<std::uint64_t, Digest> roots;
  struct Proof {
    std::string kind;
    std::uint64_t first = 0, size = 0;
    std::vector<Digest> path;
  };
  std::vector<Proof> proofs;
};

Reference reference() {
  Reference read;
  std::istringstream lines(test::read_file(PAWL_SOURCE_ROOT "/tests/golden/merkle/reference.txt"));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string kind, hex;
    words >> kind;
    if (kind == "leaf") {
      words >> hex;
      read.leaves.push_back(leaf_hash(from_hex(hex).value()));
    } else if (kind == "root") {
      std::uint64_t size = 0;
      words >> size >> hex;
      read.roots[size] = digest_from_hex(hex).value();
    } else {
      Reference::Proof proof{kind, 0, 0, {}};
      words >> proof.first >> proof.size;
      while (words >> hex) proof.path.push_back(digest_from_hex(hex).value());
      read.proofs.push_back(proof);
    }
  }
  return read;
}

}  // namespace

TEST_CASE("golden: roots and proofs of Certificate Transparency's reference tree") {
  const Reference wanted = reference();
  REQUIRE(wanted.leaves.size() == 8);
  REQUIRE(wanted.roots.size() == 9);
  REQUIRE(wanted.proofs.size() == 6);
  Nodes nodes;
  CHECK(nodes.edge.root() == wanted.roots.at(0));
  for (const Digest& leaf : wanted.leaves) {
    nodes.add(leaf);
    CHECK(nodes.edge.root() == wanted.roots.at(nodes.edge.size()));
  }
  for (const auto& proof : wanted.proofs) {
    CAPTURE(proof.kind, proof.first, proof.size);
    if (proof.kind == "inclusion") {
      CHECK(make_inclusion(proof.first, proof.size, nodes.source()).value() == proof.path);
      CHECK(root_by_inclusion(proof.first, proof.size, wanted.leaves[proof.first], proof.path).value() ==
            wanted.roots.at(proof.size));
    } else {
      CHECK(make_consistency(proof.first, proof.size, nodes.source()).value() == proof.path);
      CHECK(check_consistency({proof.first, wanted.roots.at(proof.first)},
                              {proof.size, wanted.roots.at(proof.size)}, proof.path));
    }
  }
}

TEST_CASE("every inclusion and consistency proof of every tree up to 300 leaves holds", "[pure]") {
  constexpr std::size_t kMost = 300;
  const std::vector<Digest> leaves = leaves_up_to(kMost);
  Nodes nodes;
  std::vector<Digest> roots{empty_root()};
  for (std::size_t size = 1; size <= kMost; ++size) {
    nodes.add(leaves[size - 1]);
    const Digest root = root_of(std::span(leaves).first(size));
    roots.push_back(root);
    bool same = nodes.edge.root() == root && make_root(size, nodes.source()).value() == root &&
                TreeEdge::load(size, nodes.source()).value().root() == root;
    for (std::size_t index = 0; index < size && same; ++index) {
      const auto path = make_inclusion(index, size, nodes.source()).value();
      same = root_by_inclusion(index, size, leaves[index], path).value() == root;
    }
    for (std::size_t before = 0; before <= size && same; ++before) {
      const auto path = make_consistency(before, size, nodes.source()).value();
      same = check_consistency({before, roots[before]}, {size, root}, path).has_value();
    }
    CAPTURE(size);
    REQUIRE(same);
  }
}

TEST_CASE("a proof that was changed, shortened, made longer or is of another place does not hold", "[pure]") {
  const std::vector<Digest> leaves = leaves_up_to(70);
  Nodes nodes;
  std::vector<Digest> roots{empty_root()};
  for (const Digest& leaf : leaves) {
    nodes.add(leaf);
    roots.push_back(nodes.edge.root());
  }
  const auto holds = [&](std::uint64_t index, std::uint64_t size, const Digest& leaf,
                         const std::vector<Digest>& path) {
    const auto root = root_by_inclusion(index, size, leaf, path);
    return root && *root == roots[size];
  };
  for (const std::uint64_t size : {1u, 2u, 3u, 7u, 8u, 33u, 64u, 70u}) {
    for (std::uint64_t index = 0; index < size; ++index) {
      CAPTURE(size, index);
      const auto path = make_inclusion(index, size, nodes.source()).value();
      REQUIRE(holds(index, size, leaves[index], path));
      bool held = false;
      for (std::size_t i = 0; i < path.size(); ++i) {
        auto changed = path;
        changed[i][5] ^= 1;
        held |= holds(index, size, leaves[index], changed);
      }
      auto longer = path;
      longer.push_back(leaves[0]);
      held |= holds(index, size, leaves[index], longer);
      if (!path.empty()) {
        const std::vector<Digest> shorter(path.begin(), path.end() - 1);
        held |= holds(index, size, leaves[index], shorter);
      }
      if (size > 1) held |= holds((index + 1) % size, size, leaves[index], path);
      held |= holds(index, size, leaf_hash(leaves[index]), path);
      held |= holds(index + size, size, leaves[index], path);
      CHECK_FALSE(held);
    }
  }
  for (std::uint64_t size = 2; size <= 70; ++size) {
    for (std::uint64_t before = 1; before < size; ++before) {
      const TreeHead old_head{before, roots[before]}, new_head{size, roots[size]};
      const auto path = make_consistency(before, size, nodes.source()).value();
      bool held = false;
      for (std::size_t i = 0; i < path.size(); ++i) {
        auto changed = path;
        changed[i][5] ^= 1;
        held |= check_consistency(old_head, new_head, changed).has_value();
      }
      auto longer = path;
      longer.push_back(leaves[0]);
      held |= check_consistency(old_head, new_head, longer).has_value();
      const std::vector<Digest> shorter(path.begin(), path.end() - (path.empty() ? 0 : 1));
      if (!path.empty()) held |= check_consistency(old_head, new_head, shorter).has_value();
      held |=
          check_consistency({before, leaves[0]}, new_head, path).has_value() && roots[before] != leaves[0];
      held |= check_consistency(old_head, {size, leaves[0]}, path).has_value();
      CAPTURE(size, before);
      CHECK_FALSE(held);
    }
  }
}

TEST_CASE("what a tree does not have is refused") {
  Nodes nodes;
  for (const Digest& leaf : leaves_up_to(5)) nodes.add(leaf);
  CHECK_FALSE(make_inclusion(5, 5, nodes.source()));
  CHECK_FALSE(make_consistency(6, 5, nodes.source()));
  CHECK_FALSE(check_consistency({6, {}}, {5, {}}, {}));
  CHECK_FALSE(check_consistency({5, nodes.edge.root()}, {5, empty_root()}, {}));
  CHECK_FALSE(check_consistency({0, nodes.edge.root()}, {5, nodes.edge.root()}, {}));
  CHECK(check_consistency({0, empty_root()}, {5, nodes.edge.root()}, {}));
}
