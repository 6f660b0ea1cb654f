#include "sandbox/protect.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

using namespace pawl;
using namespace pawl::sandbox;
namespace fs = std::filesystem;

namespace {

class Tree {
 public:
  Tree() {
    std::string pattern = "/tmp/pawl-protect-XXXXXX";
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    path = pattern;
  }
  Tree(const Tree&) = delete;
  ~Tree() { fs::remove_all(path); }
  void file(const std::string& name) const {
    fs::create_directories((path / name).parent_path());
    std::ofstream(path / name) << "x";
  }
  std::string found(const std::vector<std::string>& patterns, const ProtectLimits& limits = {}) const {
    const UniqueFd top(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    const auto paths = find_protected(top, patterns, limits);
    if (!paths) return "refused: " + paths.error().trail;
    std::string text;
    for (const ProtectedPath& one : *paths)
      text += (one.guard == Guard::pin ? "pin " : "ro ") + one.path + "\n";
    return text;
  }
  fs::path path;
};

}  // namespace

TEST_CASE("protected names are found at every depth") {
  const Tree tree;
  tree.file(".envrc");
  tree.file("a/b/c/.envrc");
  tree.file("a/envrc");
  CHECK(tree.found({".envrc"}) == "ro .envrc\nro a/b/c/.envrc\n");
}

TEST_CASE("the directories that a pattern names are pinned, parents first") {
  const Tree tree;
  tree.file(".git/hooks/pre-commit");
  tree.file(".git/config");
  tree.file("sub/.git/modules/x/hooks/y");
  CHECK(tree.found({"**/.git/hooks", "**/.git/config", "**/.git/modules/**/hooks"}) ==
        "pin .git\nro .git/config\nro .git/hooks\n"
        "pin sub/.git\npin sub/.git/modules\npin sub/.git/modules/x\nro sub/.git/modules/x/hooks\n");
}

TEST_CASE("anchored patterns look nowhere else") {
  const Tree tree;
  tree.file("ci/deploy");
  tree.file("sub/ci/deploy");
  for (int i = 0; i < 50; ++i) tree.file("many/" + std::to_string(i));
  CHECK(tree.found({"ci/"}, {.entries = 4}) == "ro ci\n");
}

TEST_CASE("links are found, never followed") {
  const Tree tree;
  const Tree elsewhere;
  elsewhere.file("secret/.envrc");
  tree.file("real/file");
  fs::create_symlink(elsewhere.path, tree.path / "away");
  fs::create_symlink("..", tree.path / "real" / "up");
  fs::create_symlink("/etc/passwd", tree.path / ".envrc");
  CHECK(tree.found({".envrc", "file"}) == "ro .envrc\nro real/file\n");
}

TEST_CASE("a protected folder is not searched any further") {
  const Tree tree;
  tree.file(".git/hooks/deep/.envrc");
  CHECK(tree.found({"**/.git/hooks", ".envrc"}) == "pin .git\nro .git/hooks\n");
}

TEST_CASE("hostile trees are refused, not walked for ever") {
  const Tree tree;
  SECTION("too many entries") {
    for (int i = 0; i < 30; ++i) tree.file("f" + std::to_string(i));
    CHECK(tree.found({".envrc"}, {.entries = 20}) == "refused: too many files to look for protected ones");
  }
  SECTION("too deep") {
    std::string deep;
    for (int i = 0; i < 12; ++i) deep += "d/";
    tree.file(deep + "x");
    CHECK(tree.found({".envrc"}, {.depth = 8}).starts_with("refused: the tree is too deep"));
  }
  SECTION("too many matches") {
    for (int i = 0; i < 30; ++i) tree.file("d" + std::to_string(i) + "/.envrc");
    CHECK(tree.found({".envrc"}, {.paths = 20}) == "refused: too many protected paths");
  }
}

TEST_CASE("names with odd bytes are names like others") {
  const Tree tree;
  tree.file("new\nline/\x1b[31m/.envrc");
  CHECK(tree.found({".envrc"}) == "ro new\nline/\x1b[31m/.envrc\n");
}
