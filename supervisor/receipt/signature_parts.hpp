// What stands inside one ssh signature, and whether it holds: the plain form of keys in files, the form of
// security keys (OpenSSH PROTOCOL.u2f) with flags and counter, and the form of passkeys, whose browser wraps
// the challenge. Pure; reads reviewers' bytes. Internal to receipt/.
#pragma once

#include <cstdint>
#include <string_view>

#include "sandbox/base/bytes.hpp"
#include "sandbox/base/error.hpp"
#include "supervisor/receipt/key_kinds.hpp"

namespace pawl::receipt {

// Authenticator data's flags (WebAuthn §6.1).
namespace touch_flag {
inline constexpr std::uint8_t present = 0x01;          // UP: somebody touched it
inline constexpr std::uint8_t verified = 0x04;         // UV: and was recognised, by PIN or finger
inline constexpr std::uint8_t backup_eligible = 0x08;  // BE: the key may be copied to other devices
inline constexpr std::uint8_t backed_up = 0x10;        // BS: it has been
}  // namespace touch_flag

// Whose signature it is decides which types are taken: an authority may also sign by rsa-sha2-256.
enum class SignedThing : std::uint8_t { message, certificate };

inline constexpr std::string_view kWebauthnSignatureType = "webauthn-sk-ecdsa-sha2-nistp256@openssh.com";

struct SignatureParts {
  SignatureForm form = SignatureForm::plain;
  const evp_md_st* (*digest)() = nullptr;
  ByteSpan value;                            // as the key's kind spells it
  std::uint8_t flags = 0;                    // security keys and passkeys only, as is the counter
  std::uint32_t counter = 0;                 // 0: it does not count
  ByteSpan origin, client_data, extensions;  // passkeys only
};

// Spans into `signature`; bounds and types are checked, nothing else.
Result<SignatureParts> parse_signature(const KeyKindEntry& kind, ByteSpan signature,
                                       SignedThing what = SignedThing::message);

// The mathematics alone: is it this key's signature over `message`, in whichever form it has?
Result<> check_signature(const PublicKey& key, const SignatureParts& parts, ByteSpan message);

}  // namespace pawl::receipt
