// Patterns for parameters (RE2) and the places where parameters stand in an argument. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pawl::policy {

// Why RE2 refuses the pattern; nullopt: it compiles within its memory limit.
std::optional<std::string> pattern_flaw(const std::string& pattern);
// The whole value matches. A pattern that does not compile matches nothing.
bool matches_whole(const std::string& pattern, std::string_view value);

// "{name}" in an argument, in order: everything that is spelt like a parameter, declared or not. Other braces
// are text.
std::vector<std::string> parameters_in(std::string_view argument);

}  // namespace pawl::policy
