// SSH signatures (OpenSSH PROTOCOL.sshsig), read more strictly than ssh-keygen does: one armored block,
// spelled exactly as ssh-keygen writes it, hash sha512, empty reserved field, minimal integers, a signature
// type that fits the key. A stock `ssh-keygen -Y verify` accepts whatever is accepted here. Never key
// anything on signature bytes: ECDSA knows two signatures for each. Pure; runs in the broker (on reviewers'
// bytes) and in people's tools.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sandbox/base/bytes.hpp"
#include "sandbox/base/error.hpp"
#include "supervisor/receipt/certificate.hpp"
#include "supervisor/receipt/public_key.hpp"

namespace pawl::receipt {

inline constexpr std::size_t kMaxArmoredBytes = 32 * 1024;

struct SshSignature {
  PublicKey key;  // the one that the signature names: worth nothing until compared with an enrolled one
  std::string signature_namespace;
  Bytes signature;  // string type, string value, …: as an ssh-agent returns it
  std::optional<Certificate>
      certificate;  // where one stands in the key's place; `key` is the certified one then

  SignatureForm form() const;
  bool operator==(const SshSignature&) const = default;
};

Result<SshSignature> parse_armored(std::string_view armored);
std::string write_armored(const SshSignature& signature);

// What an ssh key signs for `message`: "SSHSIG" namespace "" "sha512" SHA512(message). For ssh-agent(1):
// request 13 over these bytes, with the flags of agent_flags().
Bytes to_be_signed(std::string_view signature_namespace, ByteSpan message);
std::uint32_t agent_flags(const PublicKey& key);

// Holds iff `armored` is a signature by exactly this enrolled ssh key, in this namespace, over `message`.
// (Certificates and passkeys: check_provenance() in provenance.hpp.)
Result<> verify(std::string_view armored, const PublicKey& enrolled, std::string_view signature_namespace,
                ByteSpan message);
// The mathematics alone, by the key that the signature names itself: worth nothing but to find damage early.
Result<> verify_by_itself(const SshSignature& signature, ByteSpan message);

}  // namespace pawl::receipt
