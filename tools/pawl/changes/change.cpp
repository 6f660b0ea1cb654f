#include "tools/pawl/changes/change.hpp"

#include <algorithm>

namespace pawl::changes {

std::string_view word(Kind kind) {
  switch (kind) {
    case Kind::added:
      return "added";
    case Kind::modified:
      return "modified";
    case Kind::deleted:
      return "deleted";
    case Kind::renamed:
      return "renamed";
  }
  return "changed";
}

bool is_within(std::string_view folder, std::string_view path) {
  if (folder.empty()) return true;
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

bool covers(std::string_view chosen, const Change& change) {
  return is_within(chosen, change.path) ||
         (change.kind == Kind::renamed && is_within(chosen, change.old_path));
}

// Sorted by segments, what lies in a folder follows it directly.
bool goes_without_saying(const ChangeSet& set, std::size_t index) {
  const Change& change = set.changes[index];
  if (!change.is_folder() || change.kind == Kind::modified) return false;
  if (!change.conflict.empty() || !change.guarded.special.empty()) return false;
  for (std::size_t next = index + 1; next < set.changes.size(); ++next) {
    const Change& other = set.changes[next];
    if (!is_within(change.path, other.path)) return false;
    if (other.path != change.path) return true;
  }
  return false;
}

bool sorts_before(std::string_view one, std::string_view other) {
  return std::ranges::lexicographical_compare(one, other, [](char a, char b) {
    const auto weight = [](char c) { return c == '/' ? 0 : 1 + static_cast<unsigned char>(c); };
    return weight(a) < weight(b);
  });
}

void sort(ChangeSet& set) {
  std::ranges::stable_sort(set.changes, [](const Change& one, const Change& other) {
    if (one.path != other.path) return sorts_before(one.path, other.path);
    return one.kind == Kind::deleted && other.kind != Kind::deleted;
  });
  std::ranges::sort(set.left_out, sorts_before, &LeftOut::path);
}

Counts count(const ChangeSet& set) {
  Counts counts;
  for (std::size_t i = 0; i < set.changes.size(); ++i) {
    const Change& change = set.changes[i];
    if (goes_without_saying(set, i)) continue;
    if (!change.conflict.empty()) ++counts.conflicts;
    if (change.guarded.any()) ++counts.guarded;
    switch (change.kind) {
      case Kind::added:
        ++counts.added;
        break;
      case Kind::modified:
        ++counts.modified;
        break;
      case Kind::deleted:
        ++counts.deleted;
        break;
      case Kind::renamed:
        ++counts.renamed;
        break;
    }
  }
  return counts;
}

}  // namespace pawl::changes
