// Spans of bytes and their text forms. Runs in every process.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pawl {

using Bytes = std::vector<std::uint8_t>;
using ByteSpan = std::span<const std::uint8_t>;
using Digest = std::array<std::uint8_t, 32>;  // SHA-256

inline ByteSpan as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(ByteSpan bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Lower-case hexadecimal (RFC 4648 base16, lower case).
std::string to_hex(ByteSpan bytes);
std::optional<Bytes> from_hex(std::string_view text);  // lower case only, even length

// Base64 with padding, no line breaks (RFC 4648 §4). Decoding is strict: one canonical form.
std::string to_base64(ByteSpan bytes);
std::optional<Bytes> from_base64(std::string_view text);

// 256 bits from getrandom(2) as hexadecimal: ids of requests, sessions and tokens.
std::string random_id();

}  // namespace pawl
