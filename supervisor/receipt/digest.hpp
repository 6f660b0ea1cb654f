// SHA-256 (FIPS 180-4) over OpenSSL's EVP. Runs in the broker and in people's tools; hashes anybody's bytes.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "sandbox/base/bytes.hpp"

struct evp_md_ctx_st;

namespace pawl::receipt {

Digest sha256(ByteSpan bytes);
inline Digest sha256(std::string_view text) { return sha256(as_bytes(text)); }

// The same in pieces: for bytes that pass by only once.
class Sha256 {
 public:
  Sha256();
  void update(ByteSpan bytes);
  Digest finish();  // once; the object is spent afterwards

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

// 64 lower-case hexadecimal digits, nothing else.
std::optional<Digest> digest_from_hex(std::string_view text);

}  // namespace pawl::receipt
