#include "supervisor/scrub/spelling.hpp"

#include <algorithm>

namespace pawl::scrub {
namespace {

constexpr std::size_t kMaxNested = 4;       // "%252525…", "&amp;amp;…"
constexpr std::size_t kMaxBackslashes = 8;  // JSON in JSON in JSON
constexpr std::size_t kMaxZeros = 6;        // "&#0000065;"
constexpr std::size_t kMaxSpaces = 64;      // around a line break

int digit_value(char c, unsigned base) {
  int value = 99;
  if (c >= '0' && c <= '9') value = c - '0';
  if (c >= 'a' && c <= 'f') value = c - 'a' + 10;
  if (c >= 'A' && c <= 'F') value = c - 'A' + 10;
  return value < static_cast<int>(base) ? value : -1;
}

// Exactly `count` digits that make `byte`.
void read_number(std::string_view text, std::size_t at, std::size_t count, unsigned base, unsigned byte,
                 Readings& readings) {
  unsigned value = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (at + i >= text.size()) {
      readings.broken_off = true;
      return;
    }
    const int digit = digit_value(text[at + i], base);
    if (digit < 0) return;
    value = value * base + static_cast<unsigned>(digit);
  }
  if (value == byte) readings.ends.push_back(at + count);
}

bool expect(std::string_view text, std::size_t at, std::string_view wanted, Readings& readings) {
  const std::string_view there = at < text.size() ? text.substr(at, wanted.size()) : std::string_view();
  if (there.size() == wanted.size()) return there == wanted;
  if (wanted.starts_with(there)) readings.broken_off = true;
  return false;
}

void read_percent(std::string_view text, std::size_t at, unsigned byte, Readings& readings) {
  std::size_t next = at + 1;
  for (std::size_t nested = 0; nested <= kMaxNested; ++nested, next += 2) {
    read_number(text, next, 2, 16, byte, readings);
    if (!expect(text, next, "25", readings)) return;
  }
}

struct Short {
  char letter;
  unsigned char byte;
};
constexpr Short kShort[] = {{'n', '\n'}, {'r', '\r'}, {'t', '\t'}, {'b', '\b'}, {'f', '\f'}, {'0', '\0'}};

// Behind the last of some backslashes.
void read_escape(std::string_view text, std::size_t at, unsigned byte, Readings& readings) {
  if (at >= text.size()) {
    readings.broken_off = true;
    return;
  }
  const char letter = text[at];
  if (static_cast<unsigned char>(letter) == byte) readings.ends.push_back(at + 1);
  for (const Short& known : kShort)
    if (known.letter == letter && known.byte == byte) readings.ends.push_back(at + 1);
  if (letter == 'u') read_number(text, at + 1, 4, 16, byte, readings);
  if (letter == 'U') read_number(text, at + 1, 8, 16, byte, readings);
  if (letter == 'x') read_number(text, at + 1, 2, 16, byte, readings);
  if (digit_value(letter, 8) >= 0) read_number(text, at, 3, 8, byte, readings);
}

void read_backslash(std::string_view text, std::size_t at, unsigned byte, Readings& readings) {
  std::size_t next = at;
  for (std::size_t count = 0; count < kMaxBackslashes && next < text.size() && text[next] == '\\'; ++count) {
    ++next;
    read_escape(text, next, byte, readings);
  }
}

struct Entity {
  std::string_view name;
  char byte;
};
constexpr Entity kEntities[] = {
    {"quot;", '"'},  {"amp;", '&'},    {"lt;", '<'},     {"gt;", '>'},     {"apos;", '\''}, {"sol;", '/'},
    {"plus;", '+'},  {"equals;", '='}, {"lowbar;", '_'}, {"percnt;", '%'}, {"bsol;", '\\'}, {"period;", '.'},
    {"colon;", ':'}, {"num;", '#'},    {"dollar;", '$'}, {"commat;", '@'}, {"excl;", '!'},  {"nbsp;", ' '},
};

void read_number_entity(std::string_view text, std::size_t at, unsigned byte, Readings& readings) {
  if (at >= text.size()) {
    readings.broken_off = true;
    return;
  }
  const bool hexadecimal = text[at] == 'x' || text[at] == 'X';
  const unsigned base = hexadecimal ? 16 : 10;
  std::size_t next = at + (hexadecimal ? 1 : 0);
  unsigned value = 0;
  for (std::size_t digits = 0; digits <= kMaxZeros + 3; ++digits, ++next) {
    if (next >= text.size()) {
      readings.broken_off = true;
      return;
    }
    if (text[next] == ';') {
      if (digits > 0 && value == byte) readings.ends.push_back(next + 1);
      return;
    }
    const int digit = digit_value(text[next], base);
    if (digit < 0 || value > 0xff) return;
    value = value * base + static_cast<unsigned>(digit);
  }
}

void read_entity(std::string_view text, std::size_t at, unsigned byte, Readings& readings) {
  std::size_t next = at + 1;
  for (std::size_t nested = 0; nested <= kMaxNested; ++nested, next += 4) {
    for (const Entity& entity : kEntities)
      if (static_cast<unsigned char>(entity.byte) == byte && expect(text, next, entity.name, readings))
        readings.ends.push_back(next + entity.name.size());
    if (expect(text, next, "#", readings)) read_number_entity(text, next + 1, byte, readings);
    if (!expect(text, next, "amp;", readings)) return;
  }
}

bool is_space(char c) { return c == ' ' || c == '\t'; }

// Behind each of the spellings of one of the bytes.
std::vector<std::size_t> behind(std::string_view text, std::size_t at, std::string_view bytes,
                                Readings& readings) {
  Readings own;
  if (at >= text.size()) own.broken_off = true;
  for (const char byte : bytes) read_byte(text, at, static_cast<unsigned char>(byte), own);
  readings.broken_off = readings.broken_off || own.broken_off;
  return own.ends;
}

}  // namespace

void read_byte(std::string_view text, std::size_t at, unsigned char byte, Readings& readings) {
  if (at >= text.size()) {
    readings.broken_off = true;
    return;
  }
  if (static_cast<unsigned char>(text[at]) == byte) readings.ends.push_back(at + 1);
  if (text[at] == '%') read_percent(text, at, byte, readings);
  if (text[at] == '\\') read_backslash(text, at, byte, readings);
  if (text[at] == '&') read_entity(text, at, byte, readings);
}

void read_hexadecimal(std::string_view text, std::size_t at, unsigned char byte, Readings& readings) {
  read_number(text, at, 2, 16, byte, readings);
}

void read_base64(std::string_view text, std::size_t at, unsigned char digit, Readings& readings) {
  read_byte(text, at, digit, readings);
  if (digit == '+') read_byte(text, at, '-', readings);
  if (digit == '/') read_byte(text, at, '_', readings);
}

void read_line_break(std::string_view text, std::size_t at, Readings& readings) {
  std::size_t next = at;
  while (next < text.size() && next - at < kMaxSpaces && is_space(text[next])) ++next;
  std::vector<std::size_t> ends = behind(text, next, "\n", readings);
  for (const std::size_t middle : behind(text, next, "\r", readings)) {
    ends.push_back(middle);
    std::ranges::copy(behind(text, middle, "\n", readings), std::back_inserter(ends));
  }
  for (std::size_t end : ends) {
    const std::size_t line = end;
    while (end < text.size() && end - line < kMaxSpaces && is_space(text[end])) ++end;
    readings.ends.push_back(end);
    if (end == text.size()) readings.broken_off = true;
  }
}

}  // namespace pawl::scrub
