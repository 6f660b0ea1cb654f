#include "supervisor/receipt/render.hpp"

#include <algorithm>
#include <vector>

#include "supervisor/receipt/render_parts.hpp"
#include "supervisor/receipt/utf8.hpp"

namespace pawl::receipt {
namespace {

std::string in_hex(std::uint32_t value, std::size_t least_digits) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  do {
    text.insert(text.begin(), digits[value & 15]);
    value >>= 4;
  } while (value != 0);
  while (text.size() < least_digits) text.insert(text.begin(), '0');
  return text;
}

std::string visible_character(char32_t code) {
  switch (code) {
    case U'\n':
      return "\\n";
    case U'\r':
      return "\\r";
    case U'\t':
      return "\\t";
    case U'\\':
      return "\\\\";
    default:
      break;
  }
  if (code >= 0x20 && code < 0x7f) return std::string(1, static_cast<char>(code));
  if (code < 0x80) return "\\x" + in_hex(code, 2);
  return "\\u{" + in_hex(code, 1) + "}";
}

// The next piece of `text` that counts as one character: a valid one, or a stray byte.
struct Piece {
  std::string shown;
  std::size_t length;
};
Piece next_piece(std::string_view text) {
  if (const auto character = first_character(text))
    return {visible_character(character->code), character->length};
  return {"\\x" + in_hex(static_cast<unsigned char>(text[0]), 2), 1};
}

bool is_bare_word(std::string_view text) {
  constexpr std::string_view bare =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_@%+=:,./-";
  return !text.empty() && text.find_first_not_of(bare) == std::string_view::npos;
}

std::vector<std::string> words(const std::vector<std::string>& list) {
  std::vector<std::string> lines;
  for (const std::string& item : list) lines.push_back(visible_word(item));
  return lines;
}

std::vector<std::string> input_lines(const ActionDocument& document) {
  std::vector<std::string> lines;
  for (const ActionDocument::Input& input : document.inputs) {
    lines.push_back(visible_word(input.parameter) + ": " + visible_word(input.name));
    lines.push_back("  seen by the program at " + visible_word(input.path));
    lines.push_back("  " + pinned(input.sha256, input.size));
  }
  return lines;
}

std::vector<std::string> environment_lines(const ActionDocument& document) {
  std::vector<std::string> lines;
  for (const ActionDocument::Variable& variable : document.environment)
    lines.push_back(visible(variable.name) + "=" + visible_word(variable.value));
  return lines;
}

std::vector<std::string> secret_lines(const std::vector<ActionDocument::Secret>& secrets) {
  std::vector<std::string> lines;
  for (const ActionDocument::Secret& secret : secrets)
    lines.push_back(visible_word(secret.name) + " as $" + visible(secret.environment) + ", version " +
                    visible_word(secret.version));
  return lines;
}

void preview_sections(std::string& text, const ActionDocument::Preview& preview) {
  section(text, "Preview: made of the same input files before this was asked",
          {visible_word(preview.executable.path), pinned(preview.executable.sha256, preview.executable.size),
           "at most " + std::to_string(preview.timeout) + " seconds",
           preview.recheck ? "made again before the action runs: another output voids the approval"
                           : "not made again: what it showed may have changed when the action runs"});
  section(text, "The preview's arguments, each on its line", numbered_words(preview.argv));
  section(text, "Secrets that the preview is given", secret_lines(preview.secrets));
}

std::vector<std::string> unpinned_lines(const ActionDocument& document) {
  std::vector<std::string> lines = {
      "what the program loads by itself: libraries, an interpreter, modules, plugins, files in /usr and "
      "/etc"};
  if (!document.read.empty() || !document.write.empty())
    lines.emplace_back("the contents of the files that it may read or change");
  if (!document.hosts.empty()) lines.emplace_back("what the hosts answer");
  if (!document.secrets.empty()) lines.emplace_back("the secrets' values: only their versions are pinned");
  return lines;
}

}  // namespace

std::string visible(std::string_view text) {
  std::string shown;
  while (!text.empty()) {
    const Piece piece = next_piece(text);
    shown += piece.shown;
    text.remove_prefix(piece.length);
  }
  return shown;
}

std::string visible_word(std::string_view text) {
  if (is_bare_word(text)) return std::string(text);
  std::string quoted = "'";
  for (const char c : visible(text)) {
    if (c == '\'') quoted += '\\';
    quoted += c;
  }
  return quoted + "'";
}

void section(std::string& text, std::string_view heading, const std::vector<std::string>& lines) {
  text += "\n";
  text += heading;
  text += "\n";
  if (lines.empty()) text += "  none\n";
  for (const std::string& line : lines) text += "  " + line + "\n";
}

std::vector<std::string> numbered_words(const std::vector<std::string>& words) {
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < words.size(); ++i)
    lines.push_back("[" + std::to_string(i) + "] " + visible_word(words[i]));
  return lines;
}

std::string pinned(const Digest& sha256, std::uint64_t size) {
  return "sha256 " + to_hex(sha256) + ", " + std::to_string(size) + " bytes";
}

std::string render(const ActionDocument& document) {
  std::string text = "ACTION " + visible_word(document.action) + "\n";
  section(
      text, "Program",
      {visible_word(document.executable.path), pinned(document.executable.sha256, document.executable.size)});
  section(text, "Arguments, each on its line", numbered_words(document.argv));
  section(text, "Working directory", {visible_word(document.directory)});
  section(text, "Input files, as they were when this was asked", input_lines(document));
  section(text, "Environment", environment_lines(document));
  section(text, "Secrets that it is given", secret_lines(document.secrets));
  section(text, "Files that it may read, besides /usr and /etc", words(document.read));
  section(text, "Files that it may change", words(document.write));
  section(text, "Hosts that it may connect to", words(document.hosts));
  section(text, "Time limit", {std::to_string(document.timeout) + " seconds"});
  section(text, "Conditions that must still hold", words(document.preconditions));
  if (document.preview) preview_sections(text, *document.preview);
  section(text, "NOT pinned by an approval", unpinned_lines(document));
  return text;
}

std::string fence_preview(std::string_view output) {
  if (output.empty()) return "  (it printed nothing)\n";
  std::string text;
  while (!output.empty()) {
    const std::size_t end = output.find('\n');
    text += "  preview | " + visible(output.substr(0, end)) + "\n";
    if (end == std::string_view::npos) return text + "  (its last line has no end)\n";
    output.remove_prefix(end + 1);
  }
  return text;
}

std::string fence_why(std::string_view why, Speaker speaker) {
  const std::string who = speaker == Speaker::agent ? "agent" : "person";
  if (why.empty()) return "  (the " + who + " gave no reason)\n";
  const std::string prefix = "  " + who + " says | ";
  std::string text(prefix);
  for (std::size_t count = 0; !why.empty(); ++count) {
    if (count == kMaxWhyCharacters) return text + "\n  (the rest is cut: 280 characters at most)\n";
    const Piece piece = next_piece(why);
    if (why[0] == '\n')
      (text += '\n') += prefix;
    else
      text += piece.shown;
    why.remove_prefix(piece.length);
  }
  return text + "\n";
}

}  // namespace pawl::receipt
