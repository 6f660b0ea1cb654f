// What makes a terminal sane again after an agent has written to it, whatever it wrote. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tools/pawl/characters.hpp"

namespace pawl::run {

struct TerminalKind {
  std::string_view type;    // TERM
  std::string_view locale;  // what LC_ALL, LC_CTYPE or LANG say
};
TerminalKind terminal_kind();
// UTF-8 where the locale does not say.
Characters terminal_characters();

// Before the command may write: remembers the window's title.
std::string entry_sequence(const TerminalKind& kind);
// Which screen the command was on last, as far as is known.
enum class LeftOn : std::uint8_t { any, main };
// Afterwards. The cursor stays where it is, or goes back to where it was before the alternate screen; what
// stands on the screen stays. Empty for a "dumb" terminal, which would print it.
std::string reset_sequence(const TerminalKind& kind, LeftOn screen = LeftOn::any);
// Behind one that wrote text only.
std::string plain_sequence(const TerminalKind& kind);

}  // namespace pawl::run
