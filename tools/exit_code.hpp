// Exit codes of pawl's commands: a contract with scripts (`pawl --help` lists them). Runs in people's and
// agents' tools.
#pragma once

#include "supervisor/wire/common.hpp"

namespace pawl::tools {

enum class ExitCode : int {
  done = 0,
  failed = 1,  // pawl-agent request: the action ran and failed
  usage = 2,
  refused = 3,  // or denied
  expired = 4,
  invalid_policy = 5,
  unreachable = 6,
  indeterminate = 7,
  pending = 75,         // EX_TEMPFAIL: ask again
  timed_out = 124,      // pawl run only: the role's wall time was reached, as timeout(1) says it
  pawl_failed = 125,    // pawl run only: pawl itself, never the command
  out_of_memory = 137,  // pawl run only: the role's memory limit was reached; 128 + SIGKILL
};

// Troubles that tell how the command ended; any other of pawl run and pawl attach is pawl's own.
constexpr bool tells_an_end(ExitCode code) {
  return code == ExitCode::timed_out || code == ExitCode::out_of_memory;
}

constexpr ExitCode exit_code_of(wire::FailureKind kind) {
  using Kind = wire::FailureKind;
  switch (kind) {
    case Kind::usage:
      return ExitCode::usage;
    case Kind::refused:
    case Kind::busy:
      return ExitCode::refused;
    case Kind::expired:
      return ExitCode::expired;
    case Kind::invalid_policy:
      return ExitCode::invalid_policy;
    case Kind::failed:
    case Kind::not_found:
      return ExitCode::failed;
  }
  return ExitCode::failed;
}

}  // namespace pawl::tools
