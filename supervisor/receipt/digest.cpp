#include "supervisor/receipt/digest.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <stdexcept>

namespace pawl::receipt {
namespace {

// SHA-256 over memory fails only when OpenSSL cannot work at all, and then nothing may be trusted.
void must(int result) {
  if (result != 1) throw std::runtime_error("OpenSSL refuses to compute SHA-256");
}

// Fetched once: OpenSSL 3 looks an algorithm up anew for each digest otherwise, which takes longer than the
// digest of a tree's node.
const EVP_MD* algorithm() {
  static const EVP_MD* const fetched = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return fetched;
}

}  // namespace

Digest sha256(ByteSpan bytes) {
  Sha256 hash;
  hash.update(bytes);
  return hash.finish();
}

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  if (!context_) throw std::bad_alloc();
  must(EVP_DigestInit_ex(context_.get(), algorithm(), nullptr));
}

void Sha256::update(ByteSpan bytes) { must(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size())); }

Digest Sha256::finish() {
  Digest digest{};
  must(EVP_DigestFinal_ex(context_.get(), digest.data(), nullptr));
  return digest;
}

void Sha256::Free::operator()(evp_md_ctx_st* context) const { EVP_MD_CTX_free(context); }

std::optional<Digest> digest_from_hex(std::string_view text) {
  Digest digest{};
  if (text.size() != 2 * digest.size()) return std::nullopt;
  const auto bytes = from_hex(text);
  if (!bytes) return std::nullopt;
  std::ranges::copy(*bytes, digest.begin());
  return digest;
}

}  // namespace pawl::receipt
