#include "sandbox/glob.hpp"

#include <algorithm>

namespace pawl::sandbox {
namespace {

constexpr std::string_view kAnyDepth = "**";

std::vector<std::string> segments_of(std::string_view path) {
  std::vector<std::string> segments;
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    const std::string_view head = path.substr(0, slash);
    if (!head.empty()) segments.emplace_back(head);
    path = slash == std::string_view::npos ? std::string_view{} : path.substr(slash + 1);
  }
  return segments;
}

}  // namespace

// Goes back to the last star only, so that the cost stays bounded by the product of the lengths.
bool matches_segment(std::string_view pattern, std::string_view name) {
  std::size_t at = 0;
  std::size_t in_name = 0;
  std::size_t star = std::string_view::npos;
  std::size_t after_star = 0;
  while (in_name < name.size()) {
    if (at < pattern.size() && pattern[at] == '*') {
      star = at++;
      after_star = in_name;
    } else if (at < pattern.size() && pattern[at] == name[in_name]) {
      ++at;
      ++in_name;
    } else if (star != std::string_view::npos) {
      at = star + 1;
      in_name = ++after_star;
    } else {
      return false;
    }
  }
  return pattern.substr(at).find_first_not_of('*') == std::string_view::npos;
}

bool matches_path(std::string_view pattern, std::string_view path) {
  const PatternSet set({std::string(pattern)});
  PatternSet::State state = set.start();
  for (const std::string& name : segments_of(path)) state = set.enter(state, name);
  return !set.matched(state).empty();
}

PatternSet::PatternSet(const std::vector<std::string>& patterns) {
  for (const std::string& pattern : patterns) {
    std::vector<std::string> segments = segments_of(pattern);
    if (pattern.find('/') == std::string::npos) segments.insert(segments.begin(), std::string(kAnyDepth));
    patterns_.push_back(std::move(segments));
  }
}

PatternSet::State PatternSet::start() const {
  State state;
  for (std::uint32_t i = 0; i < patterns_.size(); ++i) add(state, {i, 0});
  return state;
}

PatternSet::State PatternSet::enter(const State& state, std::string_view name) const {
  State next;
  for (const Position& position : state) {
    const std::vector<std::string>& segments = patterns_[position.pattern];
    if (position.segment == segments.size()) continue;
    if (segments[position.segment] == kAnyDepth)
      add(next, position);
    else if (matches_segment(segments[position.segment], name))
      add(next, {position.pattern, position.segment + 1});
  }
  return next;
}

bool PatternSet::matches(const State& state, std::string_view name) const {
  return std::ranges::any_of(state, [&](const Position& position) {
    const std::vector<std::string>& segments = patterns_[position.pattern];
    if (position.segment == segments.size()) return false;
    const std::string& segment = segments[position.segment];
    if (segment != kAnyDepth && !matches_segment(segment, name)) return false;
    // What is left may stand for no segment at all.
    return std::all_of(segments.begin() + position.segment + 1, segments.end(),
                       [](const std::string& left) { return left == kAnyDepth; });
  });
}

std::vector<std::uint32_t> PatternSet::matched(const State& state) const {
  std::vector<std::uint32_t> found;
  for (const Position& position : state)
    if (!patterns_[position.pattern].empty() && position.segment == patterns_[position.pattern].size())
      found.push_back(position.pattern);
  return found;
}

std::vector<std::uint32_t> PatternSet::begun(const State& state) const {
  std::vector<std::uint32_t> found;
  for (const Position& position : state) {
    const std::vector<std::string>& segments = patterns_[position.pattern];
    std::uint32_t leading = 0;
    while (leading < segments.size() && segments[leading] == kAnyDepth) ++leading;
    if (position.segment > leading) found.push_back(position.pattern);
  }
  return found;
}

// `**` may stand for no segment at all, so what follows it may begin here too.
void PatternSet::add(State& state, Position position) const {
  const std::vector<std::string>& segments = patterns_[position.pattern];
  for (;; ++position.segment) {
    if (std::find(state.begin(), state.end(), position) == state.end()) state.push_back(position);
    if (position.segment == segments.size() || segments[position.segment] != kAnyDepth) return;
  }
}

}  // namespace pawl::sandbox
