// An Error on its way to a peer. Pure.
#pragma once

#include "sandbox/base/error.hpp"
#include "supervisor/broker/connection.hpp"

namespace pawl::broker {

inline void answer_error(Connection& connection, wire::FailureKind kind, const Error& error) {
  // The remedy travels on its own; the text keeps cause and trail.
  connection.refuse(kind, Error{error.errnum, error.trail, {}}.text(), error.remedy);
}

}  // namespace pawl::broker
