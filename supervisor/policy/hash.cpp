#include "supervisor/policy/hash.hpp"

#include <openssl/sha.h>

namespace pawl::policy {

Digest sha256(ByteSpan bytes) {
  Digest digest;
  SHA256(bytes.data(), bytes.size(), digest.data());
  return digest;
}

}  // namespace pawl::policy
