// What `pawl doctor` says of one layer. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "sandbox/base/bytes.hpp"
#include "sandbox/base/error.hpp"

namespace pawl::cli {

enum class State : std::uint8_t {
  missing,     // needed, and not there
  not_needed,  // not there, and nothing that every session needs
  works,       // enforced for real, and an attack on it failed
};
constexpr State last_of(State) { return State::works; }

struct Finding {
  State state = State::missing;
  std::string cause;  // of what does not work; may quote the host
  std::string remedy;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.state, self.cause, self.remedy);
  }
};

inline Finding missing(const Error& error) {
  return {State::missing, Error{error.errnum, error.trail, {}}.text(), error.remedy};
}

enum class Required : std::uint8_t { no, yes };

struct Row {
  std::string layer;
  std::string holds;  // what is held by it
  Required required = Required::yes;
  Finding finding;
};

}  // namespace pawl::cli
