#include "sandbox/landlock.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "sandbox/base/mount_api.hpp"

namespace pawl::sandbox {
namespace {

// linux/landlock.h of newer kernels; Debian 12's headers know ABI 2.
struct RulesetAttributes {
  std::uint64_t handled_access_fs;
  std::uint64_t handled_access_net;  // since ABI 4
  std::uint64_t scoped;              // since ABI 6
};
struct [[gnu::packed]] PathBeneath {
  std::uint64_t allowed_access;
  std::int32_t parent_fd;
};
constexpr unsigned kRulePathBeneath = 1;
constexpr unsigned kVersion = 1;  // LANDLOCK_CREATE_RULESET_VERSION

constexpr std::uint64_t kExecute = 1u << 0, kWriteFile = 1u << 1, kReadFile = 1u << 2, kReadDir = 1u << 3;
constexpr std::uint64_t kMakeChar = 1u << 6, kMakeBlock = 1u << 11;
constexpr std::uint64_t kAbi1 = (1u << 13) - 1;   // up to MAKE_SYM
constexpr std::uint64_t kRefer = 1u << 13;        // ABI 2: into another folder; not judged is refused
constexpr std::uint64_t kTruncate = 1u << 14;     // ABI 3
constexpr std::uint64_t kIoctlDevice = 1u << 15;  // ABI 5
// The kernel refuses a rule for a file that gives rights of folders.
constexpr std::uint64_t kOfFiles = kExecute | kWriteFile | kReadFile | kTruncate | kIoctlDevice;
constexpr std::uint64_t kAbstractSockets = 1u << 0, kSignals = 1u << 1;  // ABI 6

std::uint64_t files_of(int abi) {
  std::uint64_t files = kAbi1;
  if (abi >= 2) files |= kRefer;
  if (abi >= 3) files |= kTruncate;
  if (abi >= 5) files |= kIoctlDevice;
  return files;
}

// `path` is absolute. No link leads elsewhere: the launcher made the mounts so, too.
int open_ruled(int root, const char* path) noexcept {
  return open_beneath(root, path[1] == '\0' ? "." : path + 1, O_PATH);
}

std::string what_is_missing(int abi, std::uint32_t floor) {
  if (abi == 0)
    return "boot with landlock in the kernel's list of security modules (lsm=landlock,...), or use a kernel "
           "from 5.19 on that is built with CONFIG_SECURITY_LANDLOCK";
  const std::string newer = "use a newer kernel (ABI 2: Linux 5.19, 3: 6.2, 4: 6.7, 5: 6.10, 6: 6.12)";
  return floor > kLeastLandlock ? newer + ", or lower sandbox.landlock in the role" : newer;
}

}  // namespace

int landlock_abi() noexcept {
  const long abi = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, kVersion);
  return abi > 0 ? static_cast<int>(abi) : 0;
}

Result<LandlockPlan> landlock_rights(std::uint32_t floor) {
  const int abi = landlock_abi();
  if (abi < static_cast<int>(floor))
    return refuse(
        "this kernel's Landlock has ABI " + std::to_string(abi) + ", the plan needs " + std::to_string(floor),
        what_is_missing(abi, floor));
  return LandlockPlan{files_of(abi), abi >= 6 ? kAbstractSockets | kSignals : 0, {}};
}

std::uint64_t landlock_read_access(std::uint64_t files) noexcept {
  return files & (kExecute | kReadFile | kReadDir);
}

std::uint64_t landlock_program_access(std::uint64_t files) noexcept { return files & (kExecute | kReadFile); }

std::uint64_t landlock_access(const Mount& mount, std::uint64_t files) noexcept {
  switch (mount.kind) {
    case MountKind::overlay:
      if (mount.changes == kNone) break;  // nothing is ever written there
      [[fallthrough]];
    case MountKind::writable:
    case MountKind::tmpfs:
      return files & ~(kMakeChar | kMakeBlock);
    case MountKind::devices:
      return files & (kReadFile | kReadDir | kWriteFile | kTruncate | kIoctlDevice);
    case MountKind::directory:
    case MountKind::file:
    case MountKind::symlink:
    case MountKind::read_only:
    case MountKind::proc:
      break;
  }
  return landlock_read_access(files);
}

int restrict_by_landlock(const LandlockPlan& plan) noexcept {
  RulesetAttributes attributes{plan.files, 0, plan.scopes};
  // Older kernels refuse a longer structure unless the rest is zero.
  const std::size_t size = plan.scopes != 0 ? sizeof(attributes) : sizeof(attributes.handled_access_fs);
  const int ruleset = static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, size, 0));
  if (ruleset < 0) return errno;
  const int root = ::open("/", O_PATH | O_CLOEXEC);
  if (root < 0) return errno;
  for (const LandlockRule& rule : plan.rules) {
    const int file = rule.path != nullptr ? open_ruled(root, rule.path) : rule.descriptor;
    if (file < 0 && errno == ENOENT) continue;
    if (file < 0) return errno;
    struct stat status{};
    if (::fstat(file, &status) != 0) return errno;
    const PathBeneath beneath{S_ISDIR(status.st_mode) ? rule.access : rule.access & kOfFiles, file};
    const long added = ::syscall(SYS_landlock_add_rule, ruleset, kRulePathBeneath, &beneath, 0);
    const int error = added < 0 ? errno : 0;
    if (rule.path != nullptr) ::close(file);
    if (error != 0) return error;
  }
  ::close(root);
  if (::syscall(SYS_landlock_restrict_self, ruleset, 0) != 0) return errno;
  return ::close(ruleset) == 0 ? 0 : errno;
}

}  // namespace pawl::sandbox
