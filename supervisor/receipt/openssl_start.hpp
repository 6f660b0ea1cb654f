// What a program says to libcrypto before anything else. At its first use libcrypto reads the file that
// $OPENSSL_CONF names, or the host's, and loads the modules named there into the process, a static one too:
// whoever sets a variable would run code before any signature is looked at.
#pragma once

namespace pawl::receipt {

// First thing in main().
void ignore_openssl_configuration();

}  // namespace pawl::receipt
