// The browser's half of a passkey's signature: clientDataJSON (WebAuthn §5.8.1), which names challenge and
// page. Pure; reads reviewers' bytes. Internal to receipt/.
#pragma once

#include <string>
#include <string_view>

#include "sandbox/base/bytes.hpp"
#include "sandbox/base/error.hpp"

namespace pawl::receipt {

// Base64 for URLs without padding (RFC 4648 §5), as browsers write challenges.
std::string to_base64url(ByteSpan bytes);

// One JSON object, UTF-8, no key twice at any level, that begins with type, challenge and origin in the
// browsers' one spelling (OpenSSH demands it too); crossOrigin absent or false, no topOrigin. Other members
// may follow: browsers add some on purpose.
Result<> check_client_data(std::string_view text, ByteSpan challenge, std::string_view origin);

}  // namespace pawl::receipt
