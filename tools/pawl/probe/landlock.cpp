// Landlock (landlock(7)), from the newest form that is known here downwards: the first that the kernel takes
// is the one it has. Own definitions: the headers of Debian 12 know the first ABIs only. Runs in pawl-probe.
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <csignal>

#include <cstdint>
#include <span>

#include "sandbox/base/unique_fd.hpp"
#include "tools/pawl/probe/abstract_socket.hpp"
#include "tools/pawl/probe/child.hpp"

namespace pawl::probe {
namespace {

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif

struct Ruleset {  // struct landlock_ruleset_attr
  std::uint64_t files = 0;
  std::uint64_t network = 0;
  std::uint64_t scopes = 0;
};
struct PathRule {  // struct landlock_path_beneath_attr
  std::uint64_t allowed;
  std::int32_t parent;
} __attribute__((packed));

constexpr int kLeastAbi = 2;  // before it, no file could be moved from one folder to another
constexpr int kPathBeneath = 1;
constexpr std::uint64_t kReadFile = 1u << 2;
constexpr std::uint64_t kReadDirectory = 1u << 3;
constexpr std::uint64_t kScopeAbstract = 1u << 0;
constexpr std::uint64_t kScopeSignal = 1u << 1;

struct Form {
  int abi;
  Ruleset rules;
  std::size_t size;  // of the structure in that ABI
};
constexpr Form kForms[] = {
    {6, {(1u << 16) - 1, 3, 3}, 24}, {5, {(1u << 16) - 1, 3, 0}, 16}, {4, {(1u << 15) - 1, 3, 0}, 16},
    {3, {(1u << 15) - 1, 0, 0}, 8},  {2, {(1u << 14) - 1, 0, 0}, 8},  {1, {(1u << 13) - 1, 0, 0}, 8},
};

Result<UniqueFd> make_ruleset(const Form& form) {
  UniqueFd ruleset(static_cast<int>(::syscall(SYS_landlock_create_ruleset, &form.rules, form.size, 0)));
  if (!ruleset) return failed("make a Landlock ruleset");
  return ruleset;
}

Result<> restrict_self(const UniqueFd& ruleset) {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return failed("set no_new_privs");
  if (::syscall(SYS_landlock_restrict_self, ruleset.get(), 0) != 0)
    return failed("enforce a Landlock ruleset");
  return {};
}

// The newest form that the kernel takes; unknown rights are EINVAL, a larger structure E2BIG.
Result<Form> newest_form() {
  for (const Form& form : kForms) {
    const auto ruleset = make_ruleset(form);
    if (ruleset) return form;
    if (ruleset.error().errnum != EINVAL && ruleset.error().errnum != E2BIG)
      return std::unexpected(ruleset.error());
  }
  return failed("make a Landlock ruleset", EINVAL);
}

bool opens(const char* path) { return static_cast<bool>(UniqueFd(::open(path, O_RDONLY | O_CLOEXEC))); }

Result<> make_file(const char* folder, const char* file) {
  if ((::mkdir(folder, 0700) != 0 && errno != EEXIST) ||
      !UniqueFd(::open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600)))
    return failed("make a file to protect");
  if (!opens(file)) return failed("open a file that nothing protects");
  return {};
}

}  // namespace

Result<> try_landlock(const Ground&) {
  TRY(make_file("allowed", "allowed/file"));
  TRY(make_file("denied", "denied/file"));
  const Form form = TRY(newest_form());
  if (form.abi < kLeastAbi) return failed("make a Landlock ruleset that knows moves between folders", ENOSYS);
  return in_child([&]() -> Result<> {
    const UniqueFd ruleset = TRY(make_ruleset(form));
    const UniqueFd folder(::open("allowed", O_PATH | O_DIRECTORY | O_CLOEXEC));
    const PathRule rule{kReadFile | kReadDirectory, folder.get()};
    if (::syscall(SYS_landlock_add_rule, ruleset.get(), kPathBeneath, &rule, 0) != 0)
      return failed("add a Landlock rule");
    TRY(restrict_self(ruleset));
    if (!opens("allowed/file")) return failed("open what a Landlock rule allows");
    if (opens("denied/file")) return got_through("Landlock was on, and a file without a rule was opened");
    return {};
  });
}

Result<> try_landlock_scopes(const Ground&) {
  const Form form = TRY(newest_form());
  if (form.rules.scopes == 0) return failed("make a Landlock ruleset with scopes", ENOSYS);
  const Form scopes{form.abi, {0, 0, kScopeAbstract | kScopeSignal}, form.size};
  const AbstractSocket server = TRY(AbstractSocket::listen());
  return in_child([&]() -> Result<> {
    const pid_t outside = ::getppid();
    if (!server.answers() || ::kill(outside, 0) != 0) return failed("reach what no scope protects");
    TRY(restrict_self(TRY(make_ruleset(scopes))));
    if (server.answers()) return got_through("an abstract socket outside of the Landlock scope answered");
    if (::kill(outside, 0) == 0)
      return got_through("a process outside of the Landlock scope can be signalled");
    return {};
  });
}

}  // namespace pawl::probe
