// Which enrolled keys live in a security key, told by the line's type. Pure.
#pragma once

#include <string_view>

namespace pawl::policy {

// `line`: in the canonical form of people.hpp, "<type> <base64>".
inline bool is_hardware_line(std::string_view line) {
  return line.starts_with("sk-ssh-ed25519@openssh.com ") ||
         line.starts_with("sk-ecdsa-sha2-nistp256@openssh.com ");
}

}  // namespace pawl::policy
