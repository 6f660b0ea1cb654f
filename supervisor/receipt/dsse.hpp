// DSSE pre-authentication encoding (https://github.com/secure-systems-lab/dsse, protocol.md): the bytes that
// are signed for a statement, so that its type is signed with it.
#pragma once

#include <string>
#include <string_view>

namespace pawl::receipt {

inline constexpr std::string_view kPayloadType = "application/vnd.in-toto+json";

// "DSSEv1 28 application/vnd.in-toto+json <length> <body>"
std::string pre_authentication_encoding(std::string_view body);

}  // namespace pawl::receipt
