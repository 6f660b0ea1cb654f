#include "sandbox/plan.hpp"

#include <catch2/catch.hpp>
#include <random>

using namespace pawl;
using namespace pawl::sandbox;

namespace {

LaunchPlan good_plan() {
  LaunchPlan plan;
  plan.name = "session 1";
  plan.mounts = {
      {.kind = MountKind::read_only, .target = "/usr", .source = "/usr"},
      {.kind = MountKind::symlink, .target = "/bin", .source = "usr/bin"},
      {.kind = MountKind::file, .target = "/etc/hosts", .source = std::string("127.0.0.1 a\0b", 13)},
      {.kind = MountKind::proc, .target = "/proc"},
      {.kind = MountKind::devices, .target = "/dev"},
      {.kind = MountKind::tmpfs, .target = "/tmp", .size = 1 << 20, .mode = 01777},
      {.kind = MountKind::writable, .target = "/home/agent/work", .descriptor = 0},
  };
  plan.protections = {{"/home/agent/work", {"**/.git/hooks", ".envrc"}}};
  plan.listeners = {8080, 53};
  plan.argv = {"sh", "-c", ""};
  plan.environment = {"PATH=/bin", "EMPTY="};
  plan.inherit = {"TERM"};
  plan.stdio = {{Stdio::terminal}, {Stdio::null}, {Stdio::descriptor, 1}};
  plan.keep = {1, 1};
  plan.directory = "/home/agent/work";
  plan.limits = {.memory = 1 << 30, .processes = 512, .cpus = 250, .io_weight = 50};
  return plan;
}

std::string complaint(const LaunchPlan& plan, std::size_t descriptors = 2) {
  const auto decoded = decode_plan(encode_plan(plan), descriptors);
  return decoded ? "" : decoded.error().trail;
}

// What the launcher says after one thing was spoiled.
template <class Spoil>
std::string complaint_after(Spoil spoil) {
  LaunchPlan plan = good_plan();
  spoil(plan);
  return complaint(plan);
}

}  // namespace

TEST_CASE("a command beyond the limits is told the limit and a way out") {
  LaunchPlan plan = good_plan();
  plan.argv.assign(4097, "x");
  auto decoded = decode_plan(encode_plan(plan), 8);
  REQUIRE_FALSE(decoded);
  CHECK(decoded.error().trail.find("takes 4096") != std::string::npos);
  CHECK_FALSE(decoded.error().remedy.empty());
  plan.argv = {"true", std::string(120 * 1024 + 1, 'x')};
  decoded = decode_plan(encode_plan(plan), 8);
  REQUIRE_FALSE(decoded);
  CHECK(decoded.error().trail.find("takes 122880") != std::string::npos);
}

TEST_CASE("places to keep apart are clean paths and plain names") {
  LaunchPlan plan = good_plan();
  plan.apart = {{ApartKind::whole, "/home/alice/.ssh"}, {ApartKind::name, ".aws"}};
  CHECK(decode_plan(encode_plan(plan), 8));
  for (const Apart& bad :
       {Apart{ApartKind::whole, "relative"}, Apart{ApartKind::holder, "/a/../b"},
        Apart{ApartKind::name, "a/b"}, Apart{ApartKind::name, ".."}, Apart{ApartKind::name, ""}}) {
    plan.apart = {bad};
    INFO(bad.path);
    CHECK_FALSE(decode_plan(encode_plan(plan), 8));
  }
}

TEST_CASE("a plan survives its encoding") {
  const Bytes bytes = encode_plan(good_plan());
  const auto decoded = decode_plan(bytes, 2);
  INFO((decoded ? "" : decoded.error().trail));
  REQUIRE(decoded);
  CHECK(encode_plan(*decoded) == bytes);
  CHECK(decoded->mounts[2].source.size() == 13);
  CHECK(decoded->keep == std::vector<std::uint32_t>{1, 1});
}

TEST_CASE("bytes cut short, or with more behind them, are refused") {
  Bytes bytes = encode_plan(good_plan());
  for (std::size_t size = 0; size < bytes.size(); ++size) CHECK_FALSE(decode_plan({bytes.data(), size}, 2));
  bytes.push_back(0);
  CHECK_FALSE(decode_plan(bytes, 2));
}

TEST_CASE("flipped and random bytes never do more than be refused") {
  const Bytes good = encode_plan(good_plan());
  std::mt19937 random(1);
  for (std::size_t at = 0; at < good.size(); ++at)
    for (const int bit : {0, 7}) {
      Bytes bad = good;
      bad[at] = static_cast<std::uint8_t>(bad[at] ^ 1 << bit);
      if (const auto decoded = decode_plan(bad, 2)) CHECK(encode_plan(*decoded) == bad);
    }
  for (int round = 0; round < 2000; ++round) {
    Bytes noise(random() % 300);
    for (auto& byte : noise) byte = static_cast<std::uint8_t>(random());
    CHECK_FALSE(decode_plan(noise, 2));
  }
}

TEST_CASE("counts beyond the bytes allocate nothing") {
  Bytes bytes = encode_plan(LaunchPlan{});
  for (std::size_t at = 0; at + 4 <= 20; ++at) {
    Bytes bad = bytes;
    std::fill_n(bad.begin() + static_cast<long>(at), 4, 0xff);
    CHECK_FALSE(decode_plan(bad, 0));
  }
}

TEST_CASE("targets are absolute and clean") {
  for (const std::string target :
       {"", "/", "usr", "/usr/", "//usr", "/usr/../etc", "/usr/./bin", "/..", "/a//b"}) {
    INFO(target);
    CHECK(complaint_after([&](LaunchPlan& p) { p.mounts[0].target = target; }).find("clean absolute path") !=
          std::string::npos);
  }
  CHECK_FALSE(complaint_after([](LaunchPlan& p) { p.mounts[0].target = std::string("/a\0b", 4); }).empty());
  CHECK_FALSE(
      complaint_after([](LaunchPlan& p) { p.mounts[0].target = "/" + std::string(5000, 'a'); }).empty());
  CHECK_FALSE(complaint_after([](LaunchPlan& p) { p.mounts[0].source = "usr"; }).empty());
  CHECK_FALSE(complaint_after([](LaunchPlan& p) { p.directory = "work"; }).empty());
}

TEST_CASE("mounts fit together") {
  CHECK_FALSE(complaint_after([](LaunchPlan& p) { p.mounts[5].target = "/usr"; }).empty());
  CHECK_FALSE(complaint_after([](LaunchPlan& p) {
                p.mounts.push_back({.kind = MountKind::tmpfs, .target = "/home", .size = 4096});
              }).empty());
  CHECK_FALSE(complaint_after([](LaunchPlan& p) {
                p.mounts.push_back({.kind = MountKind::directory, .target = "/proc/x"});
              }).empty());
  CHECK_FALSE(complaint_after([](LaunchPlan& p) { p.mounts[3].target = "/usr/proc"; }).empty());
  CHECK_FALSE(complaint_after([](LaunchPlan& p) {
                p.mounts.push_back({.kind = MountKind::proc, .target = "/proc2"});
              }).empty());
  CHECK_FALSE(complaint_after([](LaunchPlan& p) { p.mounts[5].size = 0; }).empty());
  CHECK_FALSE(complaint_after([](LaunchPlan& p) { p.mounts[5].mode = 04755; }).empty());
  CHECK_FALSE(complaint_after([](LaunchPlan& p) { p.mounts[6].source = "/home"; }).empty());
  CHECK_FALSE(complaint_after([](LaunchPlan& p) { p.mounts[5].descriptor = 0; }).empty());
}

TEST_CASE("a protection belongs to a writable mount") {
  CHECK_FALSE(complaint_after([](LaunchPlan& p) { p.protections[0].mount = "/usr"; }).empty());
  CHECK_FALSE(complaint_after([](LaunchPlan& p) { p.protections[0].mount = "/nowhere"; }).empty());
  CHECK_FALSE(complaint_after([](LaunchPlan& p) { p.protections[0].patterns = {""}; }).empty());
}

TEST_CASE("an overlay keeps changes or hides files, and nothing else does") {
  const auto overlaid = [](auto spoil) {
    return complaint_after([&](LaunchPlan& p) {
      p.mounts[6] = {.kind = MountKind::overlay,
                     .target = "/home/agent/work",
                     .descriptor = 0,
                     .changes = 1,
                     .hide = {".env", "/keys"}};
      spoil(p);
    });
  };
  CHECK(overlaid([](LaunchPlan&) {}).empty());
  CHECK(overlaid([](LaunchPlan& p) { p.mounts[6].hide.clear(); }).empty());
  CHECK(overlaid([](LaunchPlan& p) { p.mounts[6].changes = kNone, p.protections.clear(); }).empty());
  CHECK(overlaid([](LaunchPlan& p) {
          p.mounts[6].changes = kNone;
        }).find("protection of no writable mount") != std::string::npos);
  CHECK_FALSE(overlaid([](LaunchPlan& p) { p.mounts[6].changes = kNone, p.mounts[6].hide.clear(); }).empty());
  CHECK_FALSE(overlaid([](LaunchPlan& p) { p.mounts[6].changes = 2; }).empty());
  CHECK_FALSE(overlaid([](LaunchPlan& p) { p.mounts[6].changes = 0; }).empty());
  CHECK_FALSE(overlaid([](LaunchPlan& p) { p.mounts[6].descriptor = kNone; }).empty());
  CHECK_FALSE(overlaid([](LaunchPlan& p) { p.mounts[6].presence = Presence::if_present; }).empty());
  CHECK_FALSE(overlaid([](LaunchPlan& p) { p.mounts[6].hide.push_back(""); }).empty());
  CHECK_FALSE(overlaid([](LaunchPlan& p) { p.mounts[6].hide[0] = std::string("a\0b", 3); }).empty());
  CHECK_FALSE(overlaid([](LaunchPlan& p) { p.mounts[6].hide.assign(513, "x"); }).empty());
  CHECK_FALSE(overlaid([](LaunchPlan& p) { p.mounts[6].hide[0].assign(4096, 'x'); }).empty());
  CHECK_FALSE(overlaid([](LaunchPlan& p) {
                p.mounts.push_back({.kind = MountKind::devices, .target = "/home/agent/work/dev"});
              }).empty());
  CHECK_FALSE(overlaid([](LaunchPlan& p) {
                p.mounts.push_back(p.mounts[6]);
                p.mounts.back().target = "/other";
              }).empty());
  CHECK_FALSE(complaint_after([](LaunchPlan& p) { p.mounts[6].changes = 1; }).empty());
  CHECK_FALSE(complaint_after([](LaunchPlan& p) { p.mounts[0].hide = {".env"}; }).empty());
}

TEST_CASE("every descriptor index is one that was handed over") {
  CHECK(complaint(good_plan(), 2).empty());
  CHECK_FALSE(complaint(good_plan(), 1).empty());
  CHECK_FALSE(complaint_after([](LaunchPlan& p) { p.mounts[6].descriptor = 2; }).empty());
  CHECK_FALSE(complaint_after([](LaunchPlan& p) { p.stdio[2].descriptor = 2; }).empty());
  CHECK_FALSE(complaint_after([](LaunchPlan& p) { p.keep = {2}; }).empty());
  CHECK_FALSE(complaint_after([](LaunchPlan& p) { p.executable = 2; }).empty());
}

TEST_CASE("root is never anybody inside") {
  CHECK_FALSE(complaint_after([](LaunchPlan& p) { p.uid = 0, p.gid = 1; }).empty());
  CHECK_FALSE(complaint_after([](LaunchPlan& p) { p.uid = 1, p.gid = 0; }).empty());
  CHECK_FALSE(complaint_after([](LaunchPlan& p) { p.uid = 1; }).empty());
  CHECK(complaint_after([](LaunchPlan& p) { p.uid = 1, p.gid = 1; }).empty());
}

TEST_CASE("the command, its words and variables are well formed") {
  CHECK_FALSE(complaint_after([](LaunchPlan& p) { p.argv.clear(); }).empty());
  CHECK_FALSE(complaint_after([](LaunchPlan& p) { p.argv[0] = ""; }).empty());
  CHECK_FALSE(complaint_after([](LaunchPlan& p) { p.argv[1] = std::string("a\0b", 3); }).empty());
  for (const std::string variable : {"", "NAME", "=value"})
    CHECK_FALSE(complaint_after([&](LaunchPlan& p) { p.environment[0] = variable; }).empty());
  for (const std::string name : {"", "A=B"})
    CHECK_FALSE(complaint_after([&](LaunchPlan& p) { p.inherit[0] = name; }).empty());
  for (const std::string host : {"", "a b", "a/b"})
    CHECK_FALSE(complaint_after([&](LaunchPlan& p) { p.hostname = host; }).empty());
}

TEST_CASE("there are exactly three stdio entries, and a terminal needs a /dev") {
  CHECK_FALSE(complaint_after([](LaunchPlan& p) { p.stdio.pop_back(); }).empty());
  CHECK_FALSE(complaint_after([](LaunchPlan& p) { p.stdio.push_back({}); }).empty());
  CHECK_FALSE(complaint_after([](LaunchPlan& p) { p.stdio[1].descriptor = 1; }).empty());
  CHECK_FALSE(complaint_after([](LaunchPlan& p) { p.mounts.erase(p.mounts.begin() + 4); }).empty());
}

TEST_CASE("listeners are distinct ports of a loopback network") {
  CHECK_FALSE(complaint_after([](LaunchPlan& p) { p.listeners = {80, 80}; }).empty());
  CHECK_FALSE(complaint_after([](LaunchPlan& p) { p.listeners = {0}; }).empty());
  CHECK_FALSE(complaint_after([](LaunchPlan& p) { p.network = Network::none; }).empty());
  CHECK(complaint_after([](LaunchPlan& p) { p.low_ports = LowPorts::open; }).empty());
  CHECK(complaint_after([](LaunchPlan& p) {
          p.low_ports = LowPorts::open;
          p.listeners.clear();
          p.network = Network::none;
        }) == "launch plan: low ports need a network of the sandbox's own");
}

TEST_CASE("the service profiles keep their premises") {
  LaunchPlan plan = good_plan();
  plan.mounts.erase(plan.mounts.begin() + 3);
  plan.syscalls = SyscallProfile::service;
  plan.init = Init::none;
  plan.executable = 1;
  CHECK(complaint(plan).empty());
  SECTION("no changed calls") { plan.syscall_changes = {{"ptrace", true}}; }
  SECTION("no init") { plan.init = Init::reaper; }
  SECTION("executed by descriptor") { plan.executable = kNone; }
  SECTION("no /proc") { plan.mounts.push_back({.kind = MountKind::proc, .target = "/proc"}); }
  SECTION("the host's network is the dialer's") {
    plan.network = Network::host;
    plan.listeners.clear();
  }
  CHECK_FALSE(complaint(plan).empty());
}

TEST_CASE("the sets of roles need no more than the usual one") {
  for (const SyscallProfile set : {SyscallProfile::minimal, SyscallProfile::build})
    CHECK(complaint_after([&](LaunchPlan& p) { p.syscalls = set; }).empty());
}

TEST_CASE("single system calls are changed within what roles may change") {
  using Changes = std::vector<SyscallChange>;
  const auto after = [](const Changes& changes) {
    return complaint_after([&](LaunchPlan& p) { p.syscall_changes = changes; });
  };
  CHECK(after({{"ptrace", true}, {"socket", false}}).empty());
  CHECK(after({{"mount", true}}) == "launch plan: system call mount: no role can allow it: mounts");
  CHECK(after({{"nonsense", false}}) ==
        "launch plan: system call nonsense: there is no system call of this name");
  CHECK(after({{"ptrace", true}, {"ptrace", false}}) == "launch plan: system call ptrace is changed twice");
  CHECK(after(Changes(65, {"ptrace", true})) == "launch plan: too many changed system calls");
}

TEST_CASE("an agent never gets the host's network") {
  CHECK_FALSE(complaint_after([](LaunchPlan& p) { p.network = Network::host, p.listeners.clear(); }).empty());
}

TEST_CASE("limits out of their bounds are refused, and none is none") {
  CHECK(complaint_after([](LaunchPlan& plan) { plan.limits = {}; }).empty());
  CHECK(complaint_after([](LaunchPlan& plan) { plan.limits.memory = 4096; }) ==
        "launch plan: the memory limit is below 1 MiB");
  CHECK_FALSE(complaint_after([](LaunchPlan& plan) { plan.limits.processes = 1; }).empty());
  CHECK_FALSE(complaint_after([](LaunchPlan& plan) { plan.limits.processes = 5'000'000; }).empty());
  CHECK_FALSE(complaint_after([](LaunchPlan& plan) { plan.limits.cpus = 1'000'000; }).empty());
  CHECK_FALSE(complaint_after([](LaunchPlan& plan) { plan.limits.io_weight = 10'001; }).empty());
}
