// Where kept changes are found, locked, and done away with.
#include "tools/pawl/changes/place.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "tests/support/temporary_directory.hpp"
#include "tools/remove_tree.hpp"

using namespace pawl;
using namespace pawl::changes;

namespace {

namespace fs = std::filesystem;

struct Home {
  test::TemporaryDirectory directory;
  std::string workspaces = directory / "workspaces";
  std::string workspace = directory / "src";

  Home() {
    fs::create_directory(workspaces);
    fs::create_directory(workspace);
    ::chmod(workspaces.c_str(), 0700);
  }
  std::string add(char digit) const {
    const std::string id(64, digit);
    struct stat status{};
    REQUIRE(::stat(workspace.c_str(), &status) == 0);
    fs::create_directories(workspaces + "/" + id + "/upper");
    ::chmod((workspaces + "/" + id).c_str(), 0700);
    test::write_file(workspaces + "/" + id + "/session.json", tools::text_of({.session = id,
                                                                              .role = "coder",
                                                                              .workspace = workspace,
                                                                              .device = status.st_dev,
                                                                              .inode = status.st_ino,
                                                                              .started = 1'780'000'000'000}));
    return id;
  }
};

}  // namespace

TEST_CASE("sessions are found by a unique prefix of eight characters") {
  const Home home;
  const std::string a = home.add('a');
  home.add('b');
  fs::create_directory(home.workspaces + "/not-a-session");
  const auto place = Place::open(home.workspaces);
  REQUIRE(place);
  CHECK(place->sessions()->size() == 2);
  CHECK(place->find("aaaaaaaa").value() == a);
  CHECK(place->find(a).value() == a);
  CHECK_FALSE(place->find("aaaaaaa"));
  CHECK_FALSE(place->find("cccccccc"));
  CHECK(Place::open(home.workspaces + "/none")->sessions()->empty());
}

TEST_CASE("a session whose folder somebody has locked is somebody's") {
  const Home home;
  const std::string id = home.add('a');
  const auto place = Place::open(home.workspaces);
  REQUIRE(place);
  CHECK(place->open_session(id, Purpose::change)->folder.holder == Holder::us);
  const UniqueFd run(::open((home.workspaces + "/" + id).c_str(), O_RDONLY | O_DIRECTORY));
  REQUIRE(::flock(run.get(), LOCK_EX) == 0);
  CHECK(place->open_session(id, Purpose::look)->folder.holder == Holder::somebody);
  CHECK(place->open_session(id, Purpose::change)->folder.holder == Holder::somebody);
  REQUIRE(::flock(run.get(), LOCK_SH) == 0);
  CHECK(place->open_session(id, Purpose::look)->folder.holder == Holder::us);
}

TEST_CASE("folders that others can write to, symlinks and records of other sessions are refused") {
  const Home home;
  const std::string id = home.add('a');
  const auto place = Place::open(home.workspaces);
  REQUIRE(place);
  SECTION("others write to the session's folder") { ::chmod((home.workspaces + "/" + id).c_str(), 0777); }
  SECTION("a symlink") {
    fs::rename(home.workspaces + "/" + id, home.directory / "elsewhere");
    fs::create_directory_symlink(home.directory / "elsewhere", home.workspaces + "/" + id);
  }
  SECTION("another session's record") {
    fs::rename(home.workspaces + "/" + id, home.workspaces + "/" + std::string(64, 'b'));
    CHECK_FALSE(place->open_session(std::string(64, 'b'), Purpose::look));
  }
  SECTION("upper is a symlink") {
    fs::remove(home.workspaces + "/" + id + "/upper");
    fs::create_directory_symlink("/etc", home.workspaces + "/" + id + "/upper");
  }
  CHECK_FALSE(place->open_session(id, Purpose::look));
  ::chmod(home.workspaces.c_str(), 0777);
  CHECK_FALSE(Place::open(home.workspaces));
}

TEST_CASE("the workspace must be the folder in which the session worked") {
  const Home home;
  const auto place = Place::open(home.workspaces);
  REQUIRE(place);
  const auto kept = place->open_session(home.add('a'), Purpose::look);
  REQUIRE(kept);
  CHECK(open_workspace(kept->record, ""));
  fs::rename(home.workspace, home.workspace + "2");
  CHECK_FALSE(open_workspace(kept->record, ""));
  fs::create_directory(home.workspace);
  CHECK_FALSE(open_workspace(kept->record, ""));
  CHECK(open_workspace(kept->record, home.workspace + "2"));
}

TEST_CASE("removing a session removes all in it: deep, closed, and what an earlier crash left") {
  const Home home;
  const std::string id = home.add('a');
  const std::string upper = home.workspaces + "/" + id + "/upper";
  UniqueFd folder(::open(upper.c_str(), O_RDONLY | O_DIRECTORY));
  const std::string name(250, 'd');
  for (int depth = 0; depth < 1000; ++depth) {
    REQUIRE(::mkdirat(folder.get(), name.c_str(), 0755) == 0);
    folder = UniqueFd(::openat(folder.get(), name.c_str(), O_RDONLY | O_DIRECTORY));
  }
  fs::create_directories(home.workspaces + "/" + id + "/work/work");
  fs::create_directories(upper + "/closed/in");
  test::write_file(upper + "/closed/in/file", "x");
  fs::create_symlink(home.workspace, upper + "/link");
  test::write_file(home.workspace + "/precious", "x");
  ::chmod((upper + "/closed/in").c_str(), 0);
  ::chmod((upper + "/closed").c_str(), 0);
  ::chmod((home.workspaces + "/" + id + "/work/work").c_str(), 0);
  fs::create_directories(home.workspaces + "/.gone-" + std::string(64, 'c') + "/upper");
  const auto place = Place::open(home.workspaces);
  REQUIRE(place);
  REQUIRE(place->remove(*place->open_folder(id, Purpose::change)));
  CHECK(fs::is_empty(home.workspaces));
  CHECK(test::read_file(home.workspace + "/precious") == "x");
}
