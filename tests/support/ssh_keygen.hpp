// The real ssh-keygen(1), as the second opinion on everything that is signed.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "tests/support/temporary_directory.hpp"

namespace pawl::test {

class SshKeygen {
 public:
  static bool is_installed();

  // A new key pair of `type` (ed25519, ecdsa, rsa), `bits` where that type wants it; returns the public key
  // line.
  std::string make_key(const std::string& name, const std::string& type, const std::string& bits = {});
  std::string sign(const std::string& name, const std::string& signature_namespace, std::string_view message);

  // Any other use of it, on files in a folder of its own; throws where it fails.
  void run(const std::vector<std::string>& arguments);
  std::string path(const std::string& name) const { return directory_ / name; }
  // The built test middleware for security keys (support/security_key.cpp); ssh-keygen finds it in the
  // environment.
  static void use_security_key();

  struct Check {
    std::string signature;
    std::string message;
  };
  // For each check whether `ssh-keygen -Y verify` accepts it; two run at a time. `time`: YYYYMMDDHHMMSSZ, as
  // of which certificates are judged.
  std::vector<bool> verify(const std::string& allowed_signers, const std::string& person,
                           const std::string& signature_namespace, const std::vector<Check>& checks,
                           const std::string& time = {});

 private:
  pid_t start(const std::vector<std::string>& arguments, const std::string& input) const;

  TemporaryDirectory directory_;
};

}  // namespace pawl::test
