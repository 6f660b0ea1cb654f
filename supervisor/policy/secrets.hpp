// What is known about secrets (secrets.toml): where each comes from, who and what may use it, and the least
// approval whatever a role says. No value is ever in here; values are read by secret_store.hpp.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pawl::policy {

enum class SecretSource : std::uint8_t {
  file,        // `location` beneath <config>/secrets/
  credential,  // `location` beneath $CREDENTIALS_DIRECTORY (systemd.exec(5), LoadCredential=)
};

struct Secret {
  std::string name;
  SecretSource source = SecretSource::file;
  std::string location;  // one plain file name
  std::vector<std::string> roles;
  std::vector<std::string>
      uses;  // "action:deploy", "preview:deploy", "llm:anthropic", "llm:https://models.example.com"
  std::string require;  // the floor: a rule's name; empty: "none" was written

  bool floored() const { return !require.empty(); }
  bool lists_role(std::string_view role) const;
  bool lists_use(std::string_view use) const;
};

}  // namespace pawl::policy
