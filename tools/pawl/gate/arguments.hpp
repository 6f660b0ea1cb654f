// The command line of `pawl gate`. Pure; reads the words of whoever wrote the pipeline.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sandbox/base/error.hpp"

namespace pawl::gate {

inline constexpr unsigned kUsualQuorum = 2;

// Whether the approval of who asked for it counts.
enum class Requester : std::uint8_t { excluded, counts };

struct GateCommand {
  std::string receipt, signers;        // files
  std::string subject;                 // "git:" and a full commit id
  std::string role, action, audience;  // empty: whatever the receipt says
  std::string once;                    // directory of the burned list; empty: none is kept
  std::string tree;                    // work tree whose HEAD must be the subject; empty: not looked at
  unsigned quorum = kUsualQuorum;
  Requester requester = Requester::excluded;
  bool verbose = false;
  std::vector<std::string> inputs;  // paths
  std::vector<std::string> argv;    // CMD, never empty
};
struct GateHelp {};

Result<std::variant<GateCommand, GateHelp>> parse_gate(std::span<const std::string> words);
std::string_view gate_help();

}  // namespace pawl::gate
