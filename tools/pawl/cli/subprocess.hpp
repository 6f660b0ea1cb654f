// Runs one of the person's own programs (ssh-keygen, ssh-add) and takes what it prints. Runs as the person.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/base/error.hpp"

namespace pawl::cli {

struct ProgramRun {
  std::vector<std::string> argv;                                  // argv[0] is looked up in PATH
  std::string_view input;                                         // its standard input
  std::chrono::milliseconds patience = std::chrono::minutes(10);  // people touch keys and type passphrases
  std::size_t most_output = 64 * 1024;                            // bytes
  enum class Complaints : std::uint8_t {
    shown,
    hidden
  } complaints = Complaints::shown;  // its standard error
};
struct ProgramResult {
  int exit_code = 0;  // 128+N for a signal
  std::string output;
};

Result<ProgramResult> run_program(const ProgramRun& run);

}  // namespace pawl::cli
