// Texts as lines, and what differs between two of them as hunks with context. The differing ranges come from
// elsewhere (compare.hpp) and are believed only where they hold: everything outside of them must be equal.
// Pure; the texts are the agent's and the person's.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace pawl::changes {

// Lines of the old text that are replaced by lines of the new one; either may be none. Counted from 0.
struct Range {
  std::uint32_t old_from = 0;
  std::uint32_t old_count = 0;
  std::uint32_t new_from = 0;
  std::uint32_t new_count = 0;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.old_from, self.old_count, self.new_from, self.new_count);
  }
};

using Lines = std::vector<std::string_view>;  // each with its line break, the last perhaps without

Lines split_lines(std::string_view text);

// Whether the old text becomes exactly the new one by these replacements, in ascending order.
bool holds(const Lines& old_lines, const Lines& new_lines, const std::vector<Range>& ranges);

// All of the old by all of the new: holds for any two texts.
std::vector<Range> everything(const Lines& old_lines, const Lines& new_lines);

struct HunkLine {
  char kind;  // ' ', '-', '+'
  std::string_view text;
};
struct Hunk {
  std::uint32_t old_from = 0, old_count = 0, new_from = 0, new_count = 0;  // as "@@ -a,b +c,d @@" counts
  std::vector<HunkLine> lines;
};
// Three lines of context; ranges whose contexts meet share a hunk. `ranges` hold.
std::vector<Hunk> hunks(const Lines& old_lines, const Lines& new_lines, const std::vector<Range>& ranges);

}  // namespace pawl::changes
