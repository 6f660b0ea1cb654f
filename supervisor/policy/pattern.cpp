#include "supervisor/policy/pattern.hpp"

#include <re2/re2.h>

namespace pawl::policy {
namespace {

RE2::Options options() {
  RE2::Options chosen;
  chosen.set_log_errors(false);
  chosen.set_max_mem(
      std::int64_t{4} << 20);  // bytes; a pattern that wants more is refused when the policy is read
  return chosen;
}

}  // namespace

std::optional<std::string> pattern_flaw(const std::string& pattern) {
  if (pattern.size() > 4096) return "longer than 4096 bytes";
  const RE2 compiled(pattern, options());
  if (!compiled.ok()) return compiled.error();
  return std::nullopt;
}

bool matches_whole(const std::string& pattern, std::string_view value) {
  const RE2 compiled(pattern, options());
  return compiled.ok() && RE2::FullMatch(re2::StringPiece(value.data(), value.size()), compiled);
}

std::vector<std::string> parameters_in(std::string_view argument) {
  static constexpr std::string_view spelling =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
  std::vector<std::string> names;
  for (std::size_t open = argument.find('{'); open != std::string_view::npos;
       open = argument.find('{', open + 1)) {
    const std::size_t end = argument.find_first_not_of(spelling, open + 1);
    if (end != std::string_view::npos && argument[end] == '}' && end > open + 1)
      names.emplace_back(argument.substr(open + 1, end - open - 1));
  }
  return names;
}

}  // namespace pawl::policy
