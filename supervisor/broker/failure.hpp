// An Error on its way to a peer. Pure.
#pragma once

#include "sandbox/base/error.hpp"
#include "supervisor/broker/connection.hpp"
#include "supervisor/policy/people.hpp"

namespace pawl::broker {

inline void answer_error(Connection& connection, wire::FailureKind kind, const Error& error) {
  // The remedy travels on its own; the text keeps cause and trail.
  connection.refuse(kind, Error{error.errnum, error.trail, {}}.text(), error.remedy);
}

// To whom nothing is shown: as a stranger, or because it cannot be told who they are.
inline void refuse_stranger(Connection& connection, const Result<const policy::Person*>& person) {
  if (!person) return answer_error(connection, wire::FailureKind::invalid_policy, person.error());
  connection.refuse(wire::FailureKind::refused, "people.toml does not know you",
                    "ask the operator to add your uid");
}

}  // namespace pawl::broker
