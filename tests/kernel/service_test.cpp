// The sandboxes of pawl's own network programs: an empty root, a program executed by descriptor, a filter
// under which nothing can be opened or executed. The probe is run in their place: what it cannot do, they
// cannot do when taken over.
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "tests/kernel/harness.hpp"

using namespace pawl;
using namespace pawl::testing;
using sandbox::MountKind;
using sandbox::Network;
using sandbox::SyscallProfile;

namespace {

Outcome run_service(const Ground& ground, SyscallProfile profile, const std::vector<std::string>& attempt,
                    Network network = Network::none, std::vector<sandbox::Mount> mounts = {}) {
  sandbox::LaunchPlan plan = probe_plan(ground, attempt);
  plan.mounts = std::move(mounts);
  plan.syscalls = profile;
  plan.network = network;
  plan.init = sandbox::Init::none;
  plan.executable = 2;
  plan.directory.assign(1, '/');
  const UniqueFd program(::open(ground.probe().c_str(), O_PATH | O_CLOEXEC));
  const Outcome outcome = run(ground, plan, {.descriptors = {program.get()}});
  INFO(outcome.failure.trail << " " << outcome.failure.errnum << " " << outcome.failure.remedy);
  REQUIRE(outcome.launched);
  return outcome;
}

std::string socket_of(int family) { return std::to_string(family); }

}  // namespace

TEST_CASE("a service runs from its descriptor in an empty root", "[service]") {
  const Ground ground;
  CHECK(run_service(ground, SyscallProfile::service, {"true"}).exit_code() == 0);
  CHECK(run_service(ground, SyscallProfile::service, {"exit", "7"}).exit_code() == 7);
}

TEST_CASE("a service opens, connects, makes and executes nothing", "[service][escape]") {
  const Ground ground;
  const auto answer = [&](const std::vector<std::string>& attempt) {
    return run_service(ground, SyscallProfile::service, attempt).exit_code();
  };
  CHECK(answer({"read", "/etc/passwd"}) == ENOENT);
  CHECK(answer({"write", "/file"}) == ENOENT);
  CHECK(answer({"mkdir", "/folder"}) == EPERM);
  for (const int family : {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK})
    CHECK(answer({"socket", socket_of(family), "1", "0"}) == EPERM);
  CHECK(answer({"execute", "/bin/sh"}) == EPERM);
  CHECK(answer({"execute-again", ground.probe()}) == EPERM);
  CHECK(answer({"unshare-user"}) == EPERM);
  CHECK(answer({"listener"}) == EPERM);
  CHECK(answer({"x32"}) == 1000 + SIGSYS);
}

TEST_CASE("a service's memory is bounded", "[service]") {
  const Ground ground;
  for (const SyscallProfile profile : {SyscallProfile::service, SyscallProfile::dialer}) {
    CHECK(run_service(ground, profile, {"eat-memory", "100"}).exit_code() == 0);
    CHECK(run_service(ground, profile, {"eat-memory", "300"}).exit_code() == ENOMEM);
  }
}

TEST_CASE("the one exec cannot be had again", "[service][escape]") {
  const Ground ground;
  // Something to execute lies in the root: it must not help that execveat(2) ignores its descriptor for
  // absolute paths.
  const std::vector<sandbox::Mount> with_probe{
      {.kind = MountKind::read_only, .target = "/probe", .source = ground.probe()}};
  for (const SyscallProfile profile : {SyscallProfile::service, SyscallProfile::dialer}) {
    const Outcome outcome =
        run_service(ground, profile, {"execute-again", "/probe"}, Network::none, with_probe);
    auto facts = outcome.facts();
    CHECK(facts["limit"] != "");
    CHECK(facts["raise"] == std::to_string(EPERM));
    CHECK(facts["duplicate"] == std::to_string(EBADF));
    CHECK(facts["closed"] == std::to_string(EBADF));
    CHECK(facts["path"] == std::to_string(EACCES));
  }
}

TEST_CASE("a dialer connects and reads what it was given, no more", "[service][escape]") {
  const Ground ground;
  const std::vector<sandbox::Mount> resolver{
      {.kind = MountKind::file, .target = "/etc/hosts", .source = "127.0.0.1 localhost\n"}};
  const auto answer = [&](const std::vector<std::string>& attempt) {
    return run_service(ground, SyscallProfile::dialer, attempt, Network::host, resolver).exit_code();
  };
  CHECK(answer({"read", "/etc/hosts"}) == 0);
  CHECK(answer({"read", "/etc/passwd"}) == ENOENT);
  CHECK(answer({"append", "/etc/hosts"}) == EPERM);
  CHECK(answer({"connect", "127.0.0.1", "1"}) == ECONNREFUSED);
  for (const int family : {AF_UNIX, AF_NETLINK, AF_PACKET})
    CHECK(answer({"socket", socket_of(family), "1", "0"}) == EPERM);
  CHECK(answer({"execute", "/bin/sh"}) == EPERM);
  CHECK(answer({"clone-user"}) == EPERM);
}
