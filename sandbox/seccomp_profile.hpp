// What a sandboxed program may ask of the kernel: allow-lists as plain tables of {call, verdict, argument
// check, reason}. A call without a row is refused. Runs in the launcher; reads nobody's bytes.
#pragma once

#include <linux/filter.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>

#include "sandbox/plan.hpp"
#include "sandbox/syscall_table.hpp"

namespace pawl::sandbox {

enum class Verdict : std::uint8_t {
  allow,
  eperm,   // refused
  enosys,  // refused as if the kernel did not have it, so that programs fall back
  enoent,  // refused as if the file were not there
  kill,    // the process dies: a foreign ABI has its own numbers, which no row describes
};

// Every argument that is checked is 32 bits wide in the kernel, so the filter never looks at the upper half:
// a comparison of all 64 bits could be evaded by setting a bit there (CVE-2019-10063).
enum class Compare : std::uint8_t { equal, differs };
enum class Operand : std::uint8_t { value, executable_fd };  // executable_fd: known at launch only
struct Test {
  std::uint8_t argument = 0;
  Compare compare = Compare::equal;
  Operand operand = Operand::value;
  std::uint32_t mask = 0xffffffff;
  std::uint32_t value = 0;
};

// All tests of a clause hold.
struct Clause {
  std::size_t count = 0;
  std::array<Test, 8> tests{};
  constexpr Clause() = default;
  constexpr Clause(std::initializer_list<Test> all) {
    for (const Test& test : all) tests[count++] = test;
  }
  constexpr std::span<const Test> all() const { return {tests.data(), count}; }
};

// At least one clause holds; else the call is refused with EPERM.
struct Check {
  std::size_t count = 0;
  std::array<Clause, 40> clauses{};
  constexpr std::span<const Clause> any() const { return {clauses.data(), count}; }
  constexpr Check& add(const Clause& clause) {
    clauses[count++] = clause;
    return *this;
  }
};

struct Row {
  std::uint16_t number;
  Verdict verdict;
  const Check* check;  // nullptr: whatever the arguments
  std::string_view reason;
};

struct Profile {
  std::string_view name;
  std::span<const Row> rows;
  const Profile* base = nullptr;  // whose rows hold for calls that have none here
  // compile_filter() of it without parameters, where that is known.
  std::span<const sock_filter> compiled = {};
};

// For agents and actions, by what a role may say. `standard` ("default" in a role) judges every known call in
// a row of its own; the other two are the same table with a few rows changed, each with its reason.
extern const Profile kStandardProfile;
extern const Profile kMinimalProfile;
extern const Profile kBuildProfile;
// One exec passes under these two: execveat of descriptor number `executable_fd` with AT_EMPTY_PATH, which is
// how the child starts the program. It holds afterwards because the number is the program's RLIMIT_NOFILE:
// the descriptor is closed by that exec and no call can make one with that number again, and because every
// mount of such a sandbox is noexec: an absolute path, with which execveat ignores its descriptor, leads to
// nothing that can be executed.
extern const Profile kServiceProfile;
extern const Profile kDialerProfile;
// Put on by the program itself.
extern const Profile kHunksProfile;

const Profile& profile_of(SyscallProfile profile);

// Profiles whose programs may execute others; roles and actions choose among these.
constexpr bool is_general(SyscallProfile profile) {
  return profile != SyscallProfile::service && profile != SyscallProfile::dialer;
}

}  // namespace pawl::sandbox
