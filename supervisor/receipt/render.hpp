// What a reviewer sees. The text is a function of the document's bytes and the renderer's version alone, so
// that its digest can be signed; nothing is cut; every character that could hide or redraw is shown as an
// escape. Pure; runs in people's tools (which show it) and in the broker (which pins its digest).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "supervisor/receipt/action_document.hpp"

namespace pawl::receipt {

inline constexpr std::int64_t kRendererVersion = 1;
inline constexpr std::size_t kMaxWhyCharacters = 280;
inline constexpr std::size_t kMaxPreviewBytes = 64 * 1024;  // of what a preview prints: it fits one message

// Foreign text made safe for a terminal, a log or a list: printable ASCII stays, everything else (control,
// escape, newline, bidi, zero-width, any non-ASCII look-alike) becomes \n, \t, \r, \x1b, \u{202e}; bytes that
// are no UTF-8 become
// \xff; backslash becomes \\. One line, and unambiguous. Nothing is cut.
std::string visible(std::string_view text);

// visible() in single quotes where a shell would need them ("--image" stays, "a b" becomes 'a b'): for argv
// lists.
std::string visible_word(std::string_view text);

// Many lines, each ended by \n.
std::string render(const ActionDocument& document);

// What a preview printed, whole: fenced, every line marked as the preview's. Not part of render(): its bytes
// have a digest of their own, which is signed.
std::string fence_preview(std::string_view output);

// The asker's own words for the action: fenced, every line marked as theirs, cut after 280 characters saying
// so. Not part of render() and of no digest.
enum class Speaker : std::uint8_t { agent, person };
std::string fence_why(std::string_view why, Speaker speaker = Speaker::agent);

}  // namespace pawl::receipt
