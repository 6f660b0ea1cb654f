// Attacks: each is first shown to work without the sandbox, as the same user, then refused inside.
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "tests/kernel/harness.hpp"

using namespace pawl;
using namespace pawl::testing;
using sandbox::MountKind;

namespace {

// The probe's answer inside: 0, an errno, or 128 and a signal.
int inside(const Ground& ground, const std::vector<std::string>& attempt) {
  const Outcome outcome = run(ground, probe_plan(ground, attempt));
  INFO(outcome.failure.trail << " " << outcome.failure.errnum);
  REQUIRE(outcome.launched);
  return outcome.exit_code();
}

int outside(const Ground& ground, const std::vector<std::string>& attempt) {
  return unconfined(ground, attempt).exit_code();
}

// Outside, descriptor numbers of this process or privileges of root would say nothing about the ordinary
// user.
void refused(const Ground& ground, const std::vector<std::string>& attempt, int with) {
  INFO(attempt[0]);
  REQUIRE(outside(ground, attempt) == 0);  // otherwise this machine proves nothing
  CHECK(inside(ground, attempt) == with);
}

}  // namespace

TEST_CASE("calls that reach the kernel's edges are refused", "[escape]") {
  const Ground ground;
  refused(ground, {"unshare-user"}, EPERM);
  refused(ground, {"clone-user"}, EPERM);
  refused(ground, {"clone3-user"}, ENOSYS);
  refused(ground, {"ptrace"}, EPERM);
  refused(ground, {"process-vm-readv"}, EPERM);
  refused(ground, {"keyring"}, EPERM);
  refused(ground, {"io-uring"}, EPERM);
  refused(ground, {"listener"}, EPERM);
  refused(ground, {"personality"}, EPERM);
  refused(ground,
          {"socket", std::to_string(AF_NETLINK), std::to_string(SOCK_RAW),
           std::to_string(NETLINK_KOBJECT_UEVENT)},
          EPERM);
  CHECK(inside(ground, {"userfaultfd"}) == EPERM);
  CHECK(inside(ground, {"fsopen"}) == EPERM);
  CHECK(inside(ground, {"mount", "/tmp"}) == EPERM);
  CHECK(inside(ground, {"umount", "/usr"}) == EPERM);
  for (const int family : {AF_PACKET, AF_VSOCK, AF_ALG, AF_BLUETOOTH})
    CHECK(inside(ground, {"socket", std::to_string(family), std::to_string(SOCK_RAW), "0"}) == EPERM);
  CHECK(inside(ground, {"unknown"}) == ENOSYS);
}

TEST_CASE("what programs need stays allowed", "[escape]") {
  const Ground ground;
  for (const int family : {AF_UNIX, AF_INET, AF_INET6})
    CHECK(inside(ground, {"socket", std::to_string(family), std::to_string(SOCK_STREAM), "0"}) == 0);
  CHECK(inside(ground, {"socket", std::to_string(AF_NETLINK), std::to_string(SOCK_RAW),
                        std::to_string(NETLINK_ROUTE)}) == 0);
  CHECK(inside(ground, {"tighten"}) == 0);
  CHECK(inside(ground, {"landlock"}) == outside(ground, {"landlock"}));
}

TEST_CASE("foreign system call numbers kill", "[escape]") {
  const Ground ground;
  REQUIRE(outside(ground, {"x32"}) == 0);
  CHECK(inside(ground, {"x32"}) == 128 + SIGSYS);
  const int native = outside(ground, {"i386"});  // a kernel without 32-bit support kills by itself
  CHECK((native == 0 || native == 1000 + SIGSEGV));
  if (native == 0) CHECK(inside(ground, {"i386"}) == 128 + SIGSYS);
}

TEST_CASE("nothing can be typed into a terminal", "[escape]") {
  const Ground ground;
  auto answers = run(ground, probe_plan(ground, {"type"})).facts();
  CHECK(answers["plain"] == std::to_string(EPERM));
  CHECK(answers["high"] == std::to_string(EPERM));
}

TEST_CASE("the workspace gets no set-user-id file", "[escape]") {
  const Ground ground;
  refused(ground, {"set-user-id", ground.workspace() + "/tool"}, ENOENT);
  CHECK(inside(ground, {"set-user-id", "/workspace/tool"}) == EPERM);
  CHECK(inside(ground, {"create-set-user-id", "/workspace/other"}) == EPERM);
  CHECK(outside(ground, {"create-set-user-id", ground.workspace() + "/other"}) == 0);
}

TEST_CASE("no file of the host is there beyond the plan", "[escape]") {
  const Ground ground;
  ground.write("secret", "secret");
  refused(ground, {"read", ground.path() + "/secret"}, ENOENT);
  refused(ground, {"read", "/etc/hosts"}, ENOENT);
  CHECK(run(ground, probe_plan(ground, {"list", "/etc"})).facts()["names"] == "passwd ");
  CHECK(run(ground, probe_plan(ground, {"list", "/tmp"})).facts()["names"].empty());
  CHECK(run(ground, probe_plan(ground, {"list", "/dev/pts"})).facts()["names"] == "ptmx ");
  CHECK(inside(ground, {"read", "/workspace/../../" + ground.path() + "/secret"}) == ENOENT);
}

TEST_CASE("what is bound read-only stays as it is", "[escape]") {
  const Ground ground;
  ground.write("owned", "mine\n");
  for (const std::string path :
       {"/usr/bin/pawl-test", "/pawl-test", "/etc/pawl-test", "/dev/pawl-test", "/proc/pawl-test"}) {
    const int answer = inside(ground, {"write", path});
    INFO(path);
    CHECK((answer == EROFS || answer == EACCES || answer == ENOENT));
  }
  REQUIRE(outside(ground, {"append", ground.path() + "/owned"}) == 0);
  sandbox::LaunchPlan plan = probe_plan(ground, {"append", "/owned"});
  plan.mounts.push_back(
      {.kind = MountKind::read_only, .target = "/owned", .source = ground.path() + "/owned"});
  CHECK(run(ground, plan).exit_code() == EROFS);
  CHECK(inside(ground, {"unlink", "/etc/passwd"}) == EROFS);
  CHECK(inside(ground, {"append", "/etc/passwd"}) == EACCES);  // its mode is 0444
  CHECK(inside(ground, {"rename", "/probe", "/tmp/probe"}) != 0);
}

TEST_CASE("/proc tells nothing and takes nothing", "[escape]") {
  const Ground ground;
  REQUIRE(std::stoi(unconfined(ground, {"read", "/proc/kallsyms"}).facts()["bytes"]) > 0);
  for (const std::string file :
       {"/proc/keys", "/proc/key-users", "/proc/kallsyms", "/proc/timer_list", "/proc/kcore"}) {
    INFO(file);
    if (::access(file.c_str(), F_OK) == 0)
      CHECK(run(ground, probe_plan(ground, {"read", file})).facts()["bytes"] == "0");
  }
  // /dev/null lies over some of them, which can be opened for writing; nothing is written anywhere.
  for (const std::string file :
       {"/proc/sys/kernel/core_pattern", "/proc/sys/kernel/hostname", "/proc/self/mem", "/proc/self/uid_map"})
    CHECK(inside(ground, {"append", file}) == EROFS);
  CHECK(outside(ground, {"lower-oom"}) == 0);
  CHECK(inside(ground, {"lower-oom"}) == EROFS);
}

TEST_CASE("pid 1 gives nothing away and cannot be killed from inside", "[escape]") {
  const Ground ground;
  const Outcome outcome =
      run(ground, probe_plan(ground, {"look-at-init"}), {.environment = {"SECRET=launcher"}});
  auto facts = outcome.facts();
  CHECK(facts["environ"] == std::to_string(EACCES));
  CHECK((facts["mem"] == std::to_string(EACCES) || facts["mem"] == std::to_string(EROFS)));
  CHECK(facts["init_fds"] == "unreadable");
  CHECK(outcome.exit_code() == 0);  // the kernel took the SIGKILL and dropped it
}

TEST_CASE("the session keyring is not the launcher's", "[escape]") {
  if (::access("/proc/keys", R_OK) != 0) {
    WARN("skipped: this kernel has no keys");
    return;
  }
  const Ground ground;
  // Every process holds a reference on its session keyring, so a shared one would be counted once a process.
  // Far more of them than the launch itself leaves behind: each credential that it gave up counts, too, until
  // the kernel has freed it, and dropping capabilities gives up one for each.
  // Under a name of its own each time: the kernel lets go of an ended session's references only later.
  static std::string name;
  const auto references_with = [&](const std::string& processes) {
    name = "pawl-kernel-test-" + std::to_string(::getpid()) + "-" + processes + ";";
    Session session(ground, probe_plan(ground, {"multiply", processes}), {.before_exec = [] {
                      ::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, name.c_str());
                    }});
    REQUIRE(session.launched());
    REQUIRE(session.sees("multiplied"));
    return std::stoi(unconfined(ground, {"keyring-references", name}).facts()["references"]);
  };
  const int with_one = references_with("1");
  REQUIRE(with_one > 0);  // otherwise the launcher's keyring was not seen at all
  CHECK(references_with("400") < with_one + 200);
}

TEST_CASE("every set of system calls starts a command, and judges it", "[escape]") {
  const Ground ground;
  using sandbox::SyscallProfile;
  const std::string script =
      "python3 -c \"import socket; socket.socket()\" 2>/dev/null && echo socket; "
      "echo ran";
  const auto said = [&](SyscallProfile set, std::vector<sandbox::SyscallChange> changes) {
    sandbox::LaunchPlan plan = shell_plan(ground, script);
    plan.syscalls = set;
    plan.syscall_changes = std::move(changes);
    return run(ground, plan).output;
  };
  CHECK(said(SyscallProfile::standard, {}) == "socket\nran\n");
  CHECK(said(SyscallProfile::build, {}) == "socket\nran\n");
  CHECK(said(SyscallProfile::minimal, {}) == "ran\n");
  CHECK(said(SyscallProfile::minimal, {{"socket", true}}) == "socket\nran\n");
  CHECK(said(SyscallProfile::standard, {{"socket", false}}) == "ran\n");
}

TEST_CASE("ports below 1024 can be bound where the plan says so, but for those that are handed out",
          "[escape]") {
  const Ground ground;
  const auto bound = [&](sandbox::LowPorts low_ports, const std::string& port) {
    sandbox::LaunchPlan plan =
        shell_plan(ground, "python3 -c 'import socket; socket.socket().bind((\"127.0.0.1\", " + port +
                               ")); print(\"bound\")'");
    plan.listeners = {53};
    plan.low_ports = low_ports;
    const Outcome outcome = run(ground, plan);
    INFO(outcome.failure.trail << " " << outcome.failure.errnum);
    REQUIRE(outcome.launched);
    return outcome.output.ends_with("bound\n");
  };
  CHECK(bound(sandbox::LowPorts::open, "80"));
  CHECK_FALSE(bound(sandbox::LowPorts::closed, "80"));
  CHECK_FALSE(bound(sandbox::LowPorts::open, "53"));
  CHECK(bound(sandbox::LowPorts::closed, "8080"));
}

TEST_CASE("the network is refused at once, except for what was handed out", "[escape]") {
  const Ground ground;
  SECTION("nothing outside can be reached") {
    for (const std::string address : {"192.0.2.1", "8.8.8.8", "169.254.169.254"}) {
      const Outcome outcome = run(ground, probe_plan(ground, {"connect", address, "80"}));
      CHECK(outcome.exit_code() == ENETUNREACH);
      CHECK(std::stoi(outcome.facts()["milliseconds"]) < 100);
    }
  }
  SECTION("the host's loopback is not the sandbox's") {
    const UniqueFd server(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    REQUIRE(::bind(server.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(::listen(server.get(), 8) == 0);
    REQUIRE(::getsockname(server.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
    const std::string port = std::to_string(ntohs(address.sin_port));
    CHECK(inside(ground, {"connect", "127.0.0.1", port}) == ECONNREFUSED);
  }
  SECTION("a listener is made inside and answered outside") {
    sandbox::LaunchPlan plan = probe_plan(ground, {"connect", "127.0.0.1", "8080"});
    plan.listeners = {8080, 53};
    Session session(ground, plan);
    REQUIRE(session.launched());
    REQUIRE(session.handed().size() == 3);
    REQUIRE(becomes_readable(session.handed()[1].get(), 5s));
    const UniqueFd connection(::accept4(session.handed()[1].get(), nullptr, nullptr, SOCK_CLOEXEC));
    REQUIRE(::write(connection.get(), "hello", 5) == 5);
    ::shutdown(connection.get(), SHUT_WR);
    CHECK(session.finish().facts()["heard"] == "hello");
  }
  SECTION("without a network there is not even loopback") {
    sandbox::LaunchPlan plan = probe_plan(ground, {"facts"});
    plan.network = sandbox::Network::none;
    CHECK(run(ground, plan).exit_code() == 0);
    CHECK(inside(ground, {"connect", "127.0.0.1", "1"}) == ECONNREFUSED);
    plan.argv = {"/probe", "connect", "127.0.0.1", "1"};
    CHECK(run(ground, plan).exit_code() == ENETUNREACH);  // not even loopback
  }
}

TEST_CASE("protected paths stay read-only at every depth while the rest of the workspace is writable",
          "[escape][protect]") {
  const Ground ground;
  for (const std::string repository : {"workspace/", "workspace/deep/er/module/"}) {
    ground.make_directory(repository + ".git/hooks");
    ground.make_directory(repository + ".git/objects");
    ground.write(repository + ".git/config", "[core]\n");
    ground.write(repository + ".git/hooks/pre-commit", "#!/bin/sh\n");
    ground.write(repository + "file", "text\n");
  }
  ground.write("workspace/deep/.envrc", "");
  ground.write("workspace/hook-source", "echo harmless\n");
  REQUIRE(::symlink("hook-source", (ground.workspace() + "/.mcp.json").c_str()) == 0);
  sandbox::LaunchPlan plan = shell_plan(ground, "");
  plan.protections = {{"/workspace", {"**/.git/hooks", "**/.git/config", ".envrc", ".mcp.json"}}};
  const auto says = [&](const std::string& script) {
    plan.argv = {"sh", "-c", "(" + script + ") >/dev/null 2>&1 && echo changed || echo kept"};
    const Outcome outcome = run(ground, plan);
    INFO(outcome.failure.trail << " " << outcome.failure.errnum);
    REQUIRE(outcome.launched);
    return outcome.output;
  };
  for (const std::string repository : {"", "deep/er/module/"}) {
    CHECK(says("echo x >> " + repository + ".git/config") == "kept\n");
    CHECK(says("echo x > " + repository + ".git/hooks/post-checkout") == "kept\n");
    CHECK(says("rm " + repository + ".git/hooks/pre-commit") == "kept\n");
    CHECK(says("mv " + repository + ".git/config away") == "kept\n");
    CHECK(says("mv " + repository + ".git away") == "kept\n");
    CHECK(says("echo x > new && mv new " + repository + ".git/config") == "kept\n");
    CHECK(says("ln " + repository + ".git/config again && echo x >> again") == "kept\n");
    CHECK(says("echo x >> " + repository + "file && mkdir -p " + repository + ".git/objects/aa") ==
          "changed\n");
  }
  CHECK(says("echo x > deep/.envrc") == "kept\n");
  SECTION("a protected link can neither be replaced nor its target changed") {
    CHECK(says("rm .mcp.json") == "kept\n");
    CHECK(says("ln -sf file .mcp.json") == "kept\n");
    CHECK(says("echo evil >> hook-source") == "kept\n");
  }
  CHECK(ground.read("workspace/.git/config") == "[core]\n");
  CHECK(ground.read("workspace/file") == "text\nx\n");
}

TEST_CASE("real programs work under the standard profile", "[programs]") {
  const Ground ground;
  const auto works = [&](const std::string& tool, const std::string& script, const std::string& expected) {
    if (::access(tool.c_str(), X_OK) != 0) {
      WARN("skipped: " + tool + " is not installed");
      return;
    }
    INFO(script);
    sandbox::LaunchPlan plan = shell_plan(ground, script + " 2>&1");
    plan.mounts.push_back({.kind = MountKind::read_only,
                           .target = "/etc/alternatives",
                           .source = "/etc/alternatives",
                           .presence = sandbox::Presence::if_present});
    CHECK(run(ground, plan).output == expected);
  };
  works("/usr/bin/git",
        "git init -q . && git -c user.name=a -c user.email=a@b commit -q --allow-empty -m x && git log "
        "--format=%s",
        "x\n");
  works("/usr/bin/ssh-keygen", "ssh-keygen -q -t ed25519 -N '' -f key && ls key", "key\n");
  works("/usr/bin/gcc", "echo 'int main(){return 7;}' > m.c && gcc m.c -o m && ./m; echo $?", "7\n");
  works("/usr/bin/node",
        "node -e 'new (require(\"worker_threads\").Worker)(\"console.log(40+2)\", {eval: true})'", "42\n");
  works("/usr/bin/python3.11",
        "python3.11 -c 'import subprocess, threading, sqlite3; t = threading.Thread(target=print, "
        "args=(subprocess.check_output([\"echo\", \"hi\"]),)); t.start(); t.join()'",
        "b'hi\\n'\n");
  works("/usr/bin/java", "java -version >/dev/null 2>&1 && echo runs", "runs\n");
  works("/usr/bin/bash",
        "bash -c 'echo >(cat) > /dev/null; cat <(echo sub); echo done > /dev/null; sleep 0 & wait; echo ok'",
        "sub\nok\n");
}
