// Who really made a signature, and how: the check of an armored signature against what a person is enrolled
// with. Pure; runs in the broker (on reviewers' bytes) and in people's tools.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sandbox/base/bytes.hpp"
#include "sandbox/base/error.hpp"
#include "supervisor/receipt/credential.hpp"

namespace pawl::receipt {

enum class UserVerification : std::uint8_t { optional, required };

// What a rule asks for beyond a good signature.
struct Demands {
  UserVerification user_verification = UserVerification::optional;
};

struct Circumstances {
  std::string_view person;  // who is said to have signed
  std::int64_t time = 0;    // Unix seconds at which a certificate must hold: when the signature was received
  Demands demands;
};

// For the report: how a good signature came to be.
struct Provenance {
  PublicKey key;  // that made it: the enrolled one, or the certified one
  struct Device {
    bool user_verified = false;
    std::uint32_t counter = 0;  // one that falls is worth a look, no more: synced passkeys report 0
    bool operator==(const Device&) const = default;
  };
  std::optional<Device> device;  // security keys and passkeys
  struct Issued {
    std::uint64_t serial = 0;
    std::string key_id;  // the authority's words: foreign text
    PublicKey authority;
    std::uint64_t expires = 0;  // Unix seconds
    bool operator==(const Issued&) const = default;
  };
  std::optional<Issued> certificate;
  std::string origin;  // a passkey's page

  bool operator==(const Provenance&) const = default;
};

// Holds iff `armored` is a signature by exactly this credential, in this namespace, over `message`: by its
// very key, in the form that fits (a plain one under a passkey is refused, and the other way round), with a
// touch where the key can ask for one, by a certificate that holds for the person at that time.
Result<Provenance> check_provenance(std::string_view armored, const Credential& enrolled,
                                    std::string_view signature_namespace, ByteSpan message,
                                    const Circumstances& circumstances);

}  // namespace pawl::receipt
