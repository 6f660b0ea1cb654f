// The command line of `pawl run`. Pure.
#pragma once

#include <cstdint>
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
  std::string detach_keys;  // as DetachKeys::parse() reads them; empty: the environment's, or the usual ones
  enum class Front : std::uint8_t { attached, detached } front = Front::attached;
  std::vector<std::string> argv;
};
struct RunHelp {};

struct AttachCommand {
  std::string session;
  std::string detach_keys;  // the same
  enum class Seat : std::uint8_t { free, any } seat = Seat::free;
};

// `words`: what follows "run". Troubles carry pawl's own exit code, 125.
tools::Outcome<std::variant<RunCommand, RunHelp>> parse_run(std::span<const std::string> words);

tools::Outcome<std::variant<AttachCommand, RunHelp>> parse_attach(std::span<const std::string> words);

std::string_view run_help();
std::string_view attach_help();

}  // namespace pawl::run
