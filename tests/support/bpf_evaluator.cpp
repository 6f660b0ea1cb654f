#include "tests/support/bpf_evaluator.hpp"

#include <cstring>
#include <stdexcept>
#include <vector>

namespace pawl::testing {

std::uint32_t evaluate(std::span<const sock_filter> program, const seccomp_data& call) {
  std::uint32_t accumulator = 0;
  for (std::size_t at = 0; at < program.size(); ++at) {
    const sock_filter& instruction = program[at];
    const std::uint32_t k = instruction.k;
    switch (instruction.code) {
      case BPF_LD | BPF_W | BPF_ABS:
        if (k % 4 != 0 || k + 4 > sizeof(call)) throw std::runtime_error("load out of bounds");
        std::memcpy(&accumulator, reinterpret_cast<const char*>(&call) + k, 4);
        break;
      case BPF_ALU | BPF_AND | BPF_K:
        accumulator &= k;
        break;
      case BPF_JMP | BPF_JEQ | BPF_K:
        at += accumulator == k ? instruction.jt : instruction.jf;
        break;
      case BPF_JMP | BPF_JGE | BPF_K:
        at += accumulator >= k ? instruction.jt : instruction.jf;
        break;
      case BPF_JMP | BPF_JA:
        at += k;
        break;
      case BPF_RET | BPF_K:
        return k;
      default:
        throw std::runtime_error("unknown instruction");
    }
  }
  throw std::runtime_error("ran out of the program");
}

std::size_t longest_path(std::span<const sock_filter> program) {
  std::vector<std::size_t> from(program.size() + 256, 0);  // jumps only go forward
  for (std::size_t at = program.size(); at-- > 0;) {
    const sock_filter& instruction = program[at];
    if (BPF_CLASS(instruction.code) == BPF_RET) {
      from[at] = 1;
    } else if (instruction.code == (BPF_JMP | BPF_JA)) {
      from[at] = 1 + from[at + 1 + instruction.k];
    } else if (BPF_CLASS(instruction.code) == BPF_JMP) {
      from[at] = 1 + std::max(from[at + 1 + instruction.jt], from[at + 1 + instruction.jf]);
    } else {
      from[at] = 1 + from[at + 1];
    }
  }
  return from.empty() ? 0 : from[0];
}

}  // namespace pawl::testing
