#include <fcntl.h>
#include <linux/audit.h>
#include <linux/fs.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <random>
#include <set>

#include "sandbox/seccomp_filter.hpp"
#include "sandbox/seccomp_profile.hpp"
#include "tests/support/bpf_evaluator.hpp"

using namespace pawl::sandbox;
using pawl::testing::evaluate;
using pawl::testing::longest_path;

namespace {

constexpr std::uint32_t kExecutableFd = 4096;
constexpr std::uint32_t kEperm = SECCOMP_RET_ERRNO | EPERM;
constexpr std::uint32_t kEnosys = SECCOMP_RET_ERRNO | ENOSYS;

using Arguments = std::array<std::uint64_t, 6>;

class Filter {
 public:
  explicit Filter(const Profile& profile)
      : program_(std::move(compile_filter(profile, {.executable_fd = kExecutableFd})).value()) {}

  std::uint32_t answer(std::uint32_t number, const Arguments& arguments = {},
                       std::uint32_t abi = AUDIT_ARCH_X86_64) const {
    seccomp_data call{};
    call.nr = static_cast<int>(number);
    call.arch = abi;
    for (std::size_t i = 0; i < arguments.size(); ++i) call.args[i] = arguments[i];
    return evaluate(program_, call);
  }
  bool allows(std::uint32_t number, const Arguments& arguments = {}) const {
    return answer(number, arguments) == SECCOMP_RET_ALLOW;
  }
  bool refuses(std::uint32_t number, const Arguments& arguments = {}) const {
    return answer(number, arguments) == kEperm;
  }
  const FilterProgram& program() const { return program_; }

 private:
  FilterProgram program_;
};

std::uint32_t expected(Verdict verdict) {
  switch (verdict) {
    case Verdict::allow:
      return SECCOMP_RET_ALLOW;
    case Verdict::eperm:
      return kEperm;
    case Verdict::enosys:
      return kEnosys;
    case Verdict::enoent:
      return SECCOMP_RET_ERRNO | ENOENT;
    case Verdict::kill:
      break;
  }
  return SECCOMP_RET_KILL_PROCESS;
}

// The same question, asked of the table in plain C++.
bool holds(const Check& check, const Arguments& arguments) {
  for (const Clause& clause : check.any()) {
    bool all = true;
    for (const Test& test : clause.all()) {
      const std::uint32_t value = test.operand == Operand::executable_fd ? kExecutableFd : test.value;
      const bool equal = (static_cast<std::uint32_t>(arguments[test.argument]) & test.mask) == value;
      all = all && equal == (test.compare == Compare::equal);
    }
    if (all) return true;
  }
  return false;
}

// Arguments that matter to a check: each value of its tests, with one bit altered, and with the upper half
// set.
std::vector<Arguments> interesting(const Check& check) {
  std::vector<Arguments> all{{}, {~0ull, ~0ull, ~0ull, ~0ull, ~0ull, ~0ull}};
  for (const Clause& clause : check.any()) {
    Arguments base{};
    for (const Test& test : clause.all())
      base[test.argument] = test.operand == Operand::executable_fd ? kExecutableFd : test.value;
    all.push_back(base);
    for (const Test& test : clause.all()) {
      for (int bit = 0; bit < 33; ++bit) {
        Arguments altered = base;
        altered[test.argument] ^= 1ull << bit;
        all.push_back(altered);
        altered[test.argument] |= 0xffffffff00000000ull;
        all.push_back(altered);
      }
    }
  }
  return all;
}

std::string read_golden(const std::string& name) {
  std::ifstream file(PAWL_SOURCE_ROOT "/tests/golden/" + name);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Those that hold: a profile's own, and its base's for all other calls.
std::vector<Row> rows_of(const Profile& profile) {
  std::vector<Row> rows(profile.rows.begin(), profile.rows.end());
  if (profile.base != nullptr)
    for (const Row& row : profile.base->rows)
      if (std::ranges::find(profile.rows, row.number, &Row::number) == profile.rows.end())
        rows.push_back(row);
  return rows;
}

constexpr const Profile* kProfiles[] = {&kStandardProfile, &kMinimalProfile, &kBuildProfile,
                                        &kServiceProfile,  &kDialerProfile,  &kHunksProfile};

}  // namespace

TEST_CASE("the table of calls agrees with the system's headers", "[seccomp]") {
  CHECK(call("read") == SYS_read);
  CHECK(call("rseq") == SYS_rseq);
  CHECK(call("clone3") == SYS_clone3);
  CHECK(call("landlock_restrict_self") == SYS_landlock_restrict_self);
  CHECK(newest_call() == 469);
  std::set<int> numbers;
  for (const Call& known : kCalls) CHECK(numbers.insert(number_of(known)).second);
}

TEST_CASE("every row has a reason and stands once", "[seccomp]") {
  for (const Profile* profile : kProfiles) {
    std::set<int> numbers;
    for (const Row& row : profile->rows) {
      INFO(profile->name << ": " << name_of(row.number));
      CHECK(numbers.insert(row.number).second);
      CHECK(row.reason.size() > 5);
      CHECK((row.check == nullptr || row.verdict == Verdict::allow));
    }
  }
}

TEST_CASE("the standard profile judges every known call", "[seccomp]") {
  std::set<int> judged;
  for (const Row& row : kStandardProfile.rows) judged.insert(row.number);
  for (const Call& known : kCalls) {
    INFO(known.name);
    CHECK(judged.contains(number_of(known)));
  }
}

TEST_CASE("the filter answers every row as the table says, for good and altered arguments", "[seccomp]") {
  for (const Profile* profile : kProfiles) {
    const Filter filter(*profile);
    for (const Row& row : rows_of(*profile)) {
      INFO(profile->name << ": " << name_of(row.number));
      if (row.check == nullptr) {
        CHECK(filter.answer(row.number) == expected(row.verdict));
        CHECK(filter.answer(row.number, {~0ull, ~0ull, ~0ull, ~0ull, ~0ull, ~0ull}) == expected(row.verdict));
        continue;
      }
      bool allowed_once = false, refused_once = false;
      for (const Arguments& arguments : interesting(*row.check)) {
        const bool allowed = holds(*row.check, arguments);
        (allowed ? allowed_once : refused_once) = true;
        CHECK(filter.answer(row.number, arguments) == (allowed ? SECCOMP_RET_ALLOW : kEperm));
      }
      CHECK(allowed_once);
      CHECK(refused_once);
    }
  }
}

TEST_CASE("what a profile changes of its base, the base says otherwise", "[seccomp]") {
  for (const Profile* profile : {&kMinimalProfile, &kBuildProfile})
    for (const Row& row : profile->rows) {
      INFO(profile->name << ": " << name_of(row.number));
      const auto before = std::ranges::find(profile->base->rows, row.number, &Row::number);
      REQUIRE(before != profile->base->rows.end());
      CHECK((before->verdict != row.verdict || before->check != row.check));
      if (profile == &kMinimalProfile) CHECK(before->verdict == Verdict::allow);  // it takes away only
    }
}

TEST_CASE("a call without a row is refused, an unknown one does not exist", "[seccomp]") {
  for (const Profile* profile : kProfiles) {
    const Filter filter(*profile);
    std::set<int> judged;
    std::set<int> known_numbers;
    for (const Row& row : rows_of(*profile)) judged.insert(row.number);
    for (const Call& known : kCalls) known_numbers.insert(number_of(known));
    for (int number = 0; number < 2000; ++number) {
      if (judged.contains(number)) continue;
      INFO(profile->name << " " << number);
      CHECK(filter.answer(static_cast<std::uint32_t>(number)) ==
            (known_numbers.contains(number) ? kEperm : kEnosys));
    }
    CHECK(filter.answer(0x3fffffff) == kEnosys);
  }
}

TEST_CASE("foreign numbers kill", "[seccomp]") {
  const Filter filter(kStandardProfile);
  for (const std::uint32_t number :
       {0x40000000u, 0x40000000u | SYS_read, 0x7fffffffu, 0x80000000u, 0xffffffffu})
    CHECK(filter.answer(number) == SECCOMP_RET_KILL_PROCESS);
  for (const std::uint32_t abi :
       {static_cast<std::uint32_t>(AUDIT_ARCH_I386), static_cast<std::uint32_t>(AUDIT_ARCH_AARCH64), 0u})
    CHECK(filter.answer(SYS_read, {}, abi) == SECCOMP_RET_KILL_PROCESS);
}

TEST_CASE("agents: no new namespaces, by any flag", "[seccomp]") {
  const Filter filter(kStandardProfile);
  CHECK(filter.allows(SYS_clone,
                      {CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SETTLS}));
  CHECK(filter.allows(SYS_clone, {SIGCHLD}));
  for (const std::uint64_t flag :
       {CLONE_NEWUSER, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWNET, CLONE_NEWIPC, CLONE_NEWUTS, CLONE_NEWCGROUP})
    CHECK(filter.refuses(SYS_clone, {SIGCHLD | flag}));
  CHECK(filter.answer(SYS_clone3) == kEnosys);
  CHECK(filter.refuses(SYS_unshare));
  CHECK(filter.refuses(SYS_setns));
}

TEST_CASE("agents: nothing is typed into a terminal, whatever the upper half says", "[seccomp]") {
  const Filter filter(kStandardProfile);
  for (const std::uint64_t request : {TIOCSTI, TIOCLINUX, TIOCSETD})
    for (const std::uint64_t upper : {0ull, 1ull << 32, 0xffffffffull << 32})
      CHECK(filter.refuses(SYS_ioctl, {0, upper | request}));
  for (const std::uint64_t request : {TIOCGWINSZ, TIOCSWINSZ, TCGETS, FIONREAD, TIOCSCTTY})
    CHECK(filter.allows(SYS_ioctl, {0, request}));
}

TEST_CASE("agents: no request to a file system reaches beyond its mount", "[seccomp]") {
  const Filter filter(kStandardProfile);
  constexpr std::uint64_t of_btrfs[] = {0x50009401, 0x50009417, 0x5000940e, 0xd0009411, 0xc0189436};
  constexpr std::uint64_t of_encryption[] = {0xc0506617, 0xc0406618, 0xc0406619, 0xc080661a};
  for (const std::uint64_t upper : {0ull, 1ull << 32}) {
    for (const std::uint64_t request : of_btrfs) CHECK(filter.refuses(SYS_ioctl, {0, upper | request}));
    for (const std::uint64_t request : of_encryption) CHECK(filter.refuses(SYS_ioctl, {0, upper | request}));
    CHECK(filter.refuses(SYS_ioctl, {0, upper | 0x4000bc10}));
  }
  for (const std::uint64_t request :
       std::initializer_list<std::uint64_t>{FICLONE, FICLONERANGE, FS_IOC_GETFLAGS, FIGETBSZ})
    CHECK(filter.allows(SYS_ioctl, {0, request}));
}

TEST_CASE("agents: socket families", "[seccomp]") {
  const Filter filter(kStandardProfile);
  for (const std::uint64_t family : {AF_UNIX, AF_INET, AF_INET6})
    CHECK(filter.allows(SYS_socket, {family, SOCK_STREAM, 0}));
  CHECK(filter.allows(SYS_socket, {AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE}));
  for (std::uint64_t protocol = 1; protocol < 32; ++protocol)
    CHECK(filter.refuses(SYS_socket, {AF_NETLINK, SOCK_RAW, protocol}));
  for (std::uint64_t family = 0; family < 64; ++family)
    if (family != AF_UNIX && family != AF_INET && family != AF_INET6 && family != AF_NETLINK)
      CHECK(filter.refuses(SYS_socket, {family, SOCK_STREAM, 0}));
}

TEST_CASE("agents: of the internet families TCP and UDP", "[seccomp]") {
  const Filter filter(kStandardProfile);
  for (const std::uint64_t family : {AF_INET, AF_INET6}) {
    CHECK(filter.allows(SYS_socket, {family, SOCK_STREAM | SOCK_NONBLOCK, IPPROTO_TCP}));
    CHECK(filter.allows(SYS_socket, {family, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_UDP}));
    CHECK(filter.allows(SYS_socket, {family, SOCK_DGRAM, 0}));
    CHECK(filter.refuses(SYS_socket, {family, SOCK_STREAM, IPPROTO_UDP}));
    CHECK(filter.refuses(SYS_socket, {family, SOCK_RAW, IPPROTO_ICMP}));
    CHECK(filter.refuses(SYS_socket, {family, SOCK_SEQPACKET, 0}));
    for (const std::uint64_t protocol : {1, 33, 58, 132, 136, 262})
      for (const std::uint64_t type : {SOCK_STREAM, SOCK_DGRAM})
        CHECK(filter.refuses(SYS_socket, {family, type, protocol}));
  }
}

TEST_CASE("agents: set-user-id and set-group-id bits are refused wherever a mode is", "[seccomp]") {
  const Filter filter(kStandardProfile);
  for (const std::uint64_t bits : {04000, 02000, 06000}) {
    CHECK(filter.refuses(SYS_chmod, {0, 0755 | bits}));
    CHECK(filter.refuses(SYS_fchmod, {0, 0755 | bits}));
    CHECK(filter.refuses(SYS_fchmodat, {0, 0, 0755 | bits}));
    CHECK(filter.refuses(call("fchmodat2"), {0, 0, 0755 | bits}));
    CHECK(filter.refuses(SYS_creat, {0, 0755 | bits}));
    CHECK(filter.refuses(SYS_open, {0, O_CREAT | O_WRONLY, 0755 | bits}));
    CHECK(filter.refuses(SYS_openat, {0, 0, O_CREAT | O_WRONLY, 0755 | bits}));
    CHECK(filter.refuses(SYS_openat, {0, 0, O_TMPFILE | O_RDWR, 0755 | bits}));
    CHECK(filter.allows(SYS_openat, {0, 0, O_RDONLY | O_DIRECTORY, bits}));  // left over in a register
    CHECK(filter.refuses(SYS_mknodat, {0, 0, S_IFREG | 0755 | bits}));
  }
  CHECK(filter.answer(SYS_openat2) == kEnosys);
  CHECK(filter.allows(SYS_chmod, {0, 01777}));
  CHECK(filter.allows(SYS_mknodat, {0, 0, S_IFIFO | 0644}));
  CHECK(filter.refuses(SYS_mknodat, {0, 0, S_IFCHR | 0644}));
  CHECK(filter.refuses(SYS_mknodat, {0, 0, S_IFBLK | 0644}));
}

TEST_CASE("agents may tighten themselves, not supervise", "[seccomp]") {
  const Filter filter(kStandardProfile);
  CHECK(filter.allows(SYS_seccomp, {SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC}));
  CHECK(filter.refuses(SYS_seccomp, {SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER}));
  CHECK(filter.allows(SYS_prctl, {PR_SET_SECCOMP}));
  CHECK(filter.allows(SYS_landlock_restrict_self));
  CHECK(filter.refuses(SYS_prctl, {PR_SET_MM}));
}

TEST_CASE("hot calls are answered without a look at their arguments", "[seccomp]") {
  for (const Row& row : kStandardProfile.rows)
    for (const std::string_view hot :
         {"read", "write", "futex", "epoll_wait", "recvfrom", "sendto", "mmap", "munmap", "close", "poll",
          "newfstatat", "statx", "fstat", "clock_gettime", "lseek", "pread64", "madvise"})
      if (name_of(row.number) == hot) CHECK((row.check == nullptr && row.verdict == Verdict::allow));
}

TEST_CASE("service: lives on what it was given", "[seccomp]") {
  const Filter filter(kServiceProfile);
  for (const std::uint32_t number : {SYS_accept4, SYS_recvmsg, SYS_sendmsg, SYS_epoll_wait, SYS_read,
                                     SYS_writev, SYS_futex, SYS_exit_group})
    CHECK(filter.allows(number));
  for (const std::uint32_t number :
       {SYS_socket, SYS_connect, SYS_bind, SYS_clone, SYS_fork, SYS_vfork, SYS_execve, SYS_ptrace,
        SYS_memfd_create, SYS_kill, SYS_pidfd_getfd, SYS_mount, SYS_unlink})
    CHECK(filter.refuses(number));
  for (const std::uint32_t number : {SYS_open, SYS_openat, SYS_openat2})
    CHECK(filter.answer(number) == (SECCOMP_RET_ERRNO | ENOENT));
  CHECK(filter.allows(SYS_mmap, {0, 4096, PROT_READ | PROT_WRITE}));
  CHECK(filter.refuses(SYS_mmap, {0, 4096, PROT_READ | PROT_EXEC}));
  CHECK(filter.refuses(SYS_mprotect, {0, 4096, PROT_EXEC}));
}

TEST_CASE("hunks: computes, and nothing else", "[seccomp]") {
  const Filter filter(kHunksProfile);
  for (const std::uint32_t number : {SYS_read, SYS_write, SYS_brk, SYS_munmap, SYS_exit_group})
    CHECK(filter.allows(number));
  for (const std::uint32_t number : {SYS_open, SYS_openat, SYS_socket, SYS_execve, SYS_execveat, SYS_clone,
                                     SYS_fork, SYS_kill, SYS_sendmsg, SYS_recvmsg, SYS_mprotect, SYS_dup})
    CHECK(filter.refuses(number));
  CHECK(filter.refuses(SYS_mmap, {0, 4096, PROT_READ | PROT_EXEC}));
}

TEST_CASE("service and dialer: one exec passes, by a number that cannot be had again", "[seccomp]") {
  for (const Profile* profile : {&kServiceProfile, &kDialerProfile}) {
    const Filter filter(*profile);
    CHECK(filter.allows(SYS_execveat, {kExecutableFd, 0, 0, 0, AT_EMPTY_PATH}));
    CHECK(filter.refuses(SYS_execveat, {kExecutableFd - 1, 0, 0, 0, AT_EMPTY_PATH}));
    CHECK(filter.refuses(SYS_execveat, {kExecutableFd, 0, 0, 0, 0}));
    CHECK(filter.refuses(SYS_execveat, {static_cast<std::uint32_t>(AT_FDCWD), 0, 0, 0, AT_EMPTY_PATH}));
    CHECK(filter.refuses(SYS_execve));
  }
}

TEST_CASE("dialer: connects to the internet, reads files, makes threads", "[seccomp]") {
  const Filter filter(kDialerProfile);
  CHECK(filter.allows(SYS_socket, {AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0}));
  CHECK(filter.allows(SYS_socket, {AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0}));
  CHECK(filter.refuses(SYS_socket, {AF_INET, SOCK_RAW, 1}));
  CHECK(filter.refuses(SYS_socket, {AF_UNIX, SOCK_STREAM, 0}));
  CHECK(filter.refuses(SYS_socket, {AF_NETLINK, SOCK_RAW, 0}));
  CHECK(filter.allows(SYS_openat, {0, 0, O_RDONLY | O_CLOEXEC}));
  for (const std::uint64_t flags : {O_WRONLY, O_RDWR, O_RDONLY | O_CREAT, O_RDONLY | O_TRUNC})
    CHECK(filter.refuses(SYS_openat, {0, 0, flags}));
  CHECK(filter.allows(SYS_clone, {CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
                                  CLONE_SYSVSEM | CLONE_SETTLS}));
  CHECK(filter.refuses(SYS_clone, {SIGCHLD}));
  CHECK(filter.refuses(SYS_clone, {CLONE_VM | CLONE_VFORK | SIGCHLD}));
}

TEST_CASE("a filter is short, and quick for every call", "[seccomp]") {
  for (const Profile* profile : kProfiles) {
    const Filter filter(*profile);
    CHECK(filter.program().size() < 500);
    CHECK(longest_path(filter.program()) < 96);
  }
}

TEST_CASE("filters are what was reviewed", "[seccomp]") {
  // After a change that is meant: run with PAWL_GOLDEN_WRITE=1, and look at the difference before committing
  // it.
  for (const Profile* profile : kProfiles) {
    const std::string name = "seccomp-" + std::string(profile->name) + ".txt";
    const std::string dump = disassemble(Filter(*profile).program());
    if (::getenv("PAWL_GOLDEN_WRITE") != nullptr)
      std::ofstream(PAWL_SOURCE_ROOT "/tests/golden/" + name) << dump;
    INFO(name);
    CHECK(dump == read_golden(name));
  }
}

TEST_CASE("what was compiled with pawl is what a launch would compile") {
  const auto bytes = [](std::span<const sock_filter> program) { return std::as_bytes(program); };
  const FilterProgram now = compile_filter(kStandardProfile).value();
#ifdef __SANITIZE_ADDRESS__
  CHECK(kStandardProfile.compiled.empty());
#else
  CHECK(std::ranges::equal(bytes(kStandardProfile.compiled), bytes(now)));
#endif
}
