#include "supervisor/broker/places.hpp"

#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>

#include "tests/support/temporary_directory.hpp"

using namespace pawl;
using namespace pawl::broker;

TEST_CASE("what an action uses does not lie where an agent writes") {
  const test::TemporaryDirectory ground;
  const std::string top = std::filesystem::canonical(ground.path()).string();
  const std::string workspace = top + "/project";
  std::filesystem::create_directories(workspace + "/bin");
  std::filesystem::create_directory_symlink(workspace + "/bin", top + "/tools");
  const auto complaint = [&](const policy::Action& action) {
    const auto kept = keep_action_apart(action, workspace);
    return kept ? std::string() : kept.error().trail;
  };
  policy::Action action;
  action.name = "deploy";
  action.run = {"/usr/bin/env", "--file={manifest}", "/etc/deploy/{service}"};
  action.read = {top + "/projects", top};
  CHECK(complaint(action).empty());

  SECTION("its program") { action.run[0] = workspace + "/deploy"; }
  SECTION("its program behind a link") { action.run[0] = top + "/tools/"; }
  SECTION("a script") { action.run.push_back(workspace + "/bin/x.sh"); }
  SECTION("a script as an option's value") { action.run.push_back("--script=" + workspace + "//bin/./x.sh"); }
  SECTION("a script before a parameter") { action.run.push_back(workspace + "/{service}"); }
  SECTION("its preview's program") { action.preview = {workspace + "/plan"}; }
  SECTION("its preview's script") { action.preview = {"/usr/bin/env", workspace + "/bin/x.sh"}; }
  SECTION("what it reads") { action.read.push_back(workspace); }
  SECTION("what it reads through a link") { action.read.push_back(top + "/tools"); }
  SECTION("what it writes") { action.write.push_back(workspace + "/not/there/yet"); }
  CHECK(complaint(action).find("which action deploy") != std::string::npos);
}

TEST_CASE("private places are those of the caller and of whose identity is taken") {
  policy::SessionContext context;
  context.identity = {::getuid(), ::getgid()};
  wire::Paths paths = wire::system_paths();
  paths.sockets = "/run/user/1000//pawl/";
  REQUIRE(name_private_places(paths, ::getuid(), context));
  const auto has = [&](const std::string& path) {
    return std::ranges::find(context.private_directories, path) != context.private_directories.end();
  };
  REQUIRE(context.homes.size() == 1);
  CHECK(has("/run/user/1000/pawl"));
  CHECK(has("/var/cache/pawl"));
  CHECK(has(context.homes[0] + "/.ssh"));
  context.identity.uid = 0;
  const std::size_t before = context.homes.size();
  if (::getuid() != 0) {
    REQUIRE(name_private_places(paths, ::getuid(), context));
    CHECK(context.homes.size() > before);
  }
}
