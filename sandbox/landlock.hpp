// The second wall around files, abstract sockets and signals (landlock(7)): even if a mount were missing or
// writable by mistake, the session could not use it. The launcher prepares data, the child applies it; reads
// nobody's bytes.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sandbox/base/error.hpp"
#include "sandbox/plan.hpp"

namespace pawl::sandbox {

// A file or folder of the new root and the rights below it (LANDLOCK_ACCESS_FS_*). Where `path` is null it
// is the file behind `descriptor`.
struct LandlockRule {
  const char* path = nullptr;
  int descriptor = -1;
  std::uint64_t access = 0;
};

struct LandlockPlan {
  std::uint64_t files = 0;   // every right that is judged; what no rule gives is refused
  std::uint64_t scopes = 0;  // LANDLOCK_SCOPE_*
  std::span<const LandlockRule> rules;
};

// What the running kernel enforces: its ABI (landlock_create_ruleset(2)), 0 for none.
int landlock_abi() noexcept;

// Refused where the kernel's ABI is below the plan's floor.
Result<LandlockPlan> landlock_rights(std::uint32_t floor);

// What may be done below a mount, out of `files`. Devices can be opened for writing, never made.
std::uint64_t landlock_access(const Mount& mount, std::uint64_t files) noexcept;
std::uint64_t landlock_read_access(std::uint64_t files) noexcept;     // reading, and executing
std::uint64_t landlock_program_access(std::uint64_t files) noexcept;  // for a rule on one file

// For the child: 0 or an errno. A path that is not there gives no right; a file gets those that files have.
int restrict_by_landlock(const LandlockPlan& plan) noexcept;

}  // namespace pawl::sandbox
