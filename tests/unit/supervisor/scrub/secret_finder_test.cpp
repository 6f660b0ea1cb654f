// Every spelling in which a program prints a secret is found, however the text is cut into pieces.
#include "supervisor/scrub/secret_finder.hpp"

#include <catch2/catch.hpp>
#include <functional>

#include "sandbox/base/bytes.hpp"

using namespace pawl;
using namespace pawl::scrub;

namespace {

constexpr std::string_view kSecret = "sk-a/B+c&d\"e\\f<g>_9";

std::string each(std::string_view text, const std::function<std::string(unsigned char)>& spell) {
  std::string out;
  for (const char c : text) out += spell(static_cast<unsigned char>(c));
  return out;
}

std::string with(const char* format, unsigned char byte) {
  char text[32];
  std::snprintf(text, sizeof(text), format, byte);
  return text;
}

auto all(const char* format) {
  return [format](unsigned char byte) { return with(format, byte); };
}

// Plain, but for the bytes of `special`.
auto only(std::string_view special, const char* format) {
  return [special, format](unsigned char byte) {
    return special.contains(static_cast<char>(byte)) ? with(format, byte)
                                                     : std::string(1, static_cast<char>(byte));
  };
}

std::string json(std::string_view text, std::string_view escaped) {
  return each(text, only(escaped, "\\%c"));
}

std::string html(std::string_view text) {
  return each(text, [](unsigned char byte) -> std::string {
    if (byte == '&') return "&amp;";
    if (byte == '<') return "&lt;";
    if (byte == '>') return "&gt;";
    if (byte == '"') return "&quot;";
    return {static_cast<char>(byte)};
  });
}

std::string wrapped(std::string text, std::size_t width, std::string_view line_break) {
  for (std::size_t at = width; at < text.size(); at += width + line_break.size()) text.insert(at, line_break);
  return text;
}

std::string url_alphabet(std::string text) {
  for (char& c : text) c = c == '+' ? '-' : c == '/' ? '_' : c;
  return text;
}

// Masked as egress does it.
std::string through(std::string_view text, std::size_t piece_size) {
  const SecretFinder finder(kSecret);
  std::string out, held;
  for (std::size_t at = 0; at < text.size(); at += piece_size) {
    held += text.substr(at, piece_size);
    const End end = at + piece_size >= text.size() ? End::closed : End::open;
    std::size_t from = 0, passes = held.size();
    while (const auto found = finder.find(held, from, end)) {
      if (!found->whole) {
        passes = found->begin;
        break;
      }
      held.replace(found->begin, found->end - found->begin, found->end - found->begin, '*');
      from = found->end;
    }
    out += held.substr(0, passes);
    held.erase(0, passes);
  }
  return out + held;
}

struct Row {
  const char* what;
  std::string spelling;
};

const std::vector<Row>& rows() {
  static const std::string raw(kSecret);
  static const std::vector<Row> table = {
      {"plain", raw},
      {"JSON", json(raw, "\"\\")},
      {"JSON with escaped slashes", json(raw, "\"\\/")},
      {"JSON in JSON", json(json(raw, "\"\\"), "\"\\")},
      {"JSON for HTML pages", each(json(raw, "\"\\"), only("<>&", "\\u%04x"))},
      {"JSON, all in \\u", each(raw, all("\\u%04x"))},
      {"JSON, all in \\u, upper case", each(raw, all("\\u%04X"))},
      {"HTML entities", html(raw)},
      {"HTML entities in HTML", html(html(raw))},
      {"HTML, decimal", each(raw, all("&#%u;"))},
      {"HTML, hexadecimal", each(raw, all("&#x%x;"))},
      {"HTML, hexadecimal with zeros", each(raw, all("&#x%04X;"))},
      {"percent", each(raw, only("/+&\"\\<>", "%%%02X"))},
      {"percent, lower case", each(raw, only("/+&\"\\<>", "%%%02x"))},
      {"percent, slashes left", each(raw, only("+&\"\\<>", "%%%02X"))},
      {"percent, every byte", each(raw, all("%%%02X"))},
      {"percent, every byte, lower case", each(raw, all("%%%02x"))},
      {"percent, twice", each(each(raw, only("/+&\"\\<>", "%%%02X")), only("%", "%%%02X"))},
      {"C and Python", each(raw, all("\\x%02x"))},
      {"shell", each(raw, all("\\%03o"))},
      {"hexadecimal", to_hex(as_bytes(raw))},
      {"hexadecimal, upper case", each(raw, all("%02X"))},
      {"hexadecimal, wrapped", wrapped(to_hex(as_bytes(raw)), 10, "\n")},
  };
  return table;
}

}  // namespace

TEST_CASE("each spelling of the secret is found whole", "[scrub]") {
  for (const Row& row : rows()) {
    INFO(row.what << ": " << row.spelling);
    CHECK(through("<" + row.spelling + ">", 10'000) == "<" + std::string(row.spelling.size(), '*') + ">");
  }
}

TEST_CASE("each spelling is found however it is cut into pieces", "[scrub]") {
  for (const Row& row : rows())
    for (const std::size_t size : {1u, 2u, 3u, 7u, 16u}) {
      INFO(row.what << " in pieces of " << size);
      CHECK(through("<" + row.spelling + ">", size) == "<" + std::string(row.spelling.size(), '*') + ">");
    }
}

TEST_CASE("Base64 is found at each alignment, in both alphabets, wrapped and escaped", "[scrub]") {
  using Change = std::function<std::string(std::string)>;
  const std::pair<const char*, Change> changes[] = {
      {"standard", [](std::string text) { return text; }},
      {"url-safe", url_alphabet},
      {"wrapped", [](std::string text) { return wrapped(std::move(text), 10, "\n"); }},
      {"wrapped for mail", [](std::string text) { return wrapped(std::move(text), 7, "\r\n"); }},
      {"wrapped and indented", [](std::string text) { return wrapped(std::move(text), 9, "\n    "); }},
      {"wrapped in JSON", [](std::string text) { return wrapped(std::move(text), 8, "\\n"); }},
      {"percent", [](const std::string& text) { return each(text, only("+/=", "%%%02X")); }},
      {"JSON", [](const std::string& text) { return json(text, "/"); }},
  };
  for (const auto& [what, change] : changes)
    for (const char* before : {"", "u", "us", "user:", "Bearer "})
      for (const char* after : {"", "z", "zz"})
        for (const std::size_t size : {1u, 5u, 10'000u}) {
          const std::string text = change(to_base64(as_bytes(before + std::string(kSecret) + after)));
          const std::string clean = through(text, size);
          INFO(what << ": " << text << " → " << clean);
          // The few digits at the ends hold bits of the neighbours as well.
          CHECK(static_cast<std::size_t>(std::count(clean.begin(), clean.end(), '*')) + 3 >=
                kSecret.size() * 8 / 6);
        }
}

TEST_CASE("other text passes, and at once", "[scrub]") {
  const SecretFinder finder(kSecret);
  for (const char* text :
       {"data: {\"a\":1}\n\n", "sk-a/B+c&d is not it", "736b2d612f422b and no more", "%73k-%61"}) {
    INFO(text);
    CHECK(through(text, 3) == text);
    CHECK_FALSE(finder.find(text, 0, End::closed));
  }
  // An event that ends with what could begin the secret does not wait behind its blank line.
  for (const char* event : {"data: s\n\n", "data: 73\n\n", "data: c\n\n", "data: c\r\n\r\n"}) {
    INFO(event);
    CHECK_FALSE(finder.find(event, 0, End::open));
  }
  const auto begun = finder.find("ends with sk-a", 0, End::open);
  REQUIRE(begun);
  CHECK_FALSE(begun->whole);
  CHECK(begun->begin == 10);
}

TEST_CASE("a secret that is too short to be told from text is left alone", "[scrub]") {
  CHECK_FALSE(SecretFinder("abc").find("abc abc", 0, End::closed));
  CHECK_FALSE(SecretFinder("").find("abc abc", 0, End::open));
  CHECK(SecretFinder("abcd").find("abcd", 0, End::closed));
}

TEST_CASE("a secret that overlaps itself is found", "[scrub]") {
  const SecretFinder finder("aaab");
  const auto found = finder.find("aaaaaab", 0, End::closed);
  REQUIRE(found);
  CHECK(found->begin == 3);
  CHECK(found->end == 7);
}
