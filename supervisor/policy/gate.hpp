// A gate: what a role's people may ask to have released to a pipeline. It bounds what may ever be asked; the
// broker never runs it. Plain data, and the comparison of a proposal with it. Runs in pawld; the proposal is
// a person's bytes. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "sandbox/base/error.hpp"

namespace pawl::policy {

// One word of the command.
struct GateArgument {
  enum class Kind : std::uint8_t { literal, pattern };
  enum class Dash : std::uint8_t { refused, allowed };
  Kind kind = Kind::literal;
  std::string text;                   // literal: exactly this. pattern: RE2, must match the whole word
  Dash leading_dash = Dash::refused;  // of a pattern
};

struct Gate {
  std::string name;
  std::string description;
  std::string approval;                               // rule in approvals.toml
  std::vector<GateArgument> command;                  // the first is a literal
  std::vector<std::string> inputs;                    // files that every proposal must hand over
  std::uint64_t inputs_max = std::uint64_t{1} << 20;  // bytes of each
  std::chrono::seconds expires{0};                    // 0: the rule's
  std::vector<std::string> proposers;                 // "@group", "person"; empty: who may launch the role
};

// Word for word what the gate lets ask for.
Result<> check_gate_command(const Gate& gate, std::span<const std::string> argv);
// All that it demands are there, no other bound than their number and size.
Result<> check_gate_inputs(const Gate& gate, std::span<const std::string> names);

}  // namespace pawl::policy
