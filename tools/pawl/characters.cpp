#include "tools/pawl/characters.hpp"

#include <algorithm>
#include <string>

namespace pawl::run {

std::optional<Characters> characters_of(std::string_view locale) {
  std::string lower(locale);
  std::ranges::transform(lower, lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; });
  if (lower.find("utf-8") != std::string::npos || lower.find("utf8") != std::string::npos)
    return Characters::utf8;
  if (lower.empty() || lower == "c" || lower == "posix") return std::nullopt;
  return Characters::single_bytes;
}

}  // namespace pawl::run
