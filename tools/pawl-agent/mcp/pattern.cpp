#include "tools/pawl-agent/mcp/pattern.hpp"

namespace pawl::agent::mcp {
namespace {

constexpr std::string_view kEscapedSyntax =
    "^$\\.*+?()[]{}|/";  // escapes that mean the character itself in both
constexpr std::string_view kRepeats = "*+?{";
constexpr std::string_view kSharedClasses = "dDwW";  // \s and \b differ beyond ASCII or inside brackets

// The length of "{n}", "{n,}" or "{n,m}" at the front; 0: it is none.
std::size_t repeat_length(std::string_view text) {
  std::size_t at = 1;
  std::size_t digits = 0;
  bool comma = false;
  for (; at < text.size() && text[at] != '}'; ++at) {
    if (text[at] >= '0' && text[at] <= '9')
      ++digits;
    else if (text[at] == ',' && digits > 0 && !comma)
      comma = true;
    else
      return 0;
  }
  return at < text.size() && digits > 0 ? at + 1 : 0;
}

// The length of an escape that both read alike; 0: they may not.
std::size_t escape_length(std::string_view text, std::string_view more) {
  if (text.size() < 2) return 0;
  const char next = text[1];
  if (kEscapedSyntax.contains(next) || kSharedClasses.contains(next) || more.contains(next)) return 2;
  return 0;
}

// The length of a bracket expression at the front; 0: not one that both read alike.
std::size_t class_length(std::string_view text) {
  std::size_t at = 1;
  if (at < text.size() && text[at] == '^') ++at;
  if (at < text.size() && text[at] == ']') return 0;  // a literal ] in RE2, an empty class in ECMA
  bool after_set = false;                             // after \w and the like, where "-" cannot begin a range
  while (at < text.size() && text[at] != ']') {
    if (text[at] == '[') return 0;  // may be [:alpha:]
    if (text[at] == '-' && after_set && at + 1 < text.size() && text[at + 1] != ']') return 0;
    if (text[at] != '\\') {
      after_set = false;
      ++at;
      continue;
    }
    const std::size_t length = escape_length(text.substr(at), "-");
    if (length == 0) return 0;
    after_set = kSharedClasses.contains(text[at + 1]);
    if (after_set && text[at - 1] == '-' && at > 2) return 0;  // "a-\w"
    at += length;
  }
  return at < text.size() ? at + 1 : 0;
}

}  // namespace

std::optional<std::string> ecma_pattern(std::string_view re2) {
  bool after_anchor = false;  // RE2 repeats an anchor, ECMA refuses to compile that
  for (std::size_t at = 0; at < re2.size();) {
    const std::string_view rest = re2.substr(at);
    std::size_t length = 1;
    if (static_cast<unsigned char>(rest[0]) >= 0x80) return std::nullopt;
    if (after_anchor && kRepeats.contains(rest[0])) return std::nullopt;
    after_anchor = rest[0] == '^' || rest[0] == '$';
    if (rest[0] == '\\')
      length = escape_length(rest, "");
    else if (rest[0] == '[')
      length = class_length(rest);
    else if (rest[0] == '{')
      length = repeat_length(rest);
    else if (rest[0] == ']' || rest[0] == '}')
      length = 0;
    else if (rest.starts_with("(?"))
      length = rest.starts_with("(?:") ? 3 : 0;
    if (length == 0) return std::nullopt;
    at += length;
  }
  return "^(?:" + std::string(re2) + ")$";
}

}  // namespace pawl::agent::mcp
