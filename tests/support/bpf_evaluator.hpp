// Runs a classic BPF program of seccomp(2) on a made-up call, as the kernel would: the filter is judged by
// what it answers, not by how it was written.
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>

#include <cstdint>
#include <span>

namespace pawl::testing {

// The filter's answer (SECCOMP_RET_*). Throws std::runtime_error for an instruction that the kernel would not
// take, a jump out of the program, or a load out of bounds.
std::uint32_t evaluate(std::span<const sock_filter> program, const seccomp_data& call);

// The most instructions that any path can run.
std::size_t longest_path(std::span<const sock_filter> program);

}  // namespace pawl::testing
