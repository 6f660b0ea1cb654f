// Hidden files read as absent, and nothing that a session can do shows them. Each attempt is first shown to
// work where nothing is hidden.
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "tests/kernel/overlay_ground.hpp"

using namespace pawl;
using namespace pawl::testing;
namespace fs = std::filesystem;

namespace {

void fill(const Ground& ground) {
  ground.write("workspace/.env", "SECRET=top\n");
  ground.make_directory("workspace/service/keys");
  ground.write("workspace/service/.env", "SECRET=deep\n");
  ground.write("workspace/service/keys/a.pem", "SECRET=pem\n");
  ground.write("workspace/service/code", "code\n");
  ground.make_directory("workspace/vault/inner");
  ground.write("workspace/vault/inner/token", "SECRET=vault\n");
  ground.write("workspace/.envrc", "not hidden\n");
}

const std::vector<std::string> kHidden{".env", "*.pem", "/vault"};

}  // namespace

TEST_CASE("hidden files read as absent, whatever is tried", "[overlay][hide][escape]") {
  OverlayGround ground;
  fill(ground);
  const auto shows = [&](const std::string& script) {
    ground.discard();
    return ground.output("(" + script + ") 2>/dev/null; grep -rh SECRET . 2>/dev/null").find("SECRET") !=
           std::string::npos;
  };
  constexpr const char* kAttempts[] = {
      "cat .env service/.env service/keys/a.pem vault/inner/token",
      "ln .env link; ln -s .env soft; ln -s ../.env service/soft; cat link soft service/soft",
      "mv .env found; mv service/.env found; mv vault found",
      "cp -a service copy; cp -a vault copy; cp -a . /tmp/copy; cat /tmp/copy/.env",
      "mv service moved && cat moved/.env moved/keys/a.pem",
      "mkdir -p fresh && mv service/keys fresh/ && cat fresh/keys/a.pem",
      "chmod -R 0777 . ; touch service service/keys; cat service/keys/a.pem",
      "tar -cf /tmp/all . && tar -xOf /tmp/all",
      "find / -xdev -name .env -exec cat {} + ; find / -xdev -name '*.pem' -exec cat {} +",
      "cd /proc/self/root/workspace && cat .env; cat /proc/self/cwd/service/.env",
  };
  for (const char* attempt : kAttempts) {
    INFO(attempt);
    REQUIRE(shows(attempt));  // nothing is hidden: otherwise the attempt proves nothing
  }
  ground.hide(kHidden);
  for (const char* attempt : kAttempts) {
    INFO(attempt);
    CHECK_FALSE(shows(attempt));
  }
  for (const char* gone : {".env", "service/.env", "service/keys/a.pem", "vault", "vault/inner/token"}) {
    INFO(gone);
    CHECK(ground.attempt({"read", gone}) == ENOENT);
    CHECK(ground.attempt({"unlink", gone}) == ENOENT);
    CHECK(ground.attempt({"rename", gone, "found"}) == ENOENT);
    CHECK(ground.attempt({"link", gone, "found"}) == ENOENT);
  }
  CHECK(ground.attempt({"rename", "service", "moved"}) == EXDEV);
  CHECK(ground.output("ls -A . service service/keys") ==
        ".:\n.envrc\nservice\n\nservice:\ncode\nkeys\n\nservice/keys:\n");
}

TEST_CASE("what lies in a folder that nobody can look into is hidden with it", "[overlay][hide][escape]") {
  if (::geteuid() != 0) {
    WARN("skipped: needs root");
    return;
  }
  OverlayGround ground;
  fill(ground);
  const std::string folder = ground.workspace() + "/others";
  REQUIRE(::mkdir(folder.c_str(), 0755) == 0);
  ground.write("workspace/others/.env", "SECRET=others\n");
  // Another user's, who lets everybody through that knows a name.
  REQUIRE(::chown(folder.c_str(), 4242, 4242) == 0);
  REQUIRE(::chmod(folder.c_str(), 0711) == 0);
  REQUIRE(ground.output("cat others/.env") == "SECRET=others\n");
  ground.hide(kHidden);
  CHECK(ground.output("cat others/.env 2>/dev/null || echo absent") == "absent\n");
}

TEST_CASE("removing and making again what lies around a hidden file does not show it",
          "[overlay][hide][escape]") {
  OverlayGround ground;
  fill(ground);
  ground.hide(kHidden);
  CHECK(ground.output(
            "rm -r service && mkdir -p service/keys vault/inner && ls -A service service/keys vault/inner") ==
        "service:\nkeys\n\nservice/keys:\n\nvault/inner:\n");
  CHECK(ground.output("ls -A service vault; rm -r vault service; ls -A") ==
        "service:\nkeys\n\nvault:\ninner\n.envrc\n");
  CHECK(ground.read("workspace/service/.env") == "SECRET=deep\n");
  CHECK(ground.read("workspace/vault/inner/token") == "SECRET=vault\n");
}

TEST_CASE("a session may make its own file where one is hidden; the host's stays", "[overlay][hide]") {
  OverlayGround ground;
  fill(ground);
  ground.hide(kHidden);
  CHECK(ground.output("echo own > .env; echo own > service/.env; cat .env service/.env") == "own\nown\n");
  CHECK(ground.read("workspace/.env") == "SECRET=top\n");
  CHECK(ground.read("session/upper/service/.env") == "own\n");
  // Gone again, it is absent again.
  CHECK(ground.output("rm .env; cat .env 2>/dev/null || echo absent") == "absent\n");
}

TEST_CASE("marks of overlayfs that lie in the workspace already lead to nothing hidden",
          "[overlay][hide][escape]") {
  OverlayGround ground;
  fill(ground);
  ground.make_directory("workspace/window");
  const std::string window = ground.workspace() + "/window";
  for (const char* name : {"user.overlay.redirect", "user.overlay.origin"})
    REQUIRE(::setxattr(window.c_str(), name, "/vault/inner", 12, 0) == 0);
  ground.write("workspace/glass", "");
  const std::string glass = ground.workspace() + "/glass";
  REQUIRE(::setxattr(glass.c_str(), "user.overlay.metacopy", "", 0, 0) == 0);
  REQUIRE(::setxattr(glass.c_str(), "user.overlay.redirect", "/.env", 5, 0) == 0);
  ground.hide(kHidden);
  CHECK(
      ground.output("cat window/token glass; ls window; mkdir window/x; cat window/token; grep -rh SECRET .")
          .find("SECRET") == std::string::npos);
}

TEST_CASE("the folders around hidden files look as they do on the host", "[overlay][hide]") {
  OverlayGround ground;
  fill(ground);
  REQUIRE(::chmod((ground.workspace() + "/service").c_str(), 0750) == 0);
  REQUIRE(::chmod((ground.workspace() + "/service/keys").c_str(), 0700) == 0);
  constexpr const char* kLook = "stat -c '%a %u %g %Y' service service/keys";
  const std::string before = ground.output(kLook);
  ground.hide(kHidden);
  ground.discard();
  CHECK(ground.output(kLook) == before);
  REQUIRE(::chmod((ground.workspace() + "/service/keys").c_str(), 0500) == 0);
  CHECK(ground.output("touch service/keys/new 2>/dev/null || echo refused") == "refused\n");
}

TEST_CASE("a read-only workspace hides files too", "[overlay][hide]") {
  OverlayGround ground;
  fill(ground);
  ground.hide(kHidden);
  ground.show_read_only();
  CHECK(ground.output("cat .env service/.env vault/inner/token 2>/dev/null; cat service/code .envrc") ==
        "code\nnot hidden\n");
  for (const char* file : {"service/code", "service/new", ".env", "new"}) {
    INFO(file);
    CHECK(ground.attempt({"write", file}) == EROFS);
  }
  CHECK(ground.attempt({"unlink", "service/code"}) == EROFS);
  struct stat top{};
  REQUIRE(::stat(ground.workspace().c_str(), &top) == 0);
  CHECK(ground.output("stat -c '%u %Y' .") ==
        std::to_string(top.st_uid) + " " + std::to_string(top.st_mtim.tv_sec) + "\n");
  SECTION("also where there is nothing to hide") {
    ground.hide({"nothing-of-this-name"});
    CHECK(ground.output("cat .env; touch x 2>/dev/null || echo refused") == "SECRET=top\nrefused\n");
  }
}

TEST_CASE("a tree too large to look through is refused, not shown", "[overlay][hide]") {
  OverlayGround ground;
  std::string deep = "workspace";
  for (int i = 0; i < 140; ++i) deep += "/d";
  ground.make_directory(deep);
  ground.hide({".env"});
  const Outcome outcome = ground.run("true");
  CHECK_FALSE(outcome.launched);
  CHECK(outcome.failure.trail.find("hide files: the tree is too deep") != std::string::npos);
  CHECK_FALSE(outcome.failure.remedy.empty());
}
