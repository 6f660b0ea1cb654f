// The allowed_signers file (ssh-keygen(1), ALLOWED SIGNERS) with which anyone checks decisions without pawl.
// Written and read here in one strict form: one line a credential, always with namespaces, nothing with
// patterns or dates. What a passkey's line says behind its key, ssh-keygen takes for a comment. Pure; runs in
// people's tools and in the broker.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sandbox/base/error.hpp"
#include "supervisor/receipt/checkpoint.hpp"
#include "supervisor/receipt/credential.hpp"

namespace pawl::receipt {

struct AllowedSigner {
  std::string person;
  std::vector<std::string> namespaces;
  Credential credential;
};

// Names of people are principals, and principals are patterns: only [A-Za-z0-9._@-]{1,64} is safe.
Result<> check_person_name(std::string_view person);

// One line without line break, for both verdicts:
//   alice namespaces="approve.v1@pawl,deny.v1@pawl" ssh-ed25519 AAAA…
//   alice cert-authority,namespaces="approve.v1@pawl,deny.v1@pawl" ssh-ed25519 AAAA…
Result<std::string> allowed_signers_line(std::string_view person, const Credential& credential);
Result<std::string> allowed_signers_line(std::string_view person, const PublicKey& key);

// The line that names a log: who verifies with this file believes no receipt that another log, or none,
// holds. For ssh-keygen it is a comment.
std::string log_key_line(const LogKey& key);
// The logs that the file names; none: it names no log.
Result<std::vector<LogKey>> parse_log_keys(std::string_view text);

// Blank lines and #-comments are skipped. Any line that ssh-keygen would read otherwise than it looks is
// refused.
Result<std::vector<AllowedSigner>> parse_allowed_signers(std::string_view text);

}  // namespace pawl::receipt
