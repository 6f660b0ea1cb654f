#include "supervisor/broker/scrub.hpp"

#include <cctype>

#include "sandbox/base/bytes.hpp"

namespace pawl::broker {
namespace {

constexpr std::size_t kShortest = 4;

std::string url_escaped(std::string_view value, std::string_view digits) {
  std::string text;
  for (const unsigned char byte : value) {
    if (std::isalnum(byte) != 0 || byte == '-' || byte == '.' || byte == '_' || byte == '~') {
      text += static_cast<char>(byte);
    } else {
      text += '%';
      text += digits[byte >> 4];
      text += digits[byte & 15];
    }
  }
  return text;
}

std::string json_escaped(std::string_view value) {
  std::string text;
  for (const char byte : value) {
    if (byte == '"' || byte == '\\') text += '\\';
    text += byte;
  }
  return text;
}

// What the value looks like inside Base64 text, wherever it begins there: the characters at both ends that
// also depend on neighbours are left out.
std::string base64_core(std::string_view value, std::size_t offset) {
  const std::string shifted = std::string(offset, '\0') + std::string(value);
  const std::string text = to_base64(as_bytes(shifted));
  const std::size_t first = (offset * 8 + 5) / 6;
  const std::size_t last = shifted.size() * 8 / 6;
  return last > first ? text.substr(first, last - first) : std::string();
}

void replace_all(std::string& text, std::string_view what, std::string_view with) {
  if (what.size() < kShortest) return;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
}

}  // namespace

std::string scrub(std::string text, const std::vector<Scrubbed>& secrets) {
  for (const Scrubbed& secret : secrets) {
    if (secret.value.size() < kShortest) continue;
    const std::string mark = "[secret " + secret.name + "]";
    replace_all(text, secret.value, mark);
    replace_all(text, url_escaped(secret.value, "0123456789ABCDEF"), mark);
    replace_all(text, url_escaped(secret.value, "0123456789abcdef"), mark);
    replace_all(text, json_escaped(secret.value), mark);
    replace_all(text, to_hex(as_bytes(secret.value)), mark);
    for (std::size_t offset = 0; offset < 3; ++offset)
      replace_all(text, base64_core(secret.value, offset), mark);
  }
  return text;
}

}  // namespace pawl::broker
