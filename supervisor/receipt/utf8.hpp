// UTF-8 (RFC 3629), one character at a time. Pure; reads anybody's bytes.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace pawl::receipt {

struct Utf8Character {
  char32_t code = 0;
  std::size_t length = 0;  // bytes
};

// The character at the front of `text`; nullopt where no valid one begins (overlong, surrogate, cut off) or
// at its end.
std::optional<Utf8Character> first_character(std::string_view text);

bool is_utf8(std::string_view text);

// Characters of valid UTF-8; nullopt for anything else.
std::optional<std::size_t> count_characters(std::string_view text);

}  // namespace pawl::receipt
