#include "supervisor/receipt/openssl_start.hpp"

#include <openssl/crypto.h>

#include <cstdlib>

namespace pawl::receipt {

void ignore_openssl_configuration() {
  if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr) != 1) std::abort();
}

}  // namespace pawl::receipt
