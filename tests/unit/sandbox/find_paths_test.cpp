#include "sandbox/find_paths.hpp"

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

std::string word(Finding what) {
  switch (what) {
    case Finding::passed:
      return "way ";
    case Finding::matched:
      return "is ";
    case Finding::repository:
      return "repository ";
    case Finding::git_file:
      return "git file ";
  }
  return "?";
}

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
  std::string found(const std::vector<std::string>& patterns, LookFor what = LookFor::names,
                    const FindLimits& limits = {}) const {
    const UniqueFd top(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    const auto found = find_paths(top, patterns, what, limits);
    if (!found) return "refused: " + found.error().trail;
    std::string text;
    for (const FoundPath& one : found->paths) text += word(one.what) + one.path + "\n";
    return text;
  }
  std::string found(const std::vector<std::string>& patterns, const FindLimits& limits) const {
    return found(patterns, LookFor::names, limits);
  }
  fs::path path;
};

}  // namespace

TEST_CASE("names are found at every depth") {
  const Tree tree;
  tree.file(".envrc");
  tree.file("a/b/c/.envrc");
  tree.file("a/envrc");
  CHECK(tree.found({".envrc"}) == "is .envrc\nis a/b/c/.envrc\n");
}

TEST_CASE("the directories that a pattern names are found, parents first") {
  const Tree tree;
  tree.file(".git/hooks/pre-commit");
  tree.file(".git/config");
  tree.file("sub/.git/modules/x/hooks/y");
  CHECK(tree.found({"**/.git/hooks", "**/.git/config", "**/.git/modules/**/hooks"}) ==
        "way .git\nis .git/config\nis .git/hooks\n"
        "way sub/.git\nway sub/.git/modules\nway sub/.git/modules/x\nis sub/.git/modules/x/hooks\n");
}

TEST_CASE("anchored patterns look nowhere else") {
  const Tree tree;
  tree.file("ci/deploy");
  tree.file("sub/ci/deploy");
  for (int i = 0; i < 50; ++i) tree.file("many/" + std::to_string(i));
  CHECK(tree.found({"ci/"}, {.entries = 4}) == "is ci\n");
}

TEST_CASE("links are found, never followed") {
  const Tree tree;
  const Tree elsewhere;
  elsewhere.file("secret/.envrc");
  tree.file("real/file");
  fs::create_symlink(elsewhere.path, tree.path / "away");
  fs::create_symlink("..", tree.path / "real" / "up");
  fs::create_symlink("/etc/passwd", tree.path / ".envrc");
  CHECK(tree.found({".envrc", "file"}) == "is .envrc\nis real/file\n");
}

TEST_CASE("a folder that matched is not searched any further") {
  const Tree tree;
  tree.file(".git/hooks/deep/.envrc");
  CHECK(tree.found({"**/.git/hooks", ".envrc"}) == "way .git\nis .git/hooks\n");
}

TEST_CASE("hostile trees are refused, not walked for ever") {
  const Tree tree;
  SECTION("too many entries") {
    for (int i = 0; i < 30; ++i) tree.file("f" + std::to_string(i));
    CHECK(tree.found({".envrc"}, {.entries = 20}) == "refused: too many files to look through");
  }
  SECTION("too deep") {
    std::string deep;
    for (int i = 0; i < 12; ++i) deep += "d/";
    tree.file(deep + "x");
    CHECK(tree.found({".envrc"}, {.depth = 8}).starts_with("refused: the tree is too deep"));
  }
  SECTION("too many matches") {
    for (int i = 0; i < 30; ++i) tree.file("d" + std::to_string(i) + "/.envrc");
    CHECK(tree.found({".envrc"}, {.paths = 20}) == "refused: too many paths match");
  }
}

TEST_CASE("names with odd bytes are names like others") {
  const Tree tree;
  tree.file("new\nline/\x1b[31m/.envrc");
  CHECK(tree.found({".envrc"}) == "is new\nline/\x1b[31m/.envrc\n");
}

TEST_CASE("what was found is told apart by its inode") {
  const Tree tree;
  tree.file(".envrc");
  const UniqueFd top(::open(tree.path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  const auto found = find_paths(top, {".envrc"}, LookFor::names);
  REQUIRE(found);
  REQUIRE(found->paths.size() == 1);
  struct stat status{};
  REQUIRE(::stat((tree.path / ".envrc").c_str(), &status) == 0);
  CHECK(found->paths[0].inode == status.st_ino);
  CHECK(found->paths[0].device == status.st_dev);
  CHECK(found->paths[0].mode == status.st_mode);
}

TEST_CASE("git repositories are known by content, with what git obeys in them") {
  const Tree tree;
  for (const std::string name : {"HEAD", "objects/x", "refs/x", "config", "hooks/pre-commit", "description",
                                 "worktrees/one/commondir", "worktrees/one/index"})
    tree.file("some/where/" + name);
  CHECK(tree.found({}).empty());
  CHECK(tree.found({}, LookFor::names_and_git) ==
        "repository some/where\nis some/where/config\nis some/where/hooks\n"
        "way some/where/worktrees\nway some/where/worktrees/one\nis some/where/worktrees/one/commondir\n");
}

TEST_CASE("a repository in two halves is none the less one") {
  const Tree tree;
  tree.file("half/HEAD");
  tree.file("half/commondir");
  tree.file("other/objects/x");
  tree.file("other/refs/x");
  tree.file("other/config");
  CHECK(tree.found({}, LookFor::names_and_git) ==
        "repository half\nis half/commondir\nrepository other\nis other/config\n");
}

TEST_CASE("what only resembles a repository is none") {
  const Tree tree;
  tree.file("a/HEAD");
  tree.file("a/objects/x");
  tree.file("b/HEAD");
  tree.file("b/refs/x");
  tree.file("c/commondir");
  CHECK(tree.found({}, LookFor::names_and_git).empty());
}

TEST_CASE("a .git that is no folder leads to a repository") {
  const Tree tree;
  tree.file("module/.git");
  fs::create_symlink("../elsewhere", tree.path / "linked");
  fs::create_directory(tree.path / "link");
  fs::create_symlink("../module", tree.path / "link/.git");
  tree.file("folder/.git/x");
  CHECK(tree.found({}, LookFor::names_and_git) == "git file link/.git\ngit file module/.git\n");
}

TEST_CASE("a workspace that is a repository itself is looked into, not named") {
  const Tree tree;
  for (const std::string name : {"HEAD", "objects/x", "refs/x", "config"}) tree.file(name);
  CHECK(tree.found({}, LookFor::names_and_git) == "is config\n");
}
