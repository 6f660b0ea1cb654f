// What a terminal takes bytes beyond ASCII for. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace pawl::run {

enum class Characters : std::uint8_t { utf8, single_bytes };

// As a locale's name says it ("de_DE.UTF-8", "de_DE"); nothing where it says nothing of terminals ("", "C").
std::optional<Characters> characters_of(std::string_view locale);

}  // namespace pawl::run
