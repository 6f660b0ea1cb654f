// "Did you mean …": the known name that a mistyped one is closest to. Pure.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace pawl::tools {

// Nothing when no name is near enough to be meant.
std::optional<std::string_view> nearest(std::string_view typed, std::span<const std::string_view> known);
// " (did you mean 'x'?)", or empty.
std::string did_you_mean(std::string_view typed, std::span<const std::string_view> known);

}  // namespace pawl::tools
