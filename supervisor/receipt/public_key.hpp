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

enum class KeyKind : std::uint8_t { ed25519, ecdsa_p256, rsa, sk_ed25519, sk_ecdsa_p256 };

// How a key signs: by itself; as a security key, which adds flags and a counter; or through a browser.
enum class SignatureForm : std::uint8_t { plain, security_key, webauthn };

inline constexpr unsigned kMinRsaBits = 2048;
inline constexpr unsigned kMaxRsaBits = 16384;
inline constexpr std::size_t kMaxKeyBytes = 4096;         // of the binary form
inline constexpr std::size_t kMaxApplicationBytes = 253;  // of a security key; a host name's length
// What ssh-keygen gives to every security key as application. A browser signs for host names alone, so that a
// passkey can never pass for such a key, nor the other way round.
inline constexpr std::string_view kSshApplication = "ssh:";

struct PublicKey {
  KeyKind kind = KeyKind::ed25519;
  Bytes
      blob;  // the binary form (what Base64 in a key line holds); two keys are one iff these bytes are equal

  bool operator==(const PublicKey&) const = default;
};

// "ssh-ed25519 AAAA… [comment]"; no options before it, no line break. Refuses unknown, weak, malformed keys,
// and, saying so, certificates and DSA. A passkey's key has the same form: whoever takes lines for ssh keys
// uses parse_credential() (credential.hpp), which tells them apart.
Result<PublicKey> parse_public_key(std::string_view line);
// The binary form alone.
Result<PublicKey> parse_key_blob(ByteSpan blob);

// Lives in a security key that asks for a touch; what was made with it says whether the person was verified.
bool is_hardware(const PublicKey& key);
// "ssh:…" for an ssh key, a relying party's host name for a passkey; empty for keys in files.
std::string_view application_of(const PublicKey& key);

std::string key_line(const PublicKey& key);     // "ssh-ed25519 AAAA…", no comment, no line break
std::string fingerprint(const PublicKey& key);  // "SHA256:…", as ssh-keygen -l prints it

}  // namespace pawl::receipt
