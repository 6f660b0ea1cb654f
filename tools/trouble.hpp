// Why a command could not do what it was told, with the exit code that says the same. Runs in people's and
// agents' tools.
#pragma once

#include <expected>
#include <string>

#include "sandbox/base/error.hpp"
#include "supervisor/wire/client.hpp"
#include "tools/exit_code.hpp"

namespace pawl::tools {

struct [[nodiscard]] Trouble {
  ExitCode code = ExitCode::failed;
  std::string text;
  std::string remedy;  // may be empty

  Trouble(ExitCode exit_code, std::string what, std::string what_to_do = {})
      : code(exit_code), text(std::move(what)), remedy(std::move(what_to_do)) {}
  // Implicit, so that TRY carries errors of all layers to where they are printed.
  Trouble(Error error)
      : text(Error{error.errnum, std::move(error.trail), {}}.text()), remedy(std::move(error.remedy)) {}
  Trouble(wire::AskError error)
      : code(error.kind == wire::AskError::Kind::unreachable ? ExitCode::unreachable
                                                             : exit_code_of(error.failure.kind)),
        text(std::move(error.failure.text)),
        remedy(std::move(error.failure.remedy)) {}

  std::string line() const { return remedy.empty() ? text : text + " (" + remedy + ")"; }
};

template <class T = void>
using Outcome = std::expected<T, Trouble>;

inline std::unexpected<Trouble> trouble(ExitCode code, std::string text, std::string remedy = {}) {
  return std::unexpected(Trouble(code, std::move(text), std::move(remedy)));
}

}  // namespace pawl::tools
