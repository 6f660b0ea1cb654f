#include "tools/pawl/terminal_reset.hpp"

#include <cstdlib>

namespace pawl::run {
namespace {

#define ESC "\x1b"

// Every terminal understands these, or ignores them. Leaving the alternate screen and setting margins move
// the cursor: it is kept, each time.
constexpr std::string_view kFirst = ESC "\\"  // ends a string that was left open
    ESC "<"                                   // leaves the VT52's language
    ESC "[?2026l"                             // shows what an update holds back
    ESC "7" ESC "[?1049l";                    // leaves the alternate screen
// Some terminals (tmux, xterm) put the cursor back also when there was no alternate screen to leave: to where
// it was before the last one.
constexpr std::string_view kStay = ESC "8";
constexpr std::string_view kCommon = ESC "[?47l"          // nor on the one of older programs
    ESC "[?9l" ESC "[?1000l" ESC "[?1001l" ESC "[?1002l"  // no reports of the mouse, in no encoding
    ESC "[?1003l" ESC "[?1005l" ESC "[?1006l" ESC "[?1015l" ESC "[?1016l" ESC "[?1004l" ESC "[?2031l" ESC
                                         "[?2048l"   // nor of focus, colours and size
    ESC "[?2004l"                                    // no bracketed paste
    ESC "[?1l" ESC ">"                               // ordinary cursor keys and keypad
    ESC "[2l" ESC "[4l" ESC "[12h" ESC "[20l"        // unlocked, no insert mode, no local echo
    ESC "[?5l" ESC "[?7h"                            // not inverted, wraps lines
    ESC "7" ESC "[?69l" ESC "[?6l" ESC "[r" ESC "8"  // scrolls the whole screen
    ESC "[?5W"                                       // usual tab stops
    ESC "(B" ESC ")B" ESC "*B" ESC "+B"
                                         "\x0f";  // ASCII, not line drawing

// What the Linux console would print instead of ignoring.
constexpr std::string_view kModern = ESC "[!p"             // soft reset: whatever else has a mode
    ESC " F"                                               // answers in seven bits
    ESC "[<99u" ESC "[=0u" ESC "[>4;0m"                    // no kitty keyboard protocol, nor xterm's
    ESC "[0 q"                                             // the cursor's usual shape
    ESC "]104" ESC "\\" ESC "]110" ESC "\\"                // usual colours
    ESC "]111" ESC "\\" ESC "]112" ESC "\\" ESC "[23;0t";  // the title of entry_sequence()

constexpr std::string_view kConsole = ESC "]R" ESC "[?0c";  // colours and cursor of the Linux console
constexpr std::string_view kLast = ESC "[0m" ESC "[?25h";   // plain attributes, visible cursor
constexpr std::string_view kPlain = "\x0f" ESC "[0m";       // attributes alone
constexpr std::string_view kRememberTitle = ESC "[22;0t";
constexpr std::string_view kUtf8 = ESC "%G";

#undef ESC

const char* first_set(std::initializer_list<const char*> names) {
  for (const char* name : names)
    if (const char* value = std::getenv(name); value != nullptr && *value != '\0') return value;
  return "";
}

}  // namespace

TerminalKind terminal_kind() { return {first_set({"TERM"}), first_set({"LC_ALL", "LC_CTYPE", "LANG"})}; }

Characters terminal_characters() { return characters_of(terminal_kind().locale).value_or(Characters::utf8); }

std::string entry_sequence(const TerminalKind& kind) {
  const bool titled = !kind.type.empty() && kind.type != "dumb" && kind.type != "linux";
  return std::string(titled ? kRememberTitle : "");
}

std::string reset_sequence(const TerminalKind& kind, LeftOn screen) {
  if (kind.type == "dumb") return {};
  std::string sequence(kFirst);
  if (screen == LeftOn::main) sequence += kStay;
  sequence += kCommon;
  sequence += kind.type == "linux" ? kConsole : kModern;
  if (characters_of(kind.locale) == Characters::utf8) sequence += kUtf8;
  return sequence.append(kLast);
}

std::string plain_sequence(const TerminalKind& kind) {
  return std::string(kind.type == "dumb" ? std::string_view() : kPlain);
}

}  // namespace pawl::run
