#include "sandbox/seccomp_filter.hpp"

#include <linux/audit.h>
#include <linux/seccomp.h>

#include <cstddef>
#include <cstring>

#include "sandbox/seccomp_changes.hpp"

namespace pawl::sandbox {
namespace {

constexpr std::uint32_t kOurAbi = AUDIT_ARCH_X86_64;
constexpr std::uint32_t kX32Bit = 0x40000000;  // x32 numbers carry this bit and the same arch value
constexpr std::uint32_t kMaxJump = 255;
constexpr std::size_t kMaxProgram = BPF_MAXINSNS;
constexpr int kNothing = -1;

struct Leaf {
  Verdict verdict;
  const Check* check;
  bool operator==(const Leaf&) const = default;
};

struct Range {
  std::uint32_t first;  // up to the next range's first
  Leaf leaf;
};

sock_filter statement(unsigned code, std::uint32_t k) { return {static_cast<std::uint16_t>(code), 0, 0, k}; }
sock_filter branch(unsigned code, std::uint32_t k, std::size_t if_true, std::size_t if_false) {
  return {static_cast<std::uint16_t>(BPF_JMP | code | BPF_K), static_cast<std::uint8_t>(if_true),
          static_cast<std::uint8_t>(if_false), k};
}
sock_filter load(std::size_t offset) {
  return statement(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset));
}

sock_filter answer(Verdict verdict) {
  const auto with_errno = [](int number) { return SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(number); };
  std::uint32_t action = SECCOMP_RET_KILL_PROCESS;
  if (verdict == Verdict::allow) action = SECCOMP_RET_ALLOW;
  if (verdict == Verdict::eperm) action = with_errno(EPERM);
  if (verdict == Verdict::enosys) action = with_errno(ENOSYS);
  if (verdict == Verdict::enoent) action = with_errno(ENOENT);
  return statement(BPF_RET | BPF_K, action);
}

// The low half of a 64-bit argument (x86_64 is little-endian).
std::size_t low_half_of(std::uint8_t argument) {
  return offsetof(seccomp_data, args) + std::size_t{8} * argument;
}

class Compiler {
 public:
  Compiler(const Profile& profile, const FilterParameters& parameters)
      : profile_(profile), parameters_(parameters) {}

  FilterProgram program() const {
    FilterProgram whole{load(offsetof(seccomp_data, arch)), branch(BPF_JEQ, kOurAbi, 1, 0),
                        answer(Verdict::kill), load(offsetof(seccomp_data, nr))};
    append(whole, tree(ranges()));
    return whole;
  }

 private:
  static void append(FilterProgram& to, const FilterProgram& more) {
    to.insert(to.end(), more.begin(), more.end());
  }

  static void judge(std::span<const Row> rows, std::vector<Leaf>& leaves) {
    for (const Row& row : rows) leaves[row.number] = {row.verdict, row.check};
  }

  std::vector<Range> ranges() const {
    std::vector<Leaf> leaves(static_cast<std::size_t>(newest_call()) + 1, Leaf{Verdict::enosys, nullptr});
    for (const Call& known : kCalls)
      if (number_of(known) >= 0) leaves[static_cast<std::size_t>(number_of(known))].verdict = Verdict::eperm;
    if (profile_.base != nullptr) judge(profile_.base->rows, leaves);
    judge(profile_.rows, leaves);
    for (const SyscallChange& change : parameters_.changes) {
      const Row row = row_of(change);
      judge({&row, 1}, leaves);
    }
    leaves.push_back({Verdict::enosys, nullptr});
    std::vector<Range> merged;
    for (std::uint32_t number = 0; number < leaves.size(); ++number)
      if (merged.empty() || !(merged.back().leaf == leaves[number]))
        merged.push_back({number, leaves[number]});
    merged.push_back({kX32Bit, {Verdict::kill, nullptr}});
    return merged;
  }

  FilterProgram tree(std::span<const Range> ranges) const {
    if (ranges.size() == 1) return leaf(ranges[0].leaf);
    const std::size_t middle = ranges.size() / 2;
    const FilterProgram lower = tree(ranges.first(middle));
    FilterProgram whole;
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

  FilterProgram leaf(const Leaf& leaf) const {
    if (leaf.check == nullptr) return {answer(leaf.verdict)};
    FilterProgram whole;
    int loaded = kNothing;  // the argument that the accumulator holds, whole
    for (const Clause& clause : leaf.check->any()) append(whole, tests(clause, loaded, leaf.verdict));
    whole.push_back(answer(Verdict::eperm));
    return whole;
  }

  // The tests of one clause, then its verdict; a test that fails jumps behind it.
  FilterProgram tests(const Clause& clause, int& loaded, Verdict verdict) const {
    FilterProgram whole;
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

  std::uint32_t value_of(const Test& test) const {
    return test.operand == Operand::executable_fd ? parameters_.executable_fd : test.value;
  }

  const Profile& profile_;
  const FilterParameters& parameters_;
};

std::string hexadecimal(std::uint32_t value) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (int shift = 28; shift >= 0; shift -= 4)
    if (!text.empty() || (value >> shift & 15) != 0 || shift == 0) text += digits[value >> shift & 15];
  return "0x" + text;
}

std::string describe(const sock_filter& instruction) {
  const std::string k = hexadecimal(instruction.k);
  const std::string jumps = " +" + std::to_string(instruction.jt) + " +" + std::to_string(instruction.jf);
  switch (instruction.code) {
    case BPF_LD | BPF_W | BPF_ABS:
      if (instruction.k == offsetof(seccomp_data, nr)) return "load number";
      if (instruction.k == offsetof(seccomp_data, arch)) return "load arch";
      return "load argument " + std::to_string((instruction.k - offsetof(seccomp_data, args)) / 8);
    case BPF_ALU | BPF_AND | BPF_K:
      return "and " + k;
    case BPF_JMP | BPF_JEQ | BPF_K:
      return "if = " + k + jumps;
    case BPF_JMP | BPF_JGE | BPF_K:
      return "if >= " + std::to_string(instruction.k) + jumps;
    case BPF_JMP | BPF_JA:
      return "skip " + std::to_string(instruction.k);
    default:
      break;
  }
  if (instruction.k == SECCOMP_RET_ALLOW) return "allow";
  if (instruction.k == SECCOMP_RET_KILL_PROCESS) return "kill";
  return "errno " + std::string(strerrorname_np(static_cast<int>(instruction.k & SECCOMP_RET_DATA)));
}

}  // namespace

Result<FilterProgram> compile_filter(const Profile& profile, const FilterParameters& parameters) {
  FilterProgram program = Compiler(profile, parameters).program();
  if (program.size() > kMaxProgram)
    return refuse("filter " + std::string(profile.name) + " is longer than the kernel takes");
  return program;
}

std::string disassemble(const FilterProgram& program) {
  std::string text;
  for (std::size_t i = 0; i < program.size(); ++i)
    text += std::to_string(i) + ": " + describe(program[i]) + "\n";
  return text;
}

}  // namespace pawl::sandbox
