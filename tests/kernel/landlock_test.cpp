// Landlock as a wall of its own: what it holds where no mount does, and that every sandbox stands behind it.
#include "sandbox/landlock.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <cstring>
#include <functional>

#include "tests/kernel/harness.hpp"

using namespace pawl;
using namespace pawl::testing;
namespace sandbox = pawl::sandbox;

namespace {

// The errno of `attempt` in a process of its own, behind `rules` or without.
int errno_of(const std::vector<sandbox::LandlockRule>* rules, const std::function<int()>& attempt) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (rules != nullptr) {
      auto plan = sandbox::landlock_rights(sandbox::kLeastLandlock);
      if (!plan) ::_exit(200);
      plan->rules = *rules;
      ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
      if (sandbox::restrict_by_landlock(*plan) != 0) ::_exit(201);
    }
    ::_exit(attempt() == 0 ? 0 : errno);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

int try_open(const std::string& path, int flags) {
  const int file = ::open(path.c_str(), flags | O_CLOEXEC, 0600);
  return file < 0 ? -1 : ::close(file);
}

}  // namespace

TEST_CASE("every sandbox stands behind one domain of Landlock", "[landlock][escape]") {
  const Ground ground;
  CHECK(unconfined(ground, {"landlock-layers"}).facts()["layers"] == "16");
  CHECK(run(ground, probe_plan(ground, {"landlock-layers"})).facts()["layers"] == "15");
}

TEST_CASE("a floor that the kernel does not reach is refused with a remedy", "[landlock]") {
  const auto plan = sandbox::landlock_rights(99);
  REQUIRE_FALSE(plan);
  CHECK(plan.error().trail.find("the plan needs 99") != std::string::npos);
  CHECK_FALSE(plan.error().remedy.empty());
}

TEST_CASE("the rules give what the mounts give", "[landlock]") {
  const std::uint64_t files = sandbox::landlock_rights(sandbox::kLeastLandlock).value().files;
  const std::uint64_t read = sandbox::landlock_read_access(files);
  CHECK(sandbox::landlock_access({.kind = sandbox::MountKind::read_only}, files) == read);
  CHECK(sandbox::landlock_access({.kind = sandbox::MountKind::overlay}, files) == read);
  CHECK(sandbox::landlock_access({.kind = sandbox::MountKind::overlay, .changes = 1}, files) != read);
}

TEST_CASE("a single file can be bound writable, and is all that can be written", "[landlock]") {
  const Ground ground;
  ground.write("one", "");
  ground.write("other", "");
  sandbox::LaunchPlan plan = shell_plan(ground, "echo 1 >/one; echo 2 >/other; cat /one; echo ran");
  for (const std::string name : {"one", "other"})
    plan.mounts.push_back(
        {.kind = name == "one" ? sandbox::MountKind::writable : sandbox::MountKind::read_only,
         .target = "/" + name,
         .source = ground.path() + "/" + name});
  const Outcome outcome = run(ground, plan);
  INFO(outcome.failure.trail);
  REQUIRE(outcome.launched);
  CHECK(outcome.output.ends_with("1\nran\n"));
  CHECK(ground.read("one") == "1\n");
  CHECK(ground.read("other").empty());
}

TEST_CASE("without any mount's help, only what the rules name can be written or read", "[landlock][escape]") {
  const Ground ground;
  const std::string open = ground.path() + "/open", closed = ground.path() + "/closed";
  for (const std::string& folder : {open, closed}) {
    REQUIRE(::mkdir(folder.c_str(), 0755) == 0);
    REQUIRE(try_open(folder + "/file", O_CREAT | O_WRONLY) == 0);
  }
  const std::uint64_t files = sandbox::landlock_rights(sandbox::kLeastLandlock).value().files;
  const std::vector<sandbox::LandlockRule> rules{
      {.path = "/usr", .access = sandbox::landlock_read_access(files)},
      {.path = open.c_str(),
       .access = sandbox::landlock_access({.kind = sandbox::MountKind::writable}, files)}};
  const auto both = [&](const std::function<int()>& attempt) {
    return std::pair(errno_of(nullptr, attempt), errno_of(&rules, attempt));
  };
  using Outcomes = std::pair<int, int>;
  CHECK(both([&] { return try_open(open + "/file", O_RDWR); }) == Outcomes{0, 0});
  CHECK(both([&] { return ::mkdir((open + "/" + std::to_string(::getpid())).c_str(), 0700); }) ==
        Outcomes{0, 0});
  CHECK(both([&] { return try_open("/usr/bin/env", O_RDONLY); }) == Outcomes{0, 0});
  CHECK(both([&] { return try_open(closed + "/file", O_RDONLY); }) == Outcomes{0, EACCES});
  CHECK(both([&] { return try_open(closed + "/file", O_WRONLY); }) == Outcomes{0, EACCES});
  CHECK(both([&] { return ::mkdir((closed + "/" + std::to_string(::getpid())).c_str(), 0700); }) ==
        Outcomes{0, EACCES});
  CHECK(both([&] { return ::symlink("x", (closed + "/" + std::to_string(::getpid())).c_str()); }) ==
        Outcomes{0, EACCES});
  const auto move_out = [&] {
    const std::string from = open + "/moved", to = closed + "/moved" + std::to_string(::getpid());
    if (try_open(from, O_CREAT | O_WRONLY) != 0) return -1;
    return ::rename(from.c_str(), to.c_str());
  };
  CHECK(both(move_out) == Outcomes{0, EACCES});
}

TEST_CASE("signals and abstract sockets stay within the domain", "[landlock][escape]") {
  if (sandbox::landlock_abi() < 6) {
    WARN("skipped: needs:landlock with scopes (Linux 6.12)");
    return;
  }
  const std::vector<sandbox::LandlockRule> rules{
      {.path = "/", .access = sandbox::landlock_read_access(~0ull)}};
  const auto signal_parent = [] { return ::kill(::getppid(), 0); };
  CHECK(errno_of(nullptr, signal_parent) == 0);
  CHECK(errno_of(&rules, signal_parent) == EPERM);

  const UniqueFd server(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const int length =
      std::snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "pawl-landlock-%d", ::getpid());
  const auto size =
      static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + static_cast<std::size_t>(length));
  REQUIRE(::bind(server.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
  REQUIRE(::listen(server.get(), 8) == 0);
  const auto knock = [&] {
    const UniqueFd client(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    return ::connect(client.get(), reinterpret_cast<const sockaddr*>(&address), size);
  };
  CHECK(errno_of(nullptr, knock) == 0);
  CHECK(errno_of(&rules, knock) == EPERM);
}
