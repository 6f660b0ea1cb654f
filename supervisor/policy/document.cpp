#include "supervisor/policy/document.hpp"

#include <algorithm>

namespace pawl::policy {
namespace {

// Some assertions of toml++ 3 hold only for well-formed text ("[#" breaks one): the text is refused, the
// broker goes on.
struct BrokenAssertion {};
constexpr void expect(bool assertion) {
  if (!assertion) throw BrokenAssertion{};
}

}  // namespace
}  // namespace pawl::policy

#undef NDEBUG  // with it toml++ takes its assertions for granted
#define TOML_ASSERT(expression) pawl::policy::expect(static_cast<bool>(expression))
#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

namespace pawl::policy {
namespace {

Place place_of(const toml::source_region& source) { return {source.begin.line, source.begin.column}; }

Place place_of(std::string_view text, std::size_t at) {
  const std::string_view before = text.substr(0, at);
  return {static_cast<std::uint32_t>(std::ranges::count(before, '\n')) + 1,
          static_cast<std::uint32_t>(at - (before.rfind('\n') + 1)) + 1};
}

Node convert(const toml::node& node);

void convert_table(const toml::table& table, Node& out) {
  out.kind = NodeKind::table;
  for (const auto& [key, value] : table)
    out.entries.push_back({std::string(key.str()), place_of(key.source()), convert(value)});
  std::ranges::stable_sort(out.entries, [](const Entry& left, const Entry& right) {
    return std::pair(left.place.line, left.place.column) < std::pair(right.place.line, right.place.column);
  });
}

Node convert(const toml::node& node) {
  Node out;
  out.place = place_of(node.source());
  if (const auto* table = node.as_table()) {
    convert_table(*table, out);
  } else if (const auto* list = node.as_array()) {
    out.kind = NodeKind::list;
    for (const toml::node& item : *list) out.items.push_back(convert(item));
  } else if (const auto* text = node.as_string()) {
    out.kind = NodeKind::text;
    out.text = text->get();
  } else if (const auto* integer = node.as_integer()) {
    out.kind = NodeKind::integer;
    out.integer = integer->get();
  } else if (const auto* decimal = node.as_floating_point()) {
    out.kind = NodeKind::decimal;
    out.decimal = decimal->get();
  } else if (const auto* boolean = node.as_boolean()) {
    out.kind = NodeKind::boolean;
    out.boolean = boolean->get();
  }
  return out;
}

// Behind the string or comment that begins at `at`; without an end, the end of its line or of the text.
std::size_t skip_quoted(std::string_view text, std::size_t at) {
  const char quote = text[at];
  const std::string three(3, quote);
  const bool long_form = text.substr(at).starts_with(three);
  for (std::size_t i = at + (long_form ? 3 : 1); i < text.size(); ++i) {
    if (text[i] == '\\' && quote == '"') {
      ++i;
    } else if (!long_form && (text[i] == quote || text[i] == '\n')) {
      return i + 1;
    } else if (long_form && text.substr(i).starts_with(three)) {
      i += 3;
      for (int more = 0; more < 2 && i < text.size() && text[i] == quote; ++more) ++i;  // they belong to it
      return i;
    }
  }
  return text.size();
}

// SAFETY: TOML has other than ASCII in strings and comments only; elsewhere toml++ 3 asks whether such a
// character is a blank in a way that is undefined for some of them. npos: there is none.
std::size_t find_stray(std::string_view text) {
  std::size_t at = text.starts_with("\xef\xbb\xbf") ? 3 : 0;
  while (at < text.size()) {
    if (text[at] == '#')
      at = std::min(text.find('\n', at), text.size());
    else if (text[at] == '"' || text[at] == '\'')
      at = skip_quoted(text, at);
    else if (static_cast<unsigned char>(text[at]) >= 0x80)
      return at;
    else
      ++at;
  }
  return std::string_view::npos;
}

}  // namespace

std::string_view kind_in_words(NodeKind kind) {
  switch (kind) {
    case NodeKind::text:
      return "a text";
    case NodeKind::integer:
      return "a whole number";
    case NodeKind::decimal:
      return "a decimal number";
    case NodeKind::boolean:
      return "true or false";
    case NodeKind::list:
      return "a list";
    case NodeKind::table:
      return "a table";
    case NodeKind::other:
      return "a date or a time";
  }
  return "something else";
}

std::expected<Node, Problem> parse_document(std::string_view file, std::string_view text) {
  const auto refusal = [&](Place place, std::string_view why) {
    return std::unexpected(Problem{.file = std::string(file),
                                   .line = place.line,
                                   .column = place.column,
                                   .message = "not valid TOML: " + std::string(why)});
  };
  if (const std::size_t stray = find_stray(text); stray != std::string_view::npos)
    return refusal(place_of(text, stray), "a character that is not ASCII outside of a string or comment");
  try {
    const toml::parse_result parsed = toml::parse(text, file);
    if (!parsed) return refusal(place_of(parsed.error().source()), parsed.error().description());
    Node root;
    convert_table(parsed.table(), root);
    root.place = {1, 1};
    return root;
  } catch (const BrokenAssertion&) {
    return refusal({0, 0}, "a key or value begins in a way that none can");
  }
}

}  // namespace pawl::policy
