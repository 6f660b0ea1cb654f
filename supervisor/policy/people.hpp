// The people whom pawl knows (people.toml): who launches, who reviews. Plain data.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "sandbox/base/error.hpp"

namespace pawl::policy {

struct Person {
  std::string name;
  std::vector<uid_t> uids;
  std::vector<std::string> keys;  // OpenSSH public keys in one canonical form: "<type> <base64>", no comment;
                                  // with "cert-authority " before it an authority that issues certificates
  std::vector<std::string> groups;  // without '@'

  bool in_group(std::string_view group) const;
};

inline constexpr std::string_view kAuthorityMark = "cert-authority ";

// One authorized_keys-like line → "<type> <base64>". Accepts ssh-ed25519, ecdsa-sha2-nistp256, ssh-rsa (≥
// 2048 bits), sk-ssh-ed25519@openssh.com and sk-ecdsa-sha2-nistp256@openssh.com with an application "ssh:…";
// the blob must say the same type, be encoded in the one canonical way and have nothing behind it. Of options
// before the type only cert-authority is taken.
Result<std::string> canonical_key(std::string_view line);

}  // namespace pawl::policy
