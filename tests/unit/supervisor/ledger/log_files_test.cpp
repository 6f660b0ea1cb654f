#include "supervisor/ledger/log_files.hpp"

#include <catch2/catch.hpp>
#include <filesystem>

#include "supervisor/ledger/tree.hpp"
#include "tests/support/temporary_directory.hpp"

using namespace pawl;
using ledger::LogFiles;
using ledger::Tree;

namespace {

void write_at(const test::TemporaryDirectory& directory, const std::string& path, std::string_view bytes) {
  const std::filesystem::path whole = directory / path;
  std::filesystem::create_directories(whole.parent_path());
  test::write_file(whole.string(), bytes);
}

Digest leaf(std::uint64_t index) { return receipt::leaf_hash(as_bytes("leaf " + std::to_string(index))); }

}  // namespace

TEST_CASE("tiles are named as C2SP names them") {
  CHECK(ledger::entries_path(0) == "tile/entries/000");
  CHECK(ledger::entries_path(999) == "tile/entries/999");
  CHECK(ledger::entries_path(1234067) == "tile/entries/x001/x234/067");
  CHECK(ledger::hashes_path(0, 1000) == "tile/0/x001/000");
  CHECK(ledger::hashes_path(5, 7) == "tile/5/007");
  CHECK(ledger::partial_suffix(70) == ".p/70");
}

TEST_CASE("records are split at their lengths, and what is not whole is left") {
  const std::string one = ledger::write_record("{}"), two = ledger::write_record(std::string(65535, 'x'));
  CHECK(one == std::string("\0\2{}", 4));
  const std::string bytes = one + two;
  CHECK(ledger::split_records(bytes).lines.size() == 2);
  CHECK(ledger::split_records(bytes).whole == bytes.size());
  for (const std::size_t cut : {1u, 2u, 70'000u, 65'537u}) {
    const std::string_view part =
        std::string_view(bytes).substr(0, bytes.size() - std::min(cut, bytes.size()));
    const auto records = ledger::split_records(part);
    CHECK(records.lines.size() == (part.size() >= one.size() ? 1 : 0));
  }
  CHECK(ledger::split_records(std::string(100, '\0')).lines.empty());
  std::string many;
  for (int i = 0; i < 300; ++i) many += one;
  CHECK(ledger::split_records(many).lines.size() == 256);
}

TEST_CASE("bundles are counted by a few looks") {
  test::TemporaryDirectory directory;
  for (const std::uint64_t count : {0u, 1u, 2u, 3u, 7u, 8u, 9u, 100u, 1001u}) {
    for (std::uint64_t number = 0; number < count; ++number)
      write_at(directory, ledger::entries_path(number), "");
    CHECK(LogFiles::open(directory.path()).value().count_bundles() == count);
  }
}

TEST_CASE("a bundle or tile is a file of the right size, partial ones where they are asked for") {
  test::TemporaryDirectory directory;
  const LogFiles files = LogFiles::open(directory.path()).value();
  CHECK(files.read_bundle(0).error().errnum == ENOENT);
  write_at(directory, "tile/entries/000.p/2", ledger::write_record("{}"));
  CHECK_FALSE(files.read_bundle(0));
  CHECK(files.read_bundle(0, 2).value() == ledger::write_record("{}"));
  std::filesystem::create_directories(directory / "tile/entries/001");
  CHECK_FALSE(files.read_bundle(1));
  write_at(directory, "tile/0/000", std::string(64, 'x'));
  CHECK(files.read_hashes(0, 0, 2).value().size() == 2);
  CHECK_FALSE(files.read_hashes(0, 0, 3));
  write_at(directory, "tile/0/001", std::string(8193, 'x'));
  CHECK_FALSE(files.read_hashes(0, 1, 1));
}

TEST_CASE("a tree that is written in tiles and loaded again is the same, over three levels of tiles",
          "[pure]") {
  constexpr std::uint64_t kSize = 65'536 + 3 * 256 + 17;
  test::TemporaryDirectory directory;
  const LogFiles files = LogFiles::open(directory.path()).value();
  Tree tree;
  receipt::TreeEdge edge;
  const auto write = [&] {
    for (const Tree::Tile& tile : tree.unwritten()) {
      write_at(directory, ledger::hashes_path(tile.level, tile.number), tile.bytes());
      tree.written(tile);
    }
  };
  for (std::uint64_t index = 0; index < kSize; ++index) {
    tree.add(leaf(index));
    edge.add(leaf(index));
    if (index == 40'000) write();
  }
  CHECK(tree.head().root == edge.root());
  write();
  CHECK(tree.unwritten().empty());
  Tree loaded = Tree::load(files, kSize / 256 * 256).value();
  for (std::uint64_t index = kSize / 256 * 256; index < kSize; ++index) loaded.add(leaf(index));
  CHECK(loaded.head() == tree.head());
  for (const std::uint64_t index :
       {std::uint64_t{0}, std::uint64_t{255}, std::uint64_t{65'535}, std::uint64_t{65'536}, kSize - 1}) {
    const auto path = receipt::make_inclusion(index, kSize, loaded.nodes(files)).value();
    CHECK(receipt::root_by_inclusion(index, kSize, leaf(index), path).value() == edge.root());
  }
  const auto root = receipt::make_root(300, loaded.nodes(files)).value();
  CHECK(receipt::check_consistency({300, root}, loaded.head(),
                                   receipt::make_consistency(300, kSize, loaded.nodes(files)).value()));
  CHECK_FALSE(Tree::load(files, 255));
}
