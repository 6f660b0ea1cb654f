// The command that a gate lets through: found before a receipt is marked as used, started last. Runs in
// pawl-gate, as the runner.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sandbox/base/error.hpp"
#include "sandbox/base/unique_fd.hpp"
#include "tools/pawl/gate/regular_file.hpp"

namespace pawl::gate {

// A copy in memory that nobody can change any more, and what it measures.
struct SealedProgram {
  UniqueFd file;
  Measured measured;
};
Result<SealedProgram> seal_program(int source);

// Path of what argv[0] means: itself with a slash in it, else looked up in PATH.
Result<std::string> find_command(const std::string& word);

// Does not return unless it failed. The environment and standard streams stay as they are.
Error start(const std::string& path, const std::vector<std::string>& argv);
Error start(const SealedProgram& program, const std::vector<std::string>& argv);

}  // namespace pawl::gate
