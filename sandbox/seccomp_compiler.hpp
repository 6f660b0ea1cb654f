// How a profile becomes a BPF program. Usable while pawl is compiled, so that the profile that nearly every
// session has is a table in the launcher (seccomp_standard.cpp); the others are compiled at launch
// (compile_filter()).
#pragma once

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <span>
#include <vector>

#include "sandbox/seccomp_profile.hpp"

namespace pawl::sandbox {

class FilterCompiler {
 public:
  // `changed` rows take the place of the profile's own.
  constexpr FilterCompiler(const Profile& profile, std::span<const Row> changed, std::uint32_t executable_fd)
      : profile_(profile), changed_(changed), executable_fd_(executable_fd) {}

  constexpr std::vector<sock_filter> program() const {
    std::vector<sock_filter> whole{load(offsetof(seccomp_data, arch)), branch(BPF_JEQ, kOurAbi, 1, 0),
                                   answer(Verdict::kill), load(offsetof(seccomp_data, nr))};
    append(whole, tree(ranges()));
    return whole;
  }

 private:
  static constexpr std::uint32_t kOurAbi = AUDIT_ARCH_X86_64;
  static constexpr std::uint32_t kX32Bit = 0x40000000;  // x32 numbers carry this bit and the same arch value
  static constexpr std::uint32_t kMaxJump = 255;
  static constexpr int kNothing = -1;

  struct Leaf {
    Verdict verdict;
    const Check* check;
    bool operator==(const Leaf&) const = default;
  };

  struct Range {
    std::uint32_t first;  // up to the next range's first
    Leaf leaf;
  };

  static constexpr sock_filter statement(unsigned code, std::uint32_t k) {
    return {static_cast<std::uint16_t>(code), 0, 0, k};
  }
  static constexpr sock_filter branch(unsigned code, std::uint32_t k, std::size_t if_true,
                                      std::size_t if_false) {
    return {static_cast<std::uint16_t>(BPF_JMP | code | BPF_K), static_cast<std::uint8_t>(if_true),
            static_cast<std::uint8_t>(if_false), k};
  }
  static constexpr sock_filter load(std::size_t offset) {
    return statement(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset));
  }

  static constexpr sock_filter answer(Verdict verdict) {
    const auto with_errno = [](int number) { return SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(number); };
    std::uint32_t action = SECCOMP_RET_KILL_PROCESS;
    if (verdict == Verdict::allow) action = SECCOMP_RET_ALLOW;
    if (verdict == Verdict::eperm) action = with_errno(EPERM);
    if (verdict == Verdict::enosys) action = with_errno(ENOSYS);
    if (verdict == Verdict::enoent) action = with_errno(ENOENT);
    return statement(BPF_RET | BPF_K, action);
  }

  // The low half of a 64-bit argument (x86_64 is little-endian).
  static constexpr std::size_t low_half_of(std::uint8_t argument) {
    return offsetof(seccomp_data, args) + std::size_t{8} * argument;
  }

  static constexpr void append(std::vector<sock_filter>& to, const std::vector<sock_filter>& more) {
    to.insert(to.end(), more.begin(), more.end());
  }

  static constexpr void judge(std::span<const Row> rows, std::vector<Leaf>& leaves) {
    for (const Row& row : rows) leaves[row.number] = {row.verdict, row.check};
  }

  constexpr std::vector<Range> ranges() const {
    std::vector<Leaf> leaves(static_cast<std::size_t>(newest_call()) + 1, Leaf{Verdict::enosys, nullptr});
    for (const Call& known : kCalls)
      if (number_of(known) >= 0) leaves[static_cast<std::size_t>(number_of(known))].verdict = Verdict::eperm;
    if (profile_.base != nullptr) judge(profile_.base->rows, leaves);
    judge(profile_.rows, leaves);
    judge(changed_, leaves);
    leaves.push_back({Verdict::enosys, nullptr});
    std::vector<Range> merged;
    for (std::uint32_t number = 0; number < leaves.size(); ++number)
      if (merged.empty() || !(merged.back().leaf == leaves[number]))
        merged.push_back({number, leaves[number]});
    merged.push_back({kX32Bit, {Verdict::kill, nullptr}});
    return merged;
  }

  constexpr std::vector<sock_filter> tree(std::span<const Range> ranges) const {
    if (ranges.size() == 1) return leaf(ranges[0].leaf);
    const std::size_t middle = ranges.size() / 2;
    const std::vector<sock_filter> lower = tree(ranges.first(middle));
    std::vector<sock_filter> whole;
    if (lower.size() <= kMaxJump) {
      whole.push_back(branch(BPF_JGE, ranges[middle].first, lower.size(), 0));
    } else {
      whole.push_back(branch(BPF_JGE, ranges[middle].first, 0, 1));
      whole.push_back(statement(BPF_JMP | BPF_JA, static_cast<std::uint32_t>(lower.size())));
    }
    append(whole, lower);
    append(whole, tree(ranges.subspan(middle)));
    return whole;
  }

  constexpr std::vector<sock_filter> leaf(const Leaf& leaf) const {
    if (leaf.check == nullptr) return {answer(leaf.verdict)};
    std::vector<sock_filter> whole;
    int loaded = kNothing;  // the argument that the accumulator holds, whole
    for (const Clause& clause : leaf.check->any()) append(whole, tests(clause, loaded, leaf.verdict));
    whole.push_back(answer(Verdict::eperm));
    return whole;
  }

  // The tests of one clause, then its verdict; a test that fails jumps behind it.
  constexpr std::vector<sock_filter> tests(const Clause& clause, int& loaded, Verdict verdict) const {
    std::vector<sock_filter> whole;
    std::vector<std::size_t> branches;
    for (const Test& test : clause.all()) {
      if (loaded != test.argument) whole.push_back(load(low_half_of(test.argument)));
      loaded = test.argument;
      if (test.mask != 0xffffffff) {
        whole.push_back(statement(BPF_ALU | BPF_AND | BPF_K, test.mask));
        loaded = kNothing;
      }
      branches.push_back(whole.size());
      whole.push_back(branch(BPF_JEQ, value_of(test), 0, 0));
    }
    // An early exit reaches the next clause with an earlier argument in the accumulator.
    if (clause.count > 1) loaded = kNothing;
    whole.push_back(answer(verdict));
    for (std::size_t i = 0; i < branches.size(); ++i) {
      const auto behind = static_cast<std::uint8_t>(whole.size() - branches[i] - 1);
      sock_filter& jump = whole[branches[i]];
      (clause.tests[i].compare == Compare::equal ? jump.jf : jump.jt) = behind;
    }
    return whole;
  }

  constexpr std::uint32_t value_of(const Test& test) const {
    return test.operand == Operand::executable_fd ? executable_fd_ : test.value;
  }

  const Profile& profile_;
  std::span<const Row> changed_;
  std::uint32_t executable_fd_;
};

// The profile's program, unchanged, as a table. Only for profiles without Operand::executable_fd.
template <const Profile& kProfile>
consteval auto compiled() {
  std::array<sock_filter, FilterCompiler(kProfile, {}, 0).program().size()> fixed{};
  std::ranges::copy(FilterCompiler(kProfile, {}, 0).program(), fixed.begin());
  return fixed;
}

}  // namespace pawl::sandbox
