// Repositories as git leaves them, and as somebody hostile would.
#include "tools/pawl/gate/tree_head.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "tests/support/temporary_directory.hpp"

using namespace pawl;
using Catch::Contains;
using test::write_file;

namespace {

const std::string kOne(40, '1'), kTwo(40, '2'), kLong(64, '3');

struct Repository {
  test::TemporaryDirectory folder;
  Repository() { std::filesystem::create_directories(folder / ".git/refs/heads/topic"); }
  void head(const std::string& text) const { write_file(folder / ".git/HEAD", text); }
  std::string found(const std::string& below = "") const {
    const auto tree = gate::find_work_tree(folder / below);
    return tree ? tree->head : tree.error().trail;
  }
};

}  // namespace

TEST_CASE("HEAD is read through a branch, packed or not, and when detached") {
  const Repository git;
  git.head("ref: refs/heads/main\n");
  CHECK_THAT(git.found(), Contains("has no commit yet on refs/heads/main"));
  write_file(git.folder / ".git/packed-refs",
             "# pack-refs with: peeled\n" + kTwo + " refs/heads/main\n^" + kOne + "\n");
  CHECK(git.found() == kTwo);
  write_file(git.folder / ".git/refs/heads/main", kOne + "\n");
  CHECK(git.found() == kOne);
  git.head(kLong + "\n");
  CHECK(git.found() == kLong);
  git.head("ref: refs/heads/other\n");
  write_file(git.folder / ".git/refs/heads/other", "ref: refs/heads/main\n");
  CHECK(git.found() == kOne);
}

TEST_CASE("the nearest work tree above counts, and a linked one has its own HEAD") {
  const Repository git;
  git.head("ref: refs/heads/main\n");
  write_file(git.folder / ".git/refs/heads/main", kOne);
  std::filesystem::create_directories(git.folder / "src/deep");
  CHECK(git.found("src/deep") == kOne);
  std::filesystem::create_directories(git.folder / ".git/worktrees/linked");
  write_file(git.folder / ".git/worktrees/linked/HEAD", "ref: refs/heads/side\n");
  write_file(git.folder / ".git/worktrees/linked/commondir", "../..\n");
  write_file(git.folder / ".git/refs/heads/side", kTwo);
  std::filesystem::create_directories(git.folder / "linked");
  write_file(git.folder / "linked/.git", "gitdir: " + (git.folder / ".git/worktrees/linked") + "\n");
  CHECK(git.found("linked") == kTwo);
}

TEST_CASE("what is no repository, or leads nowhere good, is refused and never waited for") {
  const Repository git;
  const test::TemporaryDirectory none;
  CHECK_FALSE(gate::find_work_tree(none / "missing"));
  CHECK_THAT(git.found(), Contains("has no HEAD"));
  for (const std::string text :
       {"", "ref: \n", "ref: ../../etc/passwd\n", "ref: refs/../../x\n", "ref: refs/heads//x\n", "1234\n",
        "ref: HEAD\n", "ref: refs/heads/.invalid\n", "ref: refs/heads/topic\n"}) {
    CAPTURE(text);
    git.head(text);
    CHECK_FALSE(gate::find_work_tree(git.folder.path()));
  }
  write_file(git.folder / "x", kOne);  // a commit's id, but where no ref is
  git.head("ref: refs/../../x\n");
  CHECK_THAT(git.found(), Contains("no ordinary ref"));
  git.head(std::string(5000, 'a'));
  CHECK_THAT(git.found(), Contains("more than 4096 bytes"));
  git.head("ref: refs/heads/loop\n");
  write_file(git.folder / ".git/refs/heads/loop", "ref: refs/heads/loop\n");
  CHECK_THAT(git.found(), Contains("no ordinary ref"));
  REQUIRE(::unlink((git.folder / ".git/HEAD").c_str()) == 0);
  REQUIRE(::mkfifo((git.folder / ".git/HEAD").c_str(), 0600) == 0);
  CHECK_THAT(git.found(), Contains("not a regular file"));
}
