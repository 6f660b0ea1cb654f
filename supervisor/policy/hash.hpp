// SHA-256 over bytes in memory (FIPS 180-4, by OpenSSL). Pure.
#pragma once

#include "sandbox/base/bytes.hpp"

namespace pawl::policy {

Digest sha256(ByteSpan bytes);

}  // namespace pawl::policy
