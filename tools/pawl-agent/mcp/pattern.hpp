// RE2 patterns as JSON Schema patterns (ECMA-262 with the u flag, as validators compile them). Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pawl::agent::mcp {

// Anchored for a full match. Nothing where the two dialects may read the pattern differently: a schema that a
// client cannot compile would cost it all tools, so doubt leaves the pattern out (the description has it in
// words).
std::optional<std::string> ecma_pattern(std::string_view re2);

}  // namespace pawl::agent::mcp
