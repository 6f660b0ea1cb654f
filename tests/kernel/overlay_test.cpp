// The copy-on-write workspace: what is written lands in its own folder, and the host's files stay as they
// are, by content and by time. Each write is first shown to reach the host without the overlay.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "tests/kernel/file_systems.hpp"
#include "tests/kernel/overlay_ground.hpp"

using namespace pawl;
using namespace pawl::testing;
namespace fs = std::filesystem;

namespace {

void fill(const Ground& ground) {
  ground.write("workspace/kept", "kept\n");
  ground.write("workspace/changed", "before\n");
  ground.write("workspace/removed", "removed\n");
  ground.make_directory("workspace/folder/below");
  ground.write("workspace/folder/below/file", "deep\n");
  ground.make_directory("workspace/.git/hooks");
  ground.write("workspace/.git/config", "[core]\n");
  ground.write("workspace/tool", "#!/bin/sh\necho ran\n");
  REQUIRE(::chmod((ground.workspace() + "/tool").c_str(), 0755) == 0);
}

// Names, types, modes, times and contents of a tree, as text.
std::string picture(const std::string& top) {
  std::string text;
  std::vector<fs::path> paths{top};
  for (const auto& entry : fs::recursive_directory_iterator(top)) paths.push_back(entry.path());
  std::ranges::sort(paths);
  for (const fs::path& path : paths) {
    struct stat status{};
    REQUIRE(::lstat(path.c_str(), &status) == 0);
    text += path.string() + " " + std::to_string(status.st_mode) + " " + std::to_string(status.st_uid) + " " +
            std::to_string(status.st_mtim.tv_sec) + "." + std::to_string(status.st_mtim.tv_nsec) + " " +
            std::to_string(status.st_ctim.tv_sec) + "." + std::to_string(status.st_ctim.tv_nsec) + " " +
            std::to_string(status.st_size) + "\n";
  }
  return text;
}

bool is_whiteout(const std::string& path) {
  struct stat status{};
  return ::lstat(path.c_str(), &status) == 0 && S_ISCHR(status.st_mode) && status.st_rdev == 0;
}

std::string attribute(const std::string& path, const char* name) {
  char value[64];
  const ssize_t size = ::getxattr(path.c_str(), name, value, sizeof(value));
  return size < 0 ? "none" : std::string(value, static_cast<std::size_t>(size));
}

constexpr const char* kWrites =
    "echo after >> changed && rm removed && echo new > new && echo x >> folder/below/file && chmod 0600 kept "
    "&&"
    "echo '#!/bin/sh' > .git/hooks/pre-commit && echo fsmonitor >> .git/config &&"
    "rm -r folder && mkdir folder && echo y > folder/again && cat changed folder/again && ./tool";

// The whole story on one file system.
void check_on(const std::string& place, As as = As::ordinary) {
  {
    const Ground bare(place);  // otherwise these writes would prove nothing
    fill(bare);
    sandbox::LaunchPlan direct = shell_plan(bare, kWrites);
    REQUIRE(testing::run(bare, direct).exit_code() == 0);
    REQUIRE(bare.read("workspace/changed") == "before\nafter\n");
    REQUIRE(bare.read("workspace/.git/config") == "[core]\nfsmonitor\n");
  }
  OverlayGround ground(place);
  fill(ground);
  ground.as = as;
  if (as == As::root) ground.plan.uid = ground.plan.gid = kOrdinaryId;
  // For whoever applies the changes: nothing of it is mounted.
  ground.plan.protections = {{"/workspace", {"**/.git/hooks", "**/.git/config"}}};
  const std::string before = picture(ground.workspace());
  CHECK(ground.output(kWrites) == "before\nafter\ny\nran\n");
  CHECK(picture(ground.workspace()) == before);
  CHECK(ground.read("session/upper/changed") == "before\nafter\n");
  CHECK(ground.read("session/upper/new") == "new\n");
  CHECK(ground.read("session/upper/.git/hooks/pre-commit") == "#!/bin/sh\n");
  CHECK(is_whiteout(ground.upper("removed")));
  CHECK(attribute(ground.upper("folder"), "user.overlay.opaque") == "y");
  CHECK(fs::exists(ground.upper("folder/again")));
  CHECK_FALSE(fs::exists(ground.upper("folder/below")));
  struct stat status{};
  REQUIRE(::stat(ground.upper("kept").c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0600);
  CHECK(status.st_uid == ordinary_user().uid);
}

}  // namespace

TEST_CASE("what is written into an overlay lands in its folder, and the host's files stay", "[overlay]") {
  check_on("/tmp");
}

TEST_CASE("an overlay works on tmpfs", "[overlay]") {
  const OverlayGround ground("/dev/shm");
  if (::setxattr((ground.path() + "/session").c_str(), "user.pawl.test", "1", 1, 0) != 0) {
    WARN("skipped: this kernel's tmpfs keeps no user extended attributes");
    return;
  }
  check_on("/dev/shm");
}

TEST_CASE("an overlay works on btrfs", "[overlay][root]") {
  if (!Btrfs::can_be_made()) return;
  const Btrfs btrfs;
  check_on(btrfs.place());
}

TEST_CASE("started as root, an overlay is its user's, although only root reaches its folders",
          "[overlay][root]") {
  if (!running_as_root()) {
    WARN("skipped: needs root");
    return;
  }
  check_on("/tmp", As::root);
  OverlayGround ground;
  ground.as = As::root;
  ground.plan.uid = ground.plan.gid = kOrdinaryId;
  // As `pawl run` of root makes it: below a home that is closed to everybody else.
  const std::string session = ground.path() + "/session";
  REQUIRE(::chown(session.c_str(), 0, 0) == 0);
  REQUIRE(::chmod(session.c_str(), 0700) == 0);
  CHECK(ground.output("echo mine > file; stat -c %u . file") ==
        std::to_string(kOrdinaryId) + "\n" + std::to_string(kOrdinaryId) + "\n");
  CHECK(ground.read("session/upper/file") == "mine\n");
}

TEST_CASE("a folder of the host cannot be renamed in an overlay, which mv copes with", "[overlay]") {
  OverlayGround ground;
  fill(ground);
  CHECK(unconfined(ground, {"rename", ground.workspace() + "/folder", ground.workspace() + "/other"})
            .exit_code() == 0);
  CHECK(unconfined(ground, {"rename", ground.workspace() + "/other", ground.workspace() + "/folder"})
            .exit_code() == 0);
  CHECK(ground.attempt({"rename", "folder", "other"}) == EXDEV);
  CHECK(ground.attempt({"rename", "changed", "other"}) == 0);  // files can
  ground.discard();
  CHECK(ground.output(
            "mv folder other && cat other/below/file && ls; mkdir own && mv own renamed && ls -d renamed") ==
        "deep\nchanged\nkept\nother\nremoved\ntool\nrenamed\n");
  CHECK(fs::exists(ground.workspace() + "/folder/below/file"));
}

TEST_CASE("the session can neither see, leave nor forge the layers of its overlay", "[overlay][escape]") {
  OverlayGround ground;
  fill(ground);
  ground.write("session/session.json", "{}");
  const std::string mounts = ground.output("grep overlay /proc/self/mountinfo");
  CHECK(mounts.find(ground.path()) == std::string::npos);
  CHECK(mounts.find(" /workspace rw,nosuid,nodev") != std::string::npos);
  CHECK(ground.output("find / -xdev -name session.json -o -xdev -name upper -o -xdev -name work 2>/dev/null")
            .empty());
  CHECK(ground.attempt({"umount", "/workspace"}) == EPERM);
  CHECK(ground.attempt({"mount", "/workspace/folder"}) == EPERM);
  CHECK(ground.attempt({"set-user-id", "/workspace/tool"}) == EPERM);
  // The kernel refuses its own names, or keeps them under another one: a mark made inside is none.
  ground.attempt({"set-attribute", "folder", "user.overlay.opaque", "y"});
  CHECK(attribute(ground.upper("folder"), "user.overlay.opaque") == "none");
}

TEST_CASE("a session that dies at once leaves a folder that can be used and removed", "[overlay]") {
  OverlayGround ground;
  CHECK(ground.run("kill -9 $$").exit_code() == 128 + 9);
  CHECK(fs::is_empty(ground.upper()));
  ground.discard();
  CHECK(ground.output("echo again > file").empty());
}

TEST_CASE("two overlays of one workspace do not see each other", "[overlay]") {
  const OverlayGround one;
  one.write("workspace/file", "host\n");
  CHECK(one.output("echo one > file; cat file") == "one\n");
  one.discard();
  CHECK(one.output("cat file; echo two > file") == "host\n");
  CHECK(one.read("workspace/file") == "host\n");
}

TEST_CASE("an overlay that cannot be is refused with its cause and remedy", "[overlay]") {
  OverlayGround ground;
  SECTION("its changes would lie in the workspace") {
    ground.make_directory("workspace/session/upper");
    ground.make_directory("workspace/session/work");
    fs::remove_all(ground.path() + "/session");
    fs::create_directory_symlink("workspace/session", ground.path() + "/session");
    const UniqueFd files(::open(ground.workspace().c_str(), O_PATH | O_CLOEXEC));
    const UniqueFd changes(::open((ground.workspace() + "/session").c_str(), O_PATH | O_CLOEXEC));
    const Outcome outcome = testing::run(ground, ground.plan, {.descriptors = {files.get(), changes.get()}});
    CHECK_FALSE(outcome.launched);
    CHECK(outcome.failure.trail.find("it lies in what is shown at /workspace") != std::string::npos);
    CHECK(outcome.failure.remedy.find("XDG_DATA_HOME") != std::string::npos);
  }
  SECTION("its folders are not there") {
    fs::remove(ground.path() + "/session/work");
    const Outcome outcome = ground.run("true");
    CHECK(outcome.failure.errnum == ENOENT);
    CHECK(outcome.failure.trail.find("the folder for changes of /workspace: open work") != std::string::npos);
  }
  SECTION("its folders are links") {
    fs::remove(ground.path() + "/session/upper");
    fs::create_directory_symlink("/tmp", ground.path() + "/session/upper");
    const Outcome outcome = ground.run("true");
    CHECK_FALSE(outcome.launched);
    CHECK(outcome.failure.errnum == ENOTDIR);
  }
}

TEST_CASE("mounts decide whether an overlay can be, and the refusal says what to do", "[overlay][root]") {
  if (!running_as_root()) {
    WARN("skipped: needs root");
    return;
  }
  OverlayGround ground;
  SECTION("something is mounted below the workspace") {
    ground.make_directory("workspace/data");
    const Mounted data("tmpfs", ground.workspace() + "/data");
    const Outcome outcome = ground.run("true");
    CHECK_FALSE(outcome.launched);
    CHECK(outcome.failure.trail.find("something is mounted below it") != std::string::npos);
    CHECK(outcome.failure.remedy.find("unmount what lies below " + ground.workspace()) != std::string::npos);
  }
  SECTION("the folder for changes lies where user extended attributes are not kept") {
    const Mounted session("ramfs", ground.path() + "/session");
    for (const std::string name : {"", "/upper", "/work"}) {
      const std::string folder = ground.path() + "/session" + name;
      ::mkdir(folder.c_str(), 0755);
      REQUIRE(::chown(folder.c_str(), kOrdinaryId, kOrdinaryId) == 0);
    }
    const Outcome outcome = ground.run("true");
    CHECK_FALSE(outcome.launched);
    CHECK(outcome.failure.trail.find("lies on ramfs, which keeps no user extended attributes") !=
          std::string::npos);
    CHECK(outcome.failure.remedy.find("XDG_DATA_HOME") != std::string::npos);
  }
  SECTION("the folder for changes lies on an overlay") {
    OverlayGround outer;
    outer.make_directory("stage");
    const std::string options = "lowerdir=" + outer.workspace() + ",upperdir=" + outer.upper() +
                                ",workdir=" + outer.path() + "/session/work";
    const Mounted stage("overlay", outer.path() + "/stage", options);
    for (const std::string name : {"upper", "work"}) {
      const std::string folder = stage.place() + "/" + name;
      REQUIRE(::mkdir(folder.c_str(), 0755) == 0);
      REQUIRE(::chown(folder.c_str(), kOrdinaryId, kOrdinaryId) == 0);
    }
    const UniqueFd files(::open(ground.workspace().c_str(), O_PATH | O_CLOEXEC));
    const UniqueFd changes(::open(stage.place().c_str(), O_PATH | O_CLOEXEC));
    const Outcome outcome = testing::run(ground, ground.plan, {.descriptors = {files.get(), changes.get()}});
    CHECK_FALSE(outcome.launched);
    CHECK(outcome.failure.trail.find("changes on overlay") != std::string::npos);
    CHECK(outcome.failure.remedy.find("XDG_DATA_HOME") != std::string::npos);
  }
}
