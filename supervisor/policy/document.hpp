// One TOML file as plain nodes with their places. The only file of pawl that includes toml++ is document.cpp.
// Runs in pawld and people's commands; reads policy files, and role files that a person hands over.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "supervisor/policy/problem.hpp"

namespace pawl::policy {

struct Place {
  std::uint32_t line = 0;
  std::uint32_t column = 0;
};

enum class NodeKind : std::uint8_t { text, integer, decimal, boolean, list, table, other };

struct Entry;

struct Node {
  NodeKind kind = NodeKind::other;
  Place place;
  std::string text;
  std::int64_t integer = 0;
  double decimal = 0;
  bool boolean = false;
  std::vector<Node> items;     // list
  std::vector<Entry> entries;  // table, in the order of the file
};

struct Entry {
  std::string key;
  Place place;
  Node value;
};

// "a text", "a list", for messages.
std::string_view kind_in_words(NodeKind kind);

// toml++ stops at the first syntax error, so there is one problem at most.
std::expected<Node, Problem> parse_document(std::string_view file, std::string_view text);

}  // namespace pawl::policy
