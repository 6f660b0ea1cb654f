// What a passkey adds to a key: the one page that may ask it to sign, and what is known of its copies. Its
// signature travels in OpenSSH's webauthn form (PROTOCOL.u2f), with the SSHSIG to-be-signed bytes as
// challenge. Strict where ssh-keygen is not (WebAuthn Level 3 §7.2). Pure; reads reviewers' bytes.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "sandbox/base/bytes.hpp"
#include "sandbox/base/error.hpp"
#include "supervisor/receipt/public_key.hpp"

namespace pawl::receipt {

struct SignatureParts;

// Flags BE and BS when the passkey was enrolled: `none` never leaves its device.
enum class Backup : std::uint8_t { none, eligible, synced };
constexpr Backup last_of(Backup) { return Backup::synced; }
std::span<const std::string_view> words_of(Backup);

struct Passkey {
  std::string origin;  // "https://pawl.example.com:8443": exactly as browsers write it
  Backup backup = Backup::none;
  bool operator==(const Passkey&) const = default;
};

inline constexpr std::size_t kMaxClientDataBytes = 4096;

// Lower-case host of a https URL (http for localhost alone), the port only where it is not the default one.
Result<> check_origin(std::string_view origin);
// The key is an sk-ecdsa one whose application, its relying party's id, is the origin's host or a parent of
// it.
Result<> check_passkey(const PublicKey& key, const Passkey& passkey);

// Everything but the mathematics: clientDataJSON for this challenge, origin, flags, backup state.
Result<> check_assertion(const Passkey& passkey, const SignatureParts& parts, ByteSpan challenge);

}  // namespace pawl::receipt
