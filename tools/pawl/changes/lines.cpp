#include "tools/pawl/changes/lines.hpp"

#include <algorithm>

namespace pawl::changes {
namespace {

constexpr std::uint32_t kContext = 3;

void add(Hunk& hunk, char kind, const Lines& lines, std::uint32_t from, std::uint32_t count) {
  for (std::uint32_t i = from; i < from + count; ++i) hunk.lines.push_back({kind, lines[i]});
  if (kind != '+') hunk.old_count += count;
  if (kind != '-') hunk.new_count += count;
}

// An empty side is counted from the line before it, as diff(1) does.
void number(Hunk& hunk, std::uint32_t old_from, std::uint32_t new_from) {
  hunk.old_from = hunk.old_count == 0 ? old_from : old_from + 1;
  hunk.new_from = hunk.new_count == 0 ? new_from : new_from + 1;
}

}  // namespace

Lines split_lines(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::size_t size = end == std::string_view::npos ? text.size() : end + 1;
    lines.push_back(text.substr(0, size));
    text.remove_prefix(size);
  }
  return lines;
}

bool holds(const Lines& old_lines, const Lines& new_lines, const std::vector<Range>& ranges) {
  std::uint64_t old_at = 0;
  std::uint64_t new_at = 0;
  const auto equal_up_to = [&](std::uint64_t old_end, std::uint64_t new_end) {
    if (old_end < old_at || new_end < new_at || old_end > old_lines.size() || new_end > new_lines.size() ||
        old_end - old_at != new_end - new_at)
      return false;
    for (; old_at < old_end; ++old_at, ++new_at)
      if (old_lines[old_at] != new_lines[new_at]) return false;
    return true;
  };
  for (const Range& range : ranges) {
    if (!equal_up_to(range.old_from, range.new_from)) return false;
    old_at += range.old_count;
    new_at += range.new_count;
  }
  return equal_up_to(old_lines.size(), new_lines.size());
}

std::vector<Range> everything(const Lines& old_lines, const Lines& new_lines) {
  if (old_lines.empty() && new_lines.empty()) return {};
  return {{0, static_cast<std::uint32_t>(old_lines.size()), 0, static_cast<std::uint32_t>(new_lines.size())}};
}

std::vector<Hunk> hunks(const Lines& old_lines, const Lines& new_lines, const std::vector<Range>& ranges) {
  std::vector<Hunk> all;
  for (std::size_t first = 0; first < ranges.size();) {
    std::size_t last = first;
    const auto end_of = [&](std::size_t at) { return ranges[at].old_from + ranges[at].old_count; };
    while (last + 1 < ranges.size() && ranges[last + 1].old_from - end_of(last) <= 2 * kContext) ++last;
    Hunk hunk;
    const std::uint32_t before = std::min({kContext, ranges[first].old_from, ranges[first].new_from});
    const std::uint32_t old_start = ranges[first].old_from - before;
    const std::uint32_t new_start = ranges[first].new_from - before;
    std::uint32_t at = old_start;
    for (std::size_t i = first; i <= last; ++i) {
      add(hunk, ' ', old_lines, at, ranges[i].old_from - at);
      add(hunk, '-', old_lines, ranges[i].old_from, ranges[i].old_count);
      add(hunk, '+', new_lines, ranges[i].new_from, ranges[i].new_count);
      at = end_of(i);
    }
    add(hunk, ' ', old_lines, at,
        std::min<std::uint32_t>(kContext, static_cast<std::uint32_t>(old_lines.size()) - at));
    number(hunk, old_start, new_start);
    all.push_back(std::move(hunk));
    first = last + 1;
  }
  return all;
}

}  // namespace pawl::changes
