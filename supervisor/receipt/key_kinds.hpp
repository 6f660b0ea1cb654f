// The table of key kinds: all that differs between them. A kind that is not in it does not exist for pawl.
// Pure; reads reviewers' bytes. Internal to receipt/.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "sandbox/base/bytes.hpp"
#include "sandbox/base/error.hpp"
#include "supervisor/receipt/public_key.hpp"
#include "supervisor/receipt/ssh_wire.hpp"

struct evp_pkey_st;
struct evp_md_st;

namespace pawl::receipt {

struct FreeKey {
  void operator()(evp_pkey_st* key) const;
};
using LoadedKey = std::unique_ptr<evp_pkey_st, FreeKey>;

enum class KeyHolder : std::uint8_t { file, security_key };

struct KeyKindEntry {
  KeyKind kind;
  std::string_view key_type;          // first string of the blob, first word of the line
  std::string_view certificate_type;  // of a certificate for such a key
  std::string_view signature_type;    // the only one taken from this kind for a message
  std::uint32_t agent_flags;          // for the sign request of ssh-agent
  KeyHolder holder;
  // The key's own fields, which follow the type in a blob and the nonce in a certificate; within bounds.
  Result<LoadedKey> (*load)(SshReader& rest);
  // The signature's value as OpenSSL wants it.
  Result<Bytes> (*convert_signature)(ByteSpan value, const evp_pkey_st& key);
  const evp_md_st* (*digest)();  // nullptr: the kind hashes by itself
};

std::span<const KeyKindEntry> key_kinds();
const KeyKindEntry& entry_of(KeyKind kind);
// Explains, for kinds that are known but not taken, why not.
Result<const KeyKindEntry*> entry_of(std::string_view key_type);

// The kind that certificates of this type certify; nullptr: it is no certificate's type.
const KeyKindEntry* certified_by(std::string_view certificate_type);

// The key in OpenSSL's hands; the blob is checked whole.
Result<LoadedKey> load_key(const PublicKey& key);

}  // namespace pawl::receipt
