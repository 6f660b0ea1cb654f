// What makes the host execute things when it stands in a workspace: kept read-only in every direct workspace,
// and of an overlay's changes applied only when confirmed on its own, whatever the role says. Patterns as in
// sandbox/plan.hpp. Pure data.
#pragma once

#include <span>
#include <string_view>

namespace pawl::policy {

struct ProtectedPattern {
  std::string_view pattern;
  std::string_view reason;  // what runs it
};

std::span<const ProtectedPattern> protected_patterns();

}  // namespace pawl::policy
