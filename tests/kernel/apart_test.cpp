// What a bind may show: private places under any of their paths, and links that somebody else can turn.
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <string>

#include "tests/kernel/harness.hpp"

using namespace pawl;
using namespace pawl::testing;
using sandbox::ApartKind;
using sandbox::MountKind;

namespace {

void link(const std::string& target, const std::string& path) {
  REQUIRE(::symlink(target.c_str(), path.c_str()) == 0);
}

UniqueFd folder(const std::string& path) {
  UniqueFd opened(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  REQUIRE(opened);
  return opened;
}

// What the launch says when `shown` is bound writable as a person's workspace would be; empty: it was
// launched.
std::string complaint(const Ground& ground, const std::string& shown, std::vector<sandbox::Apart> apart) {
  const UniqueFd workspace = folder(shown);
  sandbox::LaunchPlan plan = probe_plan(ground, {"facts"});
  plan.mounts.push_back({.kind = MountKind::writable, .target = "/project", .descriptor = 2});
  plan.apart = std::move(apart);
  const Outcome outcome = run(ground, plan, {.descriptors = {workspace.get()}});
  return outcome.launched ? "" : outcome.failure.trail;
}

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::string covered;  // for before_exec, which takes no argument

}  // namespace

TEST_CASE("a private place is not shown under any of its paths", "[escape][apart]") {
  const Ground ground;
  const std::string home = ground.path() + "/home";
  ground.make_directory("home/dotfiles/ssh");
  ground.make_directory("home/dotfiles/vim");
  ground.make_directory("home/src/web/deep");
  ground.write("home/dotfiles/ssh/id", "key");
  link(home + "/dotfiles/ssh", home + "/.ssh");
  const std::vector<sandbox::Apart> ssh{{ApartKind::whole, home + "/.ssh"}};

  SECTION("the folder that its link leads into") {
    REQUIRE(complaint(ground, home + "/dotfiles", {}).empty());  // the attack, where nothing is kept apart
    CHECK(holds(complaint(ground, home + "/dotfiles", ssh), "it is or holds " + home + "/.ssh"));
    CHECK(holds(complaint(ground, home + "/dotfiles/ssh", ssh), "it is or holds"));
  }
  SECTION("what lies below it") {
    ground.make_directory("home/dotfiles/ssh/more");
    CHECK(holds(complaint(ground, home + "/dotfiles/ssh/more", ssh), "it lies in " + home + "/.ssh"));
  }
  SECTION("its neighbours are not meant") {
    CHECK(complaint(ground, home + "/dotfiles/vim", ssh).empty());
    CHECK(complaint(ground, home + "/src/web", ssh).empty());
  }
  SECTION("one that could be made where an agent writes") {
    REQUIRE(::unlink((home + "/.ssh").c_str()) == 0);
    link(home + "/src/web", home + "/.config");
    const std::vector<sandbox::Apart> pawl{{ApartKind::whole, home + "/.config/pawl/keys"}};
    CHECK(holds(complaint(ground, home + "/src/web", pawl), "it is or holds"));
    CHECK(holds(complaint(ground, home + "/src", pawl), "it is or holds"));
    CHECK(complaint(ground, home + "/src/web/deep", pawl).empty());
  }
  SECTION("one that is there and leads nowhere, or in a circle") {
    link(home + "/src/web/later", home + "/.gnupg");
    CHECK(holds(complaint(ground, home + "/src/web", {{ApartKind::whole, home + "/.gnupg"}}),
                "find out what " + home + "/.gnupg is"));
    link(home + "/circle", home + "/circle");
    CHECK(
        holds(complaint(ground, home + "/src/web", {{ApartKind::whole, home + "/circle"}}), "find out what"));
  }
  SECTION("a home behind a link, and what holds it") {
    link(home, ground.path() + "/passwd-home");
    const std::vector<sandbox::Apart> homes{{ApartKind::holder, ground.path() + "/passwd-home"}};
    CHECK(holds(complaint(ground, home, homes), "a home directory"));
    CHECK(holds(complaint(ground, ground.path(), homes), "a home directory"));
    CHECK(complaint(ground, home + "/src/web", homes).empty());
  }
  SECTION("a folder that keeps credentials at its top") {
    ground.make_directory("home/src/.aws");
    CHECK(holds(complaint(ground, home + "/src", {{ApartKind::name, ".aws"}}), "it holds .aws"));
    CHECK(complaint(ground, home + "/src/web", {{ApartKind::name, ".aws"}}).empty());
  }
}

TEST_CASE("a named path is bound through no link", "[escape][apart]") {
  const Ground ground;
  ground.make_directory("other/agents");
  ground.make_directory("private");
  ground.write("private/key", "key");
  link(ground.path() + "/private", ground.path() + "/other/agents/tool");
  sandbox::LaunchPlan plan = shell_plan(ground, "cat /tool/key");
  plan.mounts.push_back(
      {.kind = MountKind::read_only, .target = "/tool", .source = ground.path() + "/other/agents/tool"});
  REQUIRE(unconfined(ground, {"read", ground.path() + "/other/agents/tool/key"}).exit_code() == 0);

  SECTION("which would choose what is shown") {
    const Outcome outcome = run(ground, plan);
    CHECK_FALSE(outcome.launched);
    CHECK(holds(outcome.failure.trail, ground.path() + "/other/agents/tool is a link: name its target"));
  }
  SECTION("nor one on the way") {
    link(ground.path() + "/other", ground.path() + "/way");
    plan.mounts.back().source = ground.path() + "/way/agents";
    CHECK(holds(run(ground, plan).failure.trail, ground.path() + "/way is a link"));
  }
  SECTION("pawl's own paths may be links of their owner") {
    plan.mounts.back().origin = sandbox::Origin::pawls_own;
    CHECK(run(ground, plan).output == "key");
  }
  SECTION("and what is bound is held against the private places") {
    plan.mounts.back().source = ground.path() + "/private";
    REQUIRE(run(ground, plan).output == "key");
    plan.apart = {{ApartKind::whole, ground.path() + "/private"}};
    CHECK(holds(run(ground, plan).failure.trail, "which no agent may see"));
  }
  SECTION("a socket is neither a folder nor a file") {
    REQUIRE(::mkfifo((ground.path() + "/fifo").c_str(), 0666) == 0);
    plan.mounts.back().source = ground.path() + "/fifo";
    CHECK(holds(run(ground, plan).failure.trail, "it is neither a folder nor a file"));
  }
}

TEST_CASE("root binds what only root can reach, and no more than that", "[launch][root][apart]") {
  if (!running_as_root()) {
    WARN("skipped: needs root");
    return;
  }
  const Ground ground;
  ground.make_directory("closed/inner");
  ground.write("closed/inner/file", "reached\n");
  // Another person's: root passes by overriding modes, which it cannot in a user namespace.
  REQUIRE(::chown((ground.path() + "/closed").c_str(), 4242, 4242) == 0);
  REQUIRE(::chmod((ground.path() + "/closed").c_str(), 0700) == 0);
  REQUIRE(unconfined(ground, {"read", ground.path() + "/closed/inner/file"}).exit_code() == EACCES);
  sandbox::LaunchPlan plan = shell_plan(ground, "cat /project/file; touch /project/new && echo written");
  plan.uid = plan.gid = kOrdinaryId;

  SECTION("a workspace that was handed over") {
    const UniqueFd inner = folder(ground.path() + "/closed/inner");
    plan.mounts.push_back({.kind = MountKind::writable, .target = "/project", .descriptor = 2});
    const Outcome outcome = run(ground, plan, {.as = As::root, .descriptors = {inner.get()}});
    INFO(outcome.failure.trail);
    CHECK(outcome.output == "reached\nwritten\n");
  }
  SECTION("a folder by its path, which stays read-only inside") {
    plan.mounts.push_back(
        {.kind = MountKind::read_only, .target = "/project", .source = ground.path() + "/closed/inner"});
    plan.argv = {"sh", "-c", "cat /project/file; touch /project/new 2>/dev/null || echo sealed"};
    CHECK(run(ground, plan, {.as = As::root}).output == "reached\nsealed\n");
  }
  SECTION("not a private place") {
    const UniqueFd inner = folder(ground.path() + "/closed/inner");
    plan.mounts.push_back({.kind = MountKind::writable, .target = "/project", .descriptor = 2});
    plan.apart = {{ApartKind::whole, ground.path() + "/closed"}};
    CHECK(
        holds(run(ground, plan, {.as = As::root, .descriptors = {inner.get()}}).failure.trail, "it lies in"));
  }
  SECTION("not a writable folder with something mounted below, whose cover would come off") {
    ground.make_directory("closed/inner/with blank");
    plan.mounts.push_back(
        {.kind = MountKind::writable, .target = "/project", .source = ground.path() + "/closed/inner"});
    covered = ground.path() + "/closed/inner/with blank";
    const auto cover = [] {
      if (::unshare(CLONE_NEWNS) != 0 || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
          ::mount("tmpfs", covered.c_str(), "tmpfs", 0, nullptr) != 0)
        ::_exit(97);
    };
    REQUIRE(run(ground, plan, {.as = As::root}).launched);
    CHECK(holds(run(ground, plan, {.as = As::root, .before_exec = cover}).failure.trail,
                "something is mounted below it"));
  }
}

TEST_CASE("what cannot be reached is refused with a remedy", "[launch][apart]") {
  // An ordinary user's own folders are open to it whatever their modes say.
  if (!running_as_root()) {
    WARN("skipped: needs root");
    return;
  }
  const Ground ground;
  ground.make_directory("closed/inner");
  REQUIRE(::chmod((ground.path() + "/closed").c_str(), 0) == 0);
  REQUIRE(::chown((ground.path() + "/closed").c_str(), 0, 0) == 0);
  sandbox::LaunchPlan plan = probe_plan(ground, {"facts"});
  plan.mounts.push_back(
      {.kind = MountKind::read_only, .target = "/tool", .source = ground.path() + "/closed/inner"});
  const Outcome outcome = run(ground, plan);
  ::chmod((ground.path() + "/closed").c_str(), 0755);
  CHECK(outcome.failure.errnum == EACCES);
  CHECK(holds(outcome.failure.remedy, "chmod o+x"));
}

TEST_CASE("the caller's umask is kept where it is stricter", "[launch]") {
  const Ground ground;
  const sandbox::LaunchPlan plan = shell_plan(ground, "umask");
  CHECK(run(ground, plan, {.before_exec = [] { ::umask(0077); }}).output == "0077\n");
  CHECK(run(ground, plan, {.before_exec = [] { ::umask(0); }}).output == "0022\n");
}

TEST_CASE("what tells this host from others is hidden in /proc", "[escape]") {
  const Ground ground;
  for (const std::string file : {"/proc/cmdline", "/proc/sys/kernel/random/boot_id"}) {
    INFO(file);
    REQUIRE(std::stoi(unconfined(ground, {"read", file}).facts()["bytes"]) > 0);
    CHECK(run(ground, probe_plan(ground, {"read", file})).facts()["bytes"] == "0");
  }
}
