// The pieces of which every rendering of a document is made. Pure; internal to receipt/.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/base/bytes.hpp"

namespace pawl::receipt {

// One heading and its lines; says "none" rather than leaving out, so that nothing is missed by its absence.
void section(std::string& text, std::string_view heading, const std::vector<std::string>& lines);
// "[0] deploy": one line each.
std::vector<std::string> numbered_words(const std::vector<std::string>& words);
// "sha256 …, 12 bytes"
std::string pinned(const Digest& sha256, std::uint64_t size);

}  // namespace pawl::receipt
