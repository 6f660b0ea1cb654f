#include "supervisor/policy/reader.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "sandbox/limits.hpp"
#include "supervisor/policy/text.hpp"

namespace pawl::policy {

Place Places::find(const std::string& file, std::string path) const {
  for (;;) {
    const auto found = places_.find({file, path});
    if (found != places_.end()) return found->second;
    const auto dot = path.rfind('.');
    if (dot == std::string::npos) return {};
    path.resize(dot);
  }
}

void Findings::refuse(const std::string& file, Place place, std::string message, std::string remedy) {
  problems.push_back(
      {file, place.line, place.column, std::move(message), std::move(remedy), Severity::refusal});
}

void Findings::refuse_at(const std::string& file, const std::string& path, std::string message,
                         std::string remedy) {
  refuse(file, places.find(file, path), std::move(message), std::move(remedy));
}

void Findings::note_at(const std::string& file, const std::string& path, std::string message,
                       std::string remedy) {
  const Place place = places.find(file, path);
  problems.push_back({file, place.line, place.column, std::move(message), std::move(remedy), Severity::note});
}

TableReader::TableReader(const Node& node, Table table, const std::string& file, std::string path,
                         Findings& findings)
    : node_(node), table_(table), file_(file), path_(std::move(path)), findings_(findings) {
  if (!path_.empty()) findings_.places.record(file_, path_, node_.place);
  report_unknown_keys();
}

void TableReader::report_unknown_keys() {
  std::vector<std::string_view> names;
  for (const Key& key : keys_of(table_)) names.push_back(key.name);
  for (const Entry& entry : node_.entries) {
    findings_.places.record(file_, path(entry.key), entry.place);
    const auto known = std::ranges::find(keys_of(table_), entry.key, &Key::name);
    if (known == keys_of(table_).end()) {
      const std::string_view near = nearest(entry.key, names);
      findings_.refuse(
          file_, entry.place, "unknown key " + quoted(entry.key),
          near.empty() ? "policies/KEYS.md lists every key" : "did you mean '" + std::string(near) + "'?");
    } else if (known->availability == Availability::later) {
      findings_.refuse(file_, entry.place, "'" + entry.key + "' is not available in this version",
                       "remove it: it would not be enforced");
    }
  }
}

std::string TableReader::path(std::string_view key) const {
  return path_.empty() ? std::string(key) : path_ + "." + std::string(key);
}

Place TableReader::place(std::string_view key) const {
  const Entry* found = entry(key);
  return found != nullptr ? found->place : node_.place;
}

void TableReader::refuse(std::string_view key, std::string message, std::string remedy) {
  findings_.refuse(file_, place(key), std::move(message), std::move(remedy));
}

const Entry* TableReader::entry(std::string_view key) const {
  const auto found = std::ranges::find(node_.entries, key, &Entry::key);
  return found != node_.entries.end() ? &*found : nullptr;
}

const Node* TableReader::value(std::string_view key, Need need, NodeKind kind) {
  const Entry* found = entry(key);
  if (found == nullptr) {
    if (need == Need::required) {
      const std::string_view place = path_.empty() ? std::string_view(file_) : std::string_view(path_);
      findings_.refuse(file_, node_.place, "'" + std::string(key) + "' is missing in " + std::string(place));
    }
    return nullptr;
  }
  if (found->value.kind != kind) {
    refuse(key, "'" + std::string(key) + "' must be " + std::string(kind_in_words(kind)) + ", not " +
                    std::string(kind_in_words(found->value.kind)));
    return nullptr;
  }
  return &found->value;
}

std::optional<std::string> TableReader::text(std::string_view key, Need need) {
  const Node* node = value(key, need, NodeKind::text);
  if (node == nullptr) return std::nullopt;
  if (node->text.empty()) {
    refuse(key, "'" + std::string(key) + "' is empty");
    return std::nullopt;
  }
  if (const auto flaw = text_flaw(node->text)) {
    refuse(key, "'" + std::string(key) + "' " + *flaw);
    return std::nullopt;
  }
  return node->text;
}

std::optional<std::vector<std::string>> TableReader::texts(std::string_view key, Need need) {
  const Node* node = value(key, need, NodeKind::list);
  if (node == nullptr) return std::nullopt;
  std::vector<std::string> list;
  bool good = true;
  for (const Node& item : node->items) {
    std::string complaint;
    if (item.kind != NodeKind::text) {
      complaint = "holds " + std::string(kind_in_words(item.kind)) + "; each entry must be a text";
    } else if (item.text.empty()) {
      complaint = "holds an empty text";
    } else if (const auto flaw = text_flaw(item.text)) {
      complaint = *flaw;
    }
    if (complaint.empty()) {
      list.push_back(item.text);
      continue;
    }
    findings_.refuse(file_, item.place, "'" + std::string(key) + "' " + complaint);
    good = false;
  }
  if (!good) return std::nullopt;
  return list;
}

std::optional<std::string> TableReader::name(std::string_view key, Need need) {
  auto written = text(key, need);
  if (!written) return std::nullopt;
  if (!valid_name(*written)) {
    refuse(key, quoted(*written) + " is not a name", std::string(kNameForm));
    return std::nullopt;
  }
  return written;
}

std::optional<std::int64_t> TableReader::integer(std::string_view key, Need need, std::int64_t least,
                                                 std::int64_t most) {
  const Node* node = value(key, need, NodeKind::integer);
  if (node == nullptr) return std::nullopt;
  if (node->integer < least || node->integer > most) {
    refuse(key, "'" + std::string(key) + "' must be from " + std::to_string(least) + " to " +
                    std::to_string(most) + ", not " + std::to_string(node->integer));
    return std::nullopt;
  }
  return node->integer;
}

std::optional<std::uint32_t> TableReader::hundredths(std::string_view key, std::uint32_t least,
                                                     std::uint32_t most) {
  const Entry* found = entry(key);
  if (found == nullptr) return std::nullopt;
  const Node& node = found->value;
  if (node.kind != NodeKind::decimal && node.kind != NodeKind::integer) {
    refuse(key, "'" + std::string(key) + "' must be a number, not " + std::string(kind_in_words(node.kind)));
    return std::nullopt;
  }
  const double exact =
      (node.kind == NodeKind::decimal ? node.decimal : static_cast<double>(node.integer)) * 100;
  const double rounded = std::round(exact);
  // Not a number fails every comparison.
  const bool within = exact >= least && exact <= most;
  if (!within || std::abs(exact - rounded) > 1e-6) {
    refuse(key, "'" + std::string(key) + "' must be from " + sandbox::hundredths_text(least) + " to " +
                    sandbox::hundredths_text(most) + ", with two decimals at most");
    return std::nullopt;
  }
  return static_cast<std::uint32_t>(rounded);
}

std::optional<bool> TableReader::boolean(std::string_view key) {
  const Node* node = value(key, Need::optional, NodeKind::boolean);
  if (node == nullptr) return std::nullopt;
  return node->boolean;
}

std::optional<std::chrono::seconds> TableReader::duration(std::string_view key, std::chrono::seconds most) {
  const auto written = text(key, Need::optional);
  if (!written) return std::nullopt;
  const auto time = parse_duration(*written);
  if (!time || time->count() == 0) {
    refuse(key, quoted(*written) + " is not a time",
           "a whole number above 0 and s, m or h: \"90s\", \"10m\", \"2h\"");
    return std::nullopt;
  }
  if (*time > most) {
    refuse(key, "'" + std::string(key) + "' must be at most " + std::to_string(most.count()) + " seconds");
    return std::nullopt;
  }
  return time;
}

std::optional<std::uint64_t> TableReader::size(std::string_view key, std::uint64_t most,
                                               std::uint64_t least) {
  const auto written = text(key, Need::optional);
  if (!written) return std::nullopt;
  const auto bytes = parse_size(*written);
  if (!bytes || *bytes == 0) {
    refuse(key, quoted(*written) + " is not a size",
           "a whole number above 0 and B, KiB, MiB or GiB: \"1 MiB\"");
    return std::nullopt;
  }
  if (*bytes > most) {
    refuse(key, "'" + std::string(key) + "' must be at most " + std::to_string(most) + " bytes");
    return std::nullopt;
  }
  if (*bytes < least) {
    refuse(key, "'" + std::string(key) + "' must be at least " + sandbox::size_text(least));
    return std::nullopt;
  }
  return bytes;
}

std::vector<std::uint32_t> TableReader::ids(std::string_view key) {
  constexpr std::int64_t kLargestId = 0xfffffffe;  // the last one means "no id" to the kernel
  std::vector<std::uint32_t> list;
  const Node* node = value(key, Need::optional, NodeKind::list);
  if (node == nullptr) return list;
  for (const Node& item : node->items) {
    if (item.kind == NodeKind::integer && item.integer >= 0 && item.integer <= kLargestId - 1) {
      list.push_back(static_cast<std::uint32_t>(item.integer));
    } else {
      findings_.refuse(file_, item.place, "'" + std::string(key) + "' holds something that is not a user id");
    }
  }
  return list;
}

const Node* TableReader::table(std::string_view key) { return value(key, Need::optional, NodeKind::table); }

const Node* TableReader::list(std::string_view key, Need need) { return value(key, need, NodeKind::list); }

std::vector<const Node*> TableReader::tables(std::string_view key) {
  std::vector<const Node*> list;
  const Node* node = value(key, Need::optional, NodeKind::list);
  if (node == nullptr) return list;
  for (const Node& item : node->items) {
    if (item.kind == NodeKind::table) {
      list.push_back(&item);
    } else {
      findings_.refuse(file_, item.place,
                       "'" + std::string(key) + "' holds " + std::string(kind_in_words(item.kind)) +
                           "; each entry must be a table");
    }
  }
  return list;
}

}  // namespace pawl::policy
