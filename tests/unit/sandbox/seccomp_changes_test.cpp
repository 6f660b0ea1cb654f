// Single calls that a role judges otherwise than its set: what may be changed, and what stays refused
// whatever a file says.
#include "sandbox/seccomp_changes.hpp"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <catch2/catch.hpp>

#include "sandbox/seccomp_filter.hpp"
#include "tests/support/bpf_evaluator.hpp"

using namespace pawl;
using namespace pawl::sandbox;
using pawl::testing::evaluate;

namespace {

constexpr std::uint32_t kRefused = SECCOMP_RET_ERRNO | EPERM;

std::uint32_t answer(const Profile& profile, const std::vector<SyscallChange>& changes, int number,
                     const std::vector<std::uint64_t>& arguments = {}) {
  const FilterProgram program = std::move(compile_filter(profile, {.changes = changes})).value();
  seccomp_data call{};
  call.nr = number;
  call.arch = AUDIT_ARCH_X86_64;
  for (std::size_t i = 0; i < arguments.size(); ++i) call.args[i] = arguments[i];
  return evaluate(program, call);
}

bool can_allow(std::string_view name) { return complaint_about({std::string(name), true}).empty(); }

}  // namespace

TEST_CASE("an allowed call passes under every set, and no other does", "[seccomp]") {
  const std::vector<SyscallChange> changes = {{"ptrace", true}, {"move_pages", true}};
  for (const Profile* profile : {&kMinimalProfile, &kStandardProfile, &kBuildProfile}) {
    CHECK(answer(*profile, changes, SYS_ptrace) == SECCOMP_RET_ALLOW);
    CHECK(answer(*profile, changes, SYS_move_pages) == SECCOMP_RET_ALLOW);
    CHECK(answer(*profile, changes, SYS_mount) == kRefused);
    for (const Call& known : kCalls) {
      if (number_of(known) < 0 || known.name == "ptrace" || known.name == "move_pages") continue;
      INFO(known.name);
      CHECK(answer(*profile, changes, number_of(known)) == answer(*profile, {}, number_of(known)));
    }
  }
}

TEST_CASE("an allowed call keeps the checks of its arguments", "[seccomp]") {
  const std::vector<SyscallChange> changes = {{"socket", true}, {"userfaultfd", true}};
  REQUIRE(answer(kMinimalProfile, {}, SYS_socket, {AF_INET, SOCK_STREAM, 0}) == kRefused);
  CHECK(answer(kMinimalProfile, changes, SYS_socket, {AF_INET, SOCK_STREAM, 0}) == SECCOMP_RET_ALLOW);
  CHECK(answer(kMinimalProfile, changes, SYS_socket, {AF_PACKET, SOCK_RAW, 0}) == kRefused);
  CHECK(answer(kStandardProfile, changes, SYS_userfaultfd, {1}) == SECCOMP_RET_ALLOW);
  CHECK(answer(kStandardProfile, changes, SYS_userfaultfd, {0}) == kRefused);
}

TEST_CASE("a denied call is refused whatever its arguments", "[seccomp]") {
  const std::vector<SyscallChange> changes = {{"socket", false}, {"memfd_create", false}};
  for (const Profile* profile : {&kStandardProfile, &kBuildProfile}) {
    CHECK(answer(*profile, changes, SYS_socket, {AF_UNIX, SOCK_STREAM, 0}) == kRefused);
    CHECK(answer(*profile, changes, SYS_memfd_create) == kRefused);
  }
}

TEST_CASE("no file allows what leads out of a session", "[seccomp]") {
  for (const std::string_view name : {"mount",           "umount2",
                                      "move_mount",      "open_tree",
                                      "fsopen",          "fsmount",
                                      "mount_setattr",   "pivot_root",
                                      "chroot",          "unshare",
                                      "setns",           "clone3",
                                      "openat2",         "open_by_handle_at",
                                      "init_module",     "finit_module",
                                      "kexec_load",      "bpf",
                                      "perf_event_open", "io_uring_setup",
                                      "io_uring_enter",  "io_uring_register",
                                      "keyctl",          "add_key",
                                      "request_key",     "reboot",
                                      "swapon",          "sethostname",
                                      "settimeofday",    "iopl",
                                      "ioperm",          "fanotify_init",
                                      "modify_ldt",      "syslog",
                                      "quotactl",        "acct",
                                      "vhangup",         "uselib"}) {
    INFO(name);
    CHECK_FALSE(can_allow(name));
  }
  CHECK(complaint_about({"mount", true}) == "no role can allow it: mounts");
  CHECK(complaint_about({"no_such_call", true}) == "there is no system call of this name");
  CHECK(complaint_about({"", false}) == "there is no system call of this name");
}

TEST_CASE("what no set allows can be allowed by request only, and that list is short", "[seccomp]") {
  std::size_t by_request = 0;
  for (const Call& known : kCalls) {
    if (number_of(known) < 0 || !can_allow(known.name)) continue;
    const auto allowed = [&](const Profile& profile) {
      for (const Row& row : profile.rows)
        if (row.number == number_of(known)) return row.verdict == Verdict::allow;
      return false;
    };
    if (!allowed(kStandardProfile) && !allowed(kBuildProfile)) ++by_request;
  }
  CHECK(by_request == 15);
}

TEST_CASE("what starts the command cannot be denied", "[seccomp]") {
  for (const std::string name : {"execve", "execveat", "clone", "exit_group", "wait4", "close_range"})
    CHECK(complaint_about({name, false}) == "pawl's own pid 1 needs it");
  CHECK(complaint_about({"ptrace", false}).empty());
}
