// What a person is enrolled with, and may sign by: an ssh key, an authority that issues certificates to them,
// or a passkey. As it stands in people.toml, the ledger and receipts:
//   ssh-ed25519 AAAA…
//   cert-authority ssh-ed25519 AAAA…
//   sk-ecdsa-sha2-nistp256@openssh.com AAAA… origin=https://pawl.example.com backup=none
// Pure; reads people's files and the ledger.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sandbox/base/error.hpp"
#include "supervisor/receipt/public_key.hpp"
#include "supervisor/receipt/sshsig.hpp"
#include "supervisor/receipt/webauthn.hpp"

namespace pawl::receipt {

struct Credential {
  enum class Kind : std::uint8_t { key, authority, passkey };

  Kind kind = Kind::key;
  PublicKey key;    // the person's, or the authority's
  Passkey passkey;  // of a passkey only

  bool operator==(const Credential&) const = default;
};

// After the key a comment may follow, which is dropped; after a passkey's key stand origin and backup state,
// exactly as above. A security key of an application other than "ssh:…" is a passkey or nothing.
Result<Credential> parse_credential(std::string_view line);
// The same in one canonical form: no comment, no line break.
std::string credential_line(const Credential& credential);
// For people: "SHA256:…", "authority SHA256:…", "passkey SHA256:…".
std::string describe(const Credential& credential);

// An ssh security key, or a passkey that cannot be copied. What an authority certifies is not known in
// advance.
bool is_hardware(const Credential& credential);

// Does the signature name this credential: its key, a certificate of this authority, or this passkey? Says
// nothing about whether it holds.
bool names(const SshSignature& signature, const Credential& credential);

}  // namespace pawl::receipt
