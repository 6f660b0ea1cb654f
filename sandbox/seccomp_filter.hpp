// Compiles a profile to a classic BPF program for seccomp(2). Numbers with the same verdict are merged to
// ranges and found by a binary tree: a few comparisons a call, and a program short enough that the kernel,
// which runs it once for every number when it is installed, is done quickly. Runs in the launcher, before
// clone.
#pragma once

#include <linux/filter.h>

#include <string>
#include <vector>

#include "sandbox/base/error.hpp"
#include "sandbox/seccomp_profile.hpp"

namespace pawl::sandbox {

using FilterProgram = std::vector<sock_filter>;

struct FilterParameters {
  std::uint32_t executable_fd = 0;              // Operand::executable_fd
  std::span<const SyscallChange> changes = {};  // without a complaint (seccomp_changes.hpp)
};

Result<FilterProgram> compile_filter(const Profile& profile, const FilterParameters& parameters = {});

// One instruction a line, for reviews and golden files.
std::string disassemble(const FilterProgram& program);

}  // namespace pawl::sandbox
