#include "tools/pawl/session_folder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "tests/support/temporary_directory.hpp"
#include "tools/pawl/foreign_files.hpp"

namespace pawl::run {
namespace {

namespace fs = std::filesystem;

const std::string kId(64, 'a');

struct Scene {
  Scene() {
    fs::create_directory(workspace_path());
    workspace = UniqueFd(::open(workspace_path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  }
  fs::path workspace_path() const { return fs::path(folder.path()) / "work"; }
  fs::path base() const { return fs::path(folder.path()) / "data/pawl/workspaces"; }
  fs::path session() const { return base() / kId; }
  Result<SessionFolder> make(const std::string& id = kId) const {
    auto made = SessionFolder::make(base(), id, workspace, {::geteuid(), ::getegid()});
    if (made) REQUIRE(made->write({.session = id, .role = "coder", .workspace = workspace_path()}));
    return made;
  }

  test::TemporaryDirectory folder;
  UniqueFd workspace;
};

mode_t mode_of(const fs::path& path) {
  struct stat status{};
  REQUIRE(::lstat(path.c_str(), &status) == 0);
  return status.st_mode & 07777;
}

std::size_t left_in(const fs::path& folder) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

TEST_CASE("the record is JSON, whatever a folder is called") {
  const tools::SessionRecord record{.session = "ab",
                                    .role = "coder",
                                    .workspace = "/tmp/a\"b\\c\n\x1b\x7f\xc3\xa9",
                                    .device = 18446744073709551615u,
                                    .inode = 7,
                                    .started = 1764000000000,
                                    .protect = {"a", "b\"c"},
                                    .hide = {}};
  CHECK(text_of(record) ==
        "{\"version\":1,\"session\":\"ab\",\"role\":\"coder\",\"workspace\":\"/tmp/"
        "a\\\"b\\\\c\\u000a\\u001b\\u007f\xc3\xa9\","
        "\"device\":18446744073709551615,\"inode\":7,\"started\":1764000000000,\"protect\":[\"a\",\"b\\\"c\"]"
        ",\"hide\":[]}");
}

TEST_CASE("a session's folder is private, looks like the workspace inside, and is locked") {
  const Scene scene;
  REQUIRE(::chmod(scene.workspace_path().c_str(), 02751) == 0);
  auto made = scene.make();
  REQUIRE(made);
  CHECK_FALSE(made->write({}));  // once
  CHECK(mode_of(scene.base()) == 0700);
  CHECK(mode_of(scene.session()) == 0700);
  CHECK(mode_of(scene.session() / "session.json") == 0600);
  CHECK(mode_of(scene.session() / "work") == 0700);
  CHECK(mode_of(scene.session() / "upper") == 0751);
  CHECK(fs::last_write_time(scene.session() / "upper") == fs::last_write_time(scene.workspace_path()));
  const UniqueFd again(::open(scene.session().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  CHECK(::flock(again.get(), LOCK_EX | LOCK_NB) != 0);
  {
    // What the launcher is handed does not carry the lock.
    const auto handed = made->descriptor();
    REQUIRE(handed);
    REQUIRE(*made->close() == SessionFolder::Left::nothing);
    CHECK(::flock(again.get(), LOCK_EX | LOCK_NB) == 0);
  }
  CHECK(left_in(scene.base()) == 0);
}

TEST_CASE("what was written stays, with its record and without the lock") {
  const Scene scene;
  auto made = scene.make();
  REQUIRE(made);
  std::ofstream(scene.session() / "upper/file") << "x";
  CHECK(*made->close() == SessionFolder::Left::changes);
  CHECK(fs::exists(scene.session() / "upper/file"));
  CHECK(fs::exists(scene.session() / "session.json"));
  const UniqueFd again(::open(scene.session().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  CHECK(::flock(again.get(), LOCK_EX | LOCK_NB) == 0);
}

TEST_CASE("an empty folder goes, also where overlayfs or the session closed what is in it") {
  const Scene scene;
  auto made = scene.make();
  REQUIRE(made);
  fs::create_directories(scene.session() / "work/work/#1");
  std::ofstream(scene.session() / "work/work/#2") << "x";
  fs::create_directory_symlink("/", scene.session() / "work/work/link");
  for (const char* closed : {"work/work/#1", "work/work", "upper"})
    REQUIRE(::chmod((scene.session() / closed).c_str(), 0) == 0);
  CHECK(*made->close() == SessionFolder::Left::nothing);
  CHECK(left_in(scene.base()) == 0);
}

TEST_CASE("nothing that is there already is taken for the session's folder") {
  const Scene scene;
  for (const std::string& id :
       std::vector<std::string>{"", "abc", "../../../../etc", kId + "a", std::string(64, 'A')}) {
    INFO(id);
    CHECK_FALSE(scene.make(id));
  }
  fs::create_directories(scene.session());
  const auto taken = scene.make();
  REQUIRE_FALSE(taken);
  CHECK(taken.error().errnum == EEXIST);
  fs::remove(scene.session());
  fs::create_directory_symlink("/tmp", scene.session());
  CHECK_FALSE(scene.make());
  CHECK(fs::is_symlink(scene.session()));
}

TEST_CASE("a place that is not the person's alone is closed to others, and a link is refused") {
  const Scene scene;
  fs::create_directories(scene.base());
  REQUIRE(::chmod(scene.base().c_str(), 0777) == 0);
  auto made = scene.make();
  REQUIRE(made);
  CHECK(mode_of(scene.base()) == 0700);
  REQUIRE(made->close());
  fs::remove(scene.base());
  fs::create_directory_symlink("/tmp", scene.base());
  const auto linked = scene.make();
  REQUIRE_FALSE(linked);
  CHECK(linked.error().remedy == "move it away; pawl makes a new one");
}

TEST_CASE("files of other users or groups are found near the top, and named in one line") {
  const Scene scene;
  fs::create_directories(scene.workspace_path() / "a/b/c/d");
  const FolderOwner mine{::geteuid(), ::getegid()};
  CHECK(find_foreign(scene.workspace, mine).count == 0);
  CHECK(foreign_warning(find_foreign(scene.workspace, mine), mine).empty());
  // To another session all of it is foreign.
  const FolderOwner other{mine.uid + 1, mine.gid};
  const ForeignFiles found = find_foreign(scene.workspace, other);
  CHECK(found.count == 3);  // "a/b/c/d" lies too deep for a look that must not take long
  CHECK(found.first == "a");
  CHECK(foreign_warning(found, other).find("cannot change a and 2 more") != std::string::npos);
  CHECK(find_foreign(scene.workspace, {mine.uid, mine.gid + 1}).count == 3);
}

TEST_CASE("the look for foreign files is bounded") {
  const Scene scene;
  for (int i = 0; i < 2500; ++i) std::ofstream(scene.workspace_path() / std::to_string(i)) << "";
  CHECK(find_foreign(scene.workspace, {::geteuid() + 1, ::getegid()}).count <= 2000);
}

}  // namespace
}  // namespace pawl::run
