#include "sandbox/seccomp_filter.hpp"

#include <cstring>

#include "sandbox/seccomp_changes.hpp"
#include "sandbox/seccomp_compiler.hpp"

namespace pawl::sandbox {
namespace {

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
  std::vector<Row> changed;
  for (const SyscallChange& change : parameters.changes) changed.push_back(row_of(change));
  FilterProgram program = FilterCompiler(profile, changed, parameters.executable_fd).program();
  if (program.size() > BPF_MAXINSNS)
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
