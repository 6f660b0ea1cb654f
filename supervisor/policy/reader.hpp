// Reads the tables of a policy file: every key known, every value of its kind, every complaint with its
// place. Runs in pawld and people's commands.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "supervisor/policy/document.hpp"
#include "supervisor/policy/keys.hpp"
#include "supervisor/policy/problem.hpp"

namespace pawl::policy {

// Where things were said: "roles/deployer.toml" and "action.deploy.approval" → line and column, for the
// checks that come after reading.
class Places {
 public:
  void record(const std::string& file, const std::string& path, Place place) {
    places_[{file, path}] = place;
  }
  // The place itself, or that of the nearest enclosing path; {0, 0}: the file as a whole.
  Place find(const std::string& file, std::string path) const;

 private:
  std::map<std::pair<std::string, std::string>, Place> places_;
};

// Collects what is wrong. One for a whole policy.
struct Findings {
  Problems problems;
  Places places;
  bool unreadable = false;  // some file was no TOML at all

  void refuse(const std::string& file, Place place, std::string message, std::string remedy = {});
  void refuse_at(const std::string& file, const std::string& path, std::string message,
                 std::string remedy = {});
  void note_at(const std::string& file, const std::string& path, std::string message,
               std::string remedy = {});
};

enum class Need : std::uint8_t { optional, required };

// nullopt from any of these: absent, or wrong and already reported.
class TableReader {
 public:
  // `path`: prefix of the places recorded, "" or "action.deploy"; `node` must be a table.
  TableReader(const Node& node, Table table, const std::string& file, std::string path, Findings& findings);

  std::optional<std::string> text(std::string_view key, Need need);
  std::optional<std::vector<std::string>> texts(std::string_view key, Need need);
  std::optional<std::string> name(std::string_view key, Need need);  // [a-z][a-z0-9-]{0,62}
  std::optional<std::int64_t> integer(std::string_view key, Need need, std::int64_t least, std::int64_t most);
  // A decimal or whole number with at most two decimals, in hundredths: 2.5 is 250.
  std::optional<std::uint32_t> hundredths(std::string_view key, std::uint32_t least, std::uint32_t most);
  std::optional<bool> boolean(std::string_view key);
  std::optional<std::chrono::seconds> duration(std::string_view key,
                                               std::chrono::seconds most);  // "90s", "10m", "2h"
  std::optional<std::uint64_t> size(std::string_view key, std::uint64_t most,
                                    std::uint64_t least = 1);  // "1 MiB"
  std::vector<std::uint32_t> ids(std::string_view key);        // whole numbers of a uid's range
  const Node* table(std::string_view key);
  const Node* list(std::string_view key);                 // required; of whatever it holds
  std::vector<const Node*> tables(std::string_view key);  // [[key]]

  bool has(std::string_view key) const { return entry(key) != nullptr; }
  bool is_table(std::string_view key) const { return has(key) && entry(key)->value.kind == NodeKind::table; }
  const std::string& file() const { return file_; }
  Place place(std::string_view key) const;
  std::string path(std::string_view key) const;
  void refuse(std::string_view key, std::string message, std::string remedy = {});

 private:
  const Entry* entry(std::string_view key) const;
  const Node* value(std::string_view key, Need need, NodeKind kind);
  void report_unknown_keys();

  const Node& node_;
  Table table_;
  std::string file_;
  std::string path_;
  Findings& findings_;
};

}  // namespace pawl::policy
