// SSH user certificates (OpenSSH PROTOCOL.certkeys): an authority's word that a key is one person's for a
// while. An enrolled line `cert-authority ssh-ed25519 AAAA…` makes a company's SSH authority the directory of
// keys. Read more strictly than ssh does. Pure; reads reviewers' bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/base/bytes.hpp"
#include "sandbox/base/error.hpp"
#include "supervisor/receipt/public_key.hpp"

namespace pawl::receipt {

inline constexpr std::size_t kMaxCertificateBytes = 10 * 1024;
inline constexpr std::uint64_t kForever = ~std::uint64_t{0};

struct Certificate {
  Bytes blob;  // as it stands in a signature; ends with the authority's signature
  PublicKey key;
  std::uint64_t serial = 0;
  std::uint32_t type = 0;               // 1: of a user, 2: of a host
  std::string key_id;                   // the authority's own words: foreign text
  std::vector<std::string> principals;  // whom it is for
  std::uint64_t valid_after = 0;        // Unix seconds: the first in which it holds
  std::uint64_t valid_before = 0;       // Unix seconds: the first in which it does not
  std::vector<std::string> critical_options;
  PublicKey authority;
  Bytes authority_signature;

  bool operator==(const Certificate&) const = default;
};

// Is it the binary form of a certificate, by its first word?
bool is_certificate(ByteSpan blob);
// Shape and bounds alone; certified key and authority are keys of kinds that are taken.
Result<Certificate> parse_certificate(ByteSpan blob);
// "ssh-ed25519-cert-v01@openssh.com AAAA… [comment]": the line of a -cert.pub file.
Result<Certificate> parse_certificate_line(std::string_view line);

struct Certified {
  const PublicKey& authority;  // the enrolled one
  std::string_view person;
  std::int64_t time = 0;  // Unix seconds, by whoever received the signature
};
// Of a user, issued by exactly this authority, for this person and nobody else, without critical options, not
// for ever, holding at that time, and the authority's signature (no SHA-1) is good.
Result<> check_certificate(const Certificate& certificate, const Certified& expected);

}  // namespace pawl::receipt
