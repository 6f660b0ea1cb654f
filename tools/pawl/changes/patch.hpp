// Changes as people read them: the usual form of git, and the table of --stat. Every name and every line is
// made visible (receipt/render.hpp), tabs excepted, so that nothing in them acts on a terminal; a backslash
// therefore shows as two. Pure but for what Bodies reads.
#pragma once

#include <string>

#include "tools/pawl/changes/body.hpp"
#include "tools/pawl/changes/change.hpp"

namespace pawl::changes {

enum class Colour : std::uint8_t { off, on };

// One change, whole.
std::string patch_of(const Change& change, const Body& body, Colour colour);

// "src/x.c | 12 +++++----", one line a change, and the sum below.
std::string stat_of(const ChangeSet& set, Bodies& bodies);

// "2 files added, 1 modified, 3 deleted".
std::string sum_of(const Counts& counts);
// What needs a word of its own, one line each: conflicts, protected, special; and what was left out.
std::string warnings_of(const ChangeSet& set);

std::string visible_line(std::string_view text);

}  // namespace pawl::changes
