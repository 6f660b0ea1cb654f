// SSH public keys of reviewers (RFC 4253 §6.6, RFC 5656, RFC 8709), as they stand in people.toml and
// authorized_keys. Pure; reads people's files and whatever a signature carries.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/base/bytes.hpp"
#include "sandbox/base/error.hpp"

namespace pawl::receipt {

enum class KeyKind : std::uint8_t { ed25519, ecdsa_p256, rsa };

inline constexpr unsigned kMinRsaBits = 2048;
inline constexpr unsigned kMaxRsaBits = 16384;
inline constexpr std::size_t kMaxKeyBytes = 4096;  // of the binary form

struct PublicKey {
  KeyKind kind = KeyKind::ed25519;
  Bytes
      blob;  // the binary form (what Base64 in a key line holds); two keys are one iff these bytes are equal

  bool operator==(const PublicKey&) const = default;
};

// "ssh-ed25519 AAAA… [comment]"; no options before it, no line break. Refuses unknown, weak, malformed keys,
// and, saying so, security keys (sk-…), certificates and DSA.
Result<PublicKey> parse_public_key(std::string_view line);
// The binary form alone.
Result<PublicKey> parse_key_blob(ByteSpan blob);

std::string key_line(const PublicKey& key);     // "ssh-ed25519 AAAA…", no comment, no line break
std::string fingerprint(const PublicKey& key);  // "SHA256:…", as ssh-keygen -l prints it

}  // namespace pawl::receipt
