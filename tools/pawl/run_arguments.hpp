// The command line of `pawl run`. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "tools/trouble.hpp"

namespace pawl::run {

struct RunCommand {
  std::string role = "coder";
  std::string policy_file;  // --policy FILE: instead of a role's name
  std::string workspace = ".";
  std::vector<std::string> argv;
};
struct RunHelp {};

// `words`: what follows "run". Troubles carry pawl's own exit code, 125.
tools::Outcome<std::variant<RunCommand, RunHelp>> parse_run(std::span<const std::string> words);

std::string_view run_help();

}  // namespace pawl::run
