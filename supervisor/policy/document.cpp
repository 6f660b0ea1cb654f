#include "supervisor/policy/document.hpp"

#include <algorithm>

#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

namespace pawl::policy {
namespace {

Place place_of(const toml::source_region& source) { return {source.begin.line, source.begin.column}; }

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
  const toml::parse_result parsed = toml::parse(text, file);
  if (!parsed) {
    const toml::parse_error& error = parsed.error();
    const Place place = place_of(error.source());
    return std::unexpected(Problem{.file = std::string(file),
                                   .line = place.line,
                                   .column = place.column,
                                   .message = "not valid TOML: " + std::string(error.description())});
  }
  Node root;
  convert_table(parsed.table(), root);
  root.place = {1, 1};
  return root;
}

}  // namespace pawl::policy
