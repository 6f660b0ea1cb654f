#include "sandbox/cgroup_tree.hpp"

#include <catch2/catch.hpp>

namespace pawl::sandbox {
namespace {

TEST_CASE("the own cgroup is the unified hierarchy's, whatever stands around it") {
  CHECK(unified_path("0::/user.slice/user-1000.slice/session-3.scope\n") ==
        "/user.slice/user-1000.slice/session-3.scope");
  CHECK(unified_path("9:name=systemd:/x\n4:memory:/process/0::y\n0::/\n") == "/");
  CHECK(unified_path("0::/with space\n") == "/with space");
  CHECK(unified_path("4:memory:/a\n1:name=systemd:/b\n") == std::nullopt);
  CHECK(unified_path("") == std::nullopt);
  CHECK(unified_path("0::relative\n") == std::nullopt);
}

TEST_CASE("what a person's own systemd holds is told from what the host's does") {
  CHECK(is_persons("/user.slice/user-1000.slice/user@1000.service/app.slice/pawl-1.scope"));
  CHECK_FALSE(is_persons("/user.slice/user-1000.slice/session-3.scope"));
  CHECK_FALSE(is_persons("/system.slice/pawl-1.scope"));
  CHECK_FALSE(is_persons("/system.slice/user@mail.example/pawl"));
  CHECK_FALSE(is_persons(""));
}

TEST_CASE("the tree is found where cgroup2 is mounted") {
  const std::string_view mounts =
      "22 1 0:20 / /sys rw,nosuid - sysfs sysfs rw\n"
      "31 22 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
      "32 22 0:28 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
  const auto mount = cgroup_mount(mounts, "/user.slice");
  REQUIRE(mount);
  CHECK(mount->point == "/sys/fs/cgroup");
  CHECK(mount->root == "/");
  CHECK_FALSE(cgroup_mount("31 22 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n", "/x"));
  CHECK_FALSE(cgroup_mount("", "/x"));
}

TEST_CASE("a mount that shows a part of the tree serves only what lies in it") {
  const std::string_view mounts =
      "40 22 0:28 /docker/abc /sys/fs/other ro - cgroup2 cgroup2 rw\n"
      "41 22 0:28 /docker/abcdef /mnt/with\\040space rw - cgroup2 cgroup2 rw\n";
  const auto mount = cgroup_mount(mounts, "/docker/abcdef/x");
  REQUIRE(mount);
  CHECK(mount->point == "/mnt/with space");
  CHECK(cgroup_mount(mounts, "/docker/abc")->point == "/sys/fs/other");
  CHECK_FALSE(cgroup_mount(mounts, "/docker/ab"));
  CHECK_FALSE(cgroup_mount(mounts, "/"));
}

TEST_CASE("nothing is added to what systemd manages, but to what it has delegated") {
  CHECK(may_add_beside("/alice/shell"));
  CHECK(may_add_beside("/init"));
  CHECK(may_add_beside("/system.slice/pawld.service/broker"));
  CHECK(may_add_beside("/user.slice/user-1000.slice/user@1000.service/app.slice/x.scope/launcher"));
  CHECK_FALSE(may_add_beside("/"));
  CHECK_FALSE(may_add_beside("/system.slice/pawld.service"));
  CHECK_FALSE(may_add_beside("/user.slice/user-1000.slice/session-3.scope"));
  CHECK_FALSE(may_add_beside("/user.slice/user-1000.slice/user@1000.service/app.slice/term.scope"));
  CHECK_FALSE(may_add_beside("/user.slice"));
  CHECK_FALSE(may_add_beside("/system.slice/odd"));
}

TEST_CASE("a controller is one whole word of the list") {
  CHECK(has_word("cpuset cpu io memory\n", "cpu"));
  CHECK(has_word("memory\n", "memory"));
  CHECK(has_word("memory", "memory"));
  CHECK_FALSE(has_word("cpuset io\n", "cpu"));
  CHECK_FALSE(has_word("", "cpu"));
}

}  // namespace
}  // namespace pawl::sandbox
