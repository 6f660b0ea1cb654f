// From two trees to the list of what differs.
#include "tools/pawl/changes/scan.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <stdexcept>

#include "tests/unit/tools/pawl/changes/layers.hpp"

using namespace pawl;
using namespace pawl::changes;
using test::change_of;
using test::Layers;
using test::lines_of;

namespace {

const std::string kLong(200, 'x');

// Nothing is closed to root.
class OrdinaryUser {
 public:
  OrdinaryUser() : before_(::geteuid()) {
    if (before_ == 0) become(kNobody);
  }
  ~OrdinaryUser() {
    if (before_ == 0) become(0);
  }
  OrdinaryUser(const OrdinaryUser&) = delete;
  OrdinaryUser& operator=(const OrdinaryUser&) = delete;

 private:
  static constexpr uid_t kNobody = 65534;
  // The kernel gives /proc/self to root when the ids change.
  static void become(uid_t user) {
    if (::seteuid(user) != 0 || ::prctl(PR_SET_DUMPABLE, 1) != 0) throw std::runtime_error("seteuid");
  }
  uid_t before_;
};

}  // namespace

TEST_CASE("added, modified and deleted files are told apart, and what is as it was is no change") {
  Layers layers;
  layers.host("same.txt", "same");
  layers.host("edited.txt", "old");
  layers.host("gone.txt", "gone");
  layers.host("script", "#!/bin/sh\n");
  layers.begin();
  layers.agent("same.txt", "same");
  layers.agent("edited.txt", "new");
  layers.agent("new/deep/file.txt", "new");
  layers.agent("script", "#!/bin/sh\n", 0755);
  layers.agent_removes("gone.txt");
  layers.agent_removes("never-was-there");
  const ChangeSet set = layers.scan();
  CHECK(lines_of(set) ==
        "modified edited.txt\ndeleted gone.txt\nadded new [folder]\nadded new/deep [folder]\n"
        "added new/deep/file.txt\nmodified script\n");
  CHECK(change_of(set, "script").content == Change::Content::same);
  CHECK(change_of(set, "edited.txt").content == Change::Content::differs);
  CHECK(count(set).added == 1);
  CHECK(set.left_out.empty());
  for (const Change& change : set.changes) {
    CHECK(change.conflict.empty());
    CHECK_FALSE(change.guarded.any());
  }
}

TEST_CASE("an opaque folder and a removed one become one deletion for everything in them") {
  Layers layers;
  layers.host("o/kept.txt", "old");
  layers.host("o/sub/a", "a");
  layers.host("o/again/b", "b");
  layers.host("d/e/f", "f");
  layers.begin();
  layers.agent_hides("o");
  layers.agent("o/kept.txt", "new");
  layers.agent("o/fresh.txt", "fresh");
  // Not opaque itself, and all the same nothing of the workspace's shows through.
  layers.agent("o/again/c", "c");
  layers.agent_removes("d");
  CHECK(lines_of(layers.scan()) ==
        "deleted d [folder]\ndeleted d/e [folder]\ndeleted d/e/f\ndeleted o/again/b\nadded o/again/c\n"
        "added o/fresh.txt\nmodified o/kept.txt\ndeleted o/sub [folder]\ndeleted o/sub/a\n");
}

TEST_CASE("whiteouts in their other form are whiteouts in a folder that says so, and nowhere else") {
  Layers layers;
  layers.host("d/a", "a");
  layers.host("e/a", "a");
  layers.begin();
  for (const char* path : {"d/a", "e/a"}) {
    layers.agent(path, "");
    REQUIRE(::setxattr(layers.upper(path).c_str(), "user.overlay.whiteout", "y", 1, 0) == 0);
  }
  REQUIRE(::setxattr(layers.upper("d").c_str(), "user.overlay.opaque", "x", 1, 0) == 0);
  CHECK(lines_of(layers.scan()) == "deleted d/a\nmodified e/a\n");
}

TEST_CASE("a file becomes a folder, a folder a file, a link a file") {
  Layers layers;
  layers.host("file", "f");
  layers.host("folder/in", "in");
  layers.host("real", "r");
  std::filesystem::create_symlink("real", layers.workspace("link"));
  layers.begin();
  layers.agent_hides("file");
  layers.agent("file/new", "n");
  layers.agent("folder", "now a file");
  layers.agent("link", "now a file");
  const ChangeSet set = layers.scan();
  CHECK(lines_of(set) ==
        "deleted file\nadded file [folder]\nadded file/new\ndeleted folder [folder]\nadded folder\n"
        "deleted folder/in\nmodified link\n");
  CHECK(change_of(set, "link").old_target == "real");
}

TEST_CASE("a file that went and came up elsewhere was renamed; small ones look alike by chance") {
  Layers layers;
  layers.host("old/one.c", kLong);
  layers.host("old/two.c", kLong);
  layers.host("tiny", "t");
  layers.begin();
  for (const char* path : {"old/one.c", "old/two.c", "tiny"}) layers.agent_removes(path);
  layers.agent("new/two.c", kLong);
  layers.agent("new/other.c", kLong);
  layers.agent("tiny2", "t");
  CHECK(lines_of(layers.scan()) ==
        "added new [folder]\nrenamed old/one.c => new/other.c\nrenamed old/two.c => new/two.c\n"
        "deleted tiny\nadded tiny2\n");
}

TEST_CASE("ten thousand equal files are paired without comparing each with each") {
  Layers layers;
  for (int i = 0; i < 5000; ++i) test::put(layers.workspace("old/" + std::to_string(i)), kLong);
  layers.begin();
  layers.agent_removes("old");
  for (int i = 0; i < 5000; ++i) layers.agent("new/x" + std::to_string(i), kLong);
  CHECK(count(layers.scan()).renamed == 5000);
}

TEST_CASE("what the host changed, made or removed since the session started is a conflict") {
  Layers layers;
  layers.host("edited", "old");
  layers.host("removed", "old");
  layers.host("quiet", "old");
  layers.host("gone/copied", "old");
  layers.host("d/old", "old");
  layers.begin();
  layers.agent("edited", "agent");
  layers.agent("appeared", "agent");
  layers.agent("quiet", "agent");
  layers.agent("gone/copied", "agent");
  layers.copied_up("gone/copied");
  layers.agent_removes("removed");
  layers.agent_removes("d");
  layers.host("edited", "host");
  layers.host("removed", "host");
  layers.host("appeared", "host");
  layers.host("d/new", "host");
  std::filesystem::remove(layers.workspace("gone/copied"));
  const ChangeSet set = layers.scan();
  CHECK(change_of(set, "edited").conflict == "the host changed it since the session started");
  CHECK(change_of(set, "removed").conflict == "the host changed it since the session started");
  CHECK(change_of(set, "appeared").conflict == "the host changed it since the session started");
  CHECK(change_of(set, "gone/copied").conflict == "what it was copied from is gone from the host");
  CHECK(change_of(set, "d/new").conflict == "the host changed it since the session started");
  CHECK(change_of(set, "d/old").conflict.empty());
  CHECK(change_of(set, "quiet").conflict.empty());
  CHECK(count(set).conflicts == 5);
}

TEST_CASE("a file that was edited and then moved is no conflict where nothing went") {
  Layers layers;
  layers.host("a.c", kLong);
  layers.begin();
  layers.agent_removes("a.c");
  layers.agent("b.c", kLong + "and more");
  layers.copied_up("b.c");
  CHECK(change_of(layers.scan(), "b.c").conflict.empty());
}

TEST_CASE("what is in a folder that the host removed is in conflict with it") {
  Layers layers;
  layers.host("d/a", "a");
  layers.begin();
  layers.agent("d/new", "new");
  REQUIRE(::setxattr(layers.upper("d").c_str(), "user.overlay.origin", "", 0, 0) == 0);
  layers.host("other", "so that time goes by");
  std::filesystem::remove_all(layers.workspace("d"));
  const ChangeSet set = layers.scan();
  CHECK_FALSE(change_of(set, "d").conflict.empty());
  CHECK(change_of(set, "d/new").conflict == "its folder is gone from the host");
}

TEST_CASE("special files are never written, setuid bits need a word, hard links are files") {
  Layers layers;
  layers.begin();
  layers.agent("suid", "x", 04755);
  layers.agent("one", "linked");
  std::filesystem::create_hard_link(layers.upper("one"), layers.upper("two"));
  REQUIRE(::mkfifo(layers.upper("fifo").c_str(), 0644) == 0);
  const ChangeSet set = layers.scan();
  CHECK(change_of(set, "fifo").writable == Writable::never);
  CHECK(change_of(set, "suid").guarded.special ==
        "it would run with its owner's rights; the setuid and setgid bits are dropped");
  CHECK(change_of(set, "suid").writable == Writable::yes);
  CHECK(change_of(set, "one").after->links == 2);
  CHECK_FALSE(change_of(set, "two").guarded.any());
}

TEST_CASE("links that lead out of the workspace are told, also through a link that is the person's own") {
  Layers layers;
  std::filesystem::create_symlink("/etc", layers.workspace("etc"));
  layers.host("src/x", "x");
  layers.begin();
  layers.agent_link("absolute", "/etc/passwd");
  layers.agent_link("src/up", "../../outside");
  layers.agent_link("src/fine", "../src/x");
  layers.agent_link("through", "etc/passwd");
  layers.agent_link("winding", "src/../src/x");
  const ChangeSet set = layers.scan();
  for (const char* path : {"absolute", "src/up", "through", "winding"}) {
    INFO(path);
    CHECK_FALSE(change_of(set, path).guarded.escape.empty());
  }
  CHECK(change_of(set, "src/fine").guarded.escape.empty());
}

TEST_CASE("protected and hidden paths are told at every depth, with the reason") {
  Layers layers;
  layers.record.protect = {"ci/"};
  layers.record.hide = {"**/.env"};
  layers.host("app/.env", "SECRET=1");
  layers.begin();
  layers.agent(".envrc", "rm -rf ~");
  layers.agent("deep/.git/hooks/pre-commit", "#!/bin/sh\n", 0755);
  layers.agent("deep/.git/HEAD", "ref: refs/heads/main\n");
  layers.agent("ci/deploy.sh", "x");
  layers.agent(".GitHub/workflows/x.yml", "x");
  layers.agent("app/.env", "mine");
  layers.agent("sub/.git", "gitdir: ../evil\n");
  layers.agent_link("linked/.git", "../evil");
  layers.agent(".git/rebase-merge/git-rebase-todo", "exec touch /tmp/x\n");
  const ChangeSet set = layers.scan();
  const auto reason = [&](std::string_view path) { return change_of(set, path).guarded.protection; };
  CHECK(reason(".envrc") == "direnv runs it");
  CHECK(reason("deep/.git/hooks") == "git runs hooks");
  CHECK(reason("deep/.git/hooks/pre-commit") == "git runs hooks");
  CHECK(reason("deep/.git/HEAD").empty());
  CHECK(reason("ci/deploy.sh") == "the role protects it");
  CHECK(reason(".GitHub/workflows/x.yml") == "runs in CI");
  CHECK(reason("app/.env") == "the role hides it: the agent did not see yours");
  CHECK(reason("sub/.git") == "it tells git which repository to use");
  CHECK(reason("linked/.git") == "it tells git which repository to use");
  CHECK(reason(".git/rebase-merge/git-rebase-todo") == "git runs the commands in its list");
}

TEST_CASE("a folder that git takes for a repository is protected, whoever made its parts") {
  Layers layers;
  layers.host("half/HEAD", "ref: refs/heads/main\n");
  layers.host("half/refs/heads/x", "");
  layers.host("shared/objects/info", "");
  layers.begin();
  for (const char* name : {"HEAD", "config", "objects/x", "refs/x", "hooks/post-index-change"})
    layers.agent("bare/" + std::string(name), "x");
  layers.agent("half/objects/x", "x");
  layers.agent("half/config", "[core]\nfsmonitor = touch /tmp/x\n");
  layers.agent("tree/HEAD", "ref: refs/heads/main\n");
  layers.agent("tree/commondir", "../shared\n");
  layers.agent("shared/refs/x", "x");
  layers.agent("shared/config", "x");
  layers.agent("plain/HEAD", "about headlines");
  layers.agent("plain/config", "x");
  const ChangeSet set = layers.scan();
  for (const char* path :
       {"bare/config", "bare/hooks/post-index-change", "half/config", "tree/commondir", "shared/config"}) {
    INFO(path);
    CHECK(change_of(set, path).guarded.protection.find("git takes its folder for a repository") == 0);
  }
  CHECK_FALSE(change_of(set, "plain/config").guarded.any());
}

TEST_CASE("folders of .git are not taken for bare repositories where names protect them, others are") {
  Layers layers;
  layers.begin();
  const auto repository = [&](const std::string& path) {
    for (const char* name : {"HEAD", "config", "objects/x", "refs/x"}) layers.agent(path + "/" + name, "x");
  };
  repository(".git");
  repository(".git/modules/lib");
  repository(".git/worktrees/w");
  repository(".git/x.git/modules/lib");
  layers.agent(".git/worktrees/v/HEAD", "x");
  layers.agent(".git/worktrees/v/index", "x");
  const ChangeSet set = layers.scan();
  CHECK_FALSE(change_of(set, ".git/HEAD").guarded.any());
  CHECK(change_of(set, ".git/config").guarded.any());
  CHECK_FALSE(change_of(set, ".git/modules/lib/HEAD").guarded.any());
  CHECK(change_of(set, ".git/modules/lib/config").guarded.any());
  CHECK(change_of(set, ".git/worktrees/w/config").guarded.any());
  CHECK(change_of(set, ".git/x.git/modules/lib/config").guarded.any());
  CHECK_FALSE(change_of(set, ".git/worktrees/v/index").guarded.any());
}

TEST_CASE("marks that would make pawl misread the layer are refused") {
  Layers layers;
  layers.host("d/a", "a");
  layers.begin();
  SECTION("redirect") {
    layers.agent_folder("moved");
    REQUIRE(::setxattr(layers.upper("moved").c_str(), "user.overlay.redirect", "/d", 2, 0) == 0);
  }
  SECTION("metacopy") {
    layers.agent("d/a", "");
    REQUIRE(::setxattr(layers.upper("d/a").c_str(), "user.overlay.metacopy", "", 0, 0) == 0);
  }
  SECTION("an opaque mark of another kind") {
    layers.agent_folder("moved");
    REQUIRE(::setxattr(layers.upper("moved").c_str(), "user.overlay.opaque", "z", 1, 0) == 0);
  }
  CHECK_THROWS(layers.scan());
}

TEST_CASE("what is beyond the limits is left out and said, not silently") {
  Layers layers;
  layers.begin();
  for (const char* folder : {"a", "b"})
    for (int i = 0; i < 8; ++i) layers.agent(folder + std::string("/f") + std::to_string(i), "x");
  ScanLimits limits;
  limits.left_out = 3;
  SECTION("enough") {
    limits.entries = 18;
    CHECK(layers.scan(limits).left_out.empty());
    CHECK(layers.scan(limits).changes.size() == 18);
  }
  SECTION("too many changes") {
    limits.entries = 12;
    const ChangeSet set = layers.scan(limits);
    CHECK(set.changes.size() == 12);
    REQUIRE(set.left_out.size() == 4);
    CHECK(set.left_out.front().reason == "there are too many changes");
    CHECK(set.left_out.back().reason == "and 3 more are not listed");
  }
  SECTION("too many names in one folder") {
    limits.entries = 7;
    const ChangeSet set = layers.scan(limits);
    CHECK(lines_of(set) == "added a [folder]\nadded b [folder]\n");
    REQUIRE(set.left_out.size() == 2);
    CHECK(set.left_out[0].path == "a");
  }
}

TEST_CASE("a name of 255 bytes is no trouble, and a deep tree is walked as far as paths reach") {
  Layers layers;
  layers.begin();
  layers.agent(std::string(255, 'n'), "x");
  UniqueFd folder(::open(layers.upper().c_str(), O_RDONLY | O_DIRECTORY));
  const std::string name(200, 'd');
  for (int depth = 0; depth < 40; ++depth) {
    REQUIRE(::mkdirat(folder.get(), name.c_str(), 0755) == 0);
    folder = UniqueFd(::openat(folder.get(), name.c_str(), O_RDONLY | O_DIRECTORY));
  }
  const ChangeSet set = layers.scan();
  CHECK(change_of(set, std::string(255, 'n')).kind == Kind::added);
  REQUIRE(set.left_out.size() == 1);
  CHECK(set.left_out[0].reason == "its path is too long");
}

TEST_CASE("a file that its owner cannot read is told and never written", "[user]") {
  Layers layers;
  layers.begin();
  layers.agent("closed", "x", 0000);
  layers.agent("locked/in", "x");
  layers.agent_folder("locked", 0000);
  const auto scan_as_ordinary_user = [&] {
    const OrdinaryUser user;
    return layers.scan();
  };
  const ChangeSet set = scan_as_ordinary_user();
  CHECK(change_of(set, "closed").writable == Writable::never);
  REQUIRE(set.left_out.size() == 1);
  CHECK(set.left_out[0].path == "locked");
  layers.agent_folder("locked", 0755);
}

TEST_CASE("a link where protected files are looked for, and permissions that let others in, need a word") {
  Layers layers;
  layers.host("shared", "x", 0664);
  layers.begin();
  layers.agent_link(".cargo", "somewhere");
  layers.agent("open/in", "x");
  layers.agent_folder("open", 0777);
  layers.agent("shared", "y", 0664);
  layers.agent("fresh", "x", 0666);
  const ChangeSet set = layers.scan();
  CHECK_FALSE(change_of(set, ".cargo").guarded.protection.empty());
  CHECK_FALSE(change_of(set, "open").guarded.special.empty());
  CHECK_FALSE(change_of(set, "fresh").guarded.special.empty());
  CHECK_FALSE(change_of(set, "shared").guarded.any());
  REQUIRE(layers.apply());
  CHECK(test::tree_of(layers.workspace()) == test::Tree{{"shared", "file 664 y"}});
  REQUIRE(layers.apply({.force = {"open"}}));
  REQUIRE(layers.apply());
  CHECK(test::tree_of(layers.workspace()).at("open/in") == "file 644 x");
}
