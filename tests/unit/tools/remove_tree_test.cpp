// A folder that an agent filled goes, whatever it left in it and whatever an earlier attempt left.
#include "tools/remove_tree.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "tests/support/temporary_directory.hpp"

using namespace pawl;

namespace {

namespace fs = std::filesystem;

UniqueFd open_folder(const std::string& path) {
  return UniqueFd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

void fill(const std::string& path) {
  fs::create_directories(path);
  test::write_file(path + "/file", "x");
}

}  // namespace

TEST_CASE("names that an interrupted removal left are in nobody's way") {
  const test::TemporaryDirectory directory;
  fill(directory / "gone/.tree-0");
  fill(directory / "gone/.tree-1/.tree-0");
  fill(directory / "gone/upper/a/b/c");
  fill(directory / "gone/upper/.tree-0/.tree-2");
  REQUIRE(tools::remove_tree(open_folder(directory.path()), "gone"));
  CHECK_FALSE(fs::exists(directory / "gone"));
}

TEST_CASE("closed folders, links and files go, and what a link leads to stays") {
  const test::TemporaryDirectory directory;
  const test::TemporaryDirectory outside;
  test::write_file(outside / "file", "x");
  fill(directory / "gone/closed/inner");
  fs::create_directory_symlink(outside.path(), directory / "gone/closed/inner/link");
  ::chmod((directory / "gone/closed/inner").c_str(), 0);
  ::chmod((directory / "gone/closed").c_str(), 0);
  const UniqueFd parent = open_folder(directory.path());
  REQUIRE(tools::remove_tree(parent, "gone"));
  CHECK_FALSE(fs::exists(directory / "gone"));
  CHECK(fs::exists(outside / "file"));
  REQUIRE(tools::remove_tree(parent, "gone"));
}

TEST_CASE("a session's folder goes, and so does what a crash left of another one") {
  const test::TemporaryDirectory directory;
  const std::string id(64, 'a');
  fill(directory / id);
  fill(directory / ".gone-bbbb/upper");
  fill(directory / "cccc");
  REQUIRE(tools::remove_session_folder(open_folder(directory.path()), id));
  CHECK(fs::exists(directory / "cccc"));
  CHECK_FALSE(fs::exists(directory / id));
  CHECK_FALSE(fs::exists(directory / ".gone-bbbb"));
}
