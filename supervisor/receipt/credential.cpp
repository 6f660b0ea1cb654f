#include "supervisor/receipt/credential.hpp"

#include <algorithm>

namespace pawl::receipt {
namespace {

constexpr std::string_view kAuthority = "cert-authority ";
constexpr std::string_view kOrigin = "origin=";
constexpr std::string_view kBackup = " backup=";

// What follows type and Base64.
std::string_view comment_of(std::string_view line) {
  for (int words = 0; words < 2; ++words) {
    const std::size_t space = line.find(' ');
    if (space == std::string_view::npos) return {};
    line.remove_prefix(space + 1);
  }
  return line;
}

Result<Passkey> parse_passkey(std::string_view text) {
  const std::size_t backup = text.find(kBackup);
  if (!text.starts_with(kOrigin) || backup == std::string_view::npos)
    return refuse("a passkey's key is not followed by its origin and backup state",
                  "write: sk-ecdsa-sha2-nistp256@openssh.com AAAA… origin=https://HOST backup=none");
  const auto words = words_of(Backup{});
  const auto word = std::ranges::find(words, text.substr(backup + kBackup.size()));
  if (word == words.end()) return refuse("its backup state is none of none, eligible, synced");
  return Passkey{std::string(text.substr(kOrigin.size(), backup - kOrigin.size())),
                 static_cast<Backup>(word - words.begin())};
}

}  // namespace

Result<Credential> parse_credential(std::string_view line) {
  Credential credential;
  if (line.starts_with(kAuthority)) {
    line.remove_prefix(kAuthority.size());
    credential.kind = Credential::Kind::authority;
  }
  credential.key = TRY(parse_public_key(line));
  const bool for_ssh =
      !is_hardware(credential.key) || application_of(credential.key).starts_with(kSshApplication);
  if (for_ssh) return credential;
  if (credential.kind == Credential::Kind::authority)
    return refuse("public key: a passkey cannot issue certificates");
  credential.kind = Credential::Kind::passkey;
  credential.passkey = TRY_DURING("public key", parse_passkey(comment_of(line)));
  TRY(check_passkey(credential.key, credential.passkey));
  return credential;
}

std::string credential_line(const Credential& credential) {
  switch (credential.kind) {
    case Credential::Kind::key:
      break;
    case Credential::Kind::authority:
      return std::string(kAuthority) + key_line(credential.key);
    case Credential::Kind::passkey:
      return key_line(credential.key) + " " + std::string(kOrigin) + credential.passkey.origin +
             std::string(kBackup) +
             std::string(words_of(Backup{})[static_cast<std::size_t>(credential.passkey.backup)]);
  }
  return key_line(credential.key);
}

std::string describe(const Credential& credential) {
  switch (credential.kind) {
    case Credential::Kind::key:
      break;
    case Credential::Kind::authority:
      return "authority " + fingerprint(credential.key);
    case Credential::Kind::passkey:
      return "passkey " + fingerprint(credential.key);
  }
  return fingerprint(credential.key);
}

bool is_hardware(const Credential& credential) {
  switch (credential.kind) {
    case Credential::Kind::key:
      return is_hardware(credential.key);
    case Credential::Kind::authority:
      return false;
    case Credential::Kind::passkey:
      return credential.passkey.backup == Backup::none;
  }
  return false;
}

bool names(const SshSignature& signature, const Credential& credential) {
  const bool by_passkey = signature.form() == SignatureForm::webauthn;
  switch (credential.kind) {
    case Credential::Kind::key:
      return !by_passkey && !signature.certificate && signature.key == credential.key;
    case Credential::Kind::authority:
      return !by_passkey && signature.certificate && signature.certificate->authority == credential.key;
    case Credential::Kind::passkey:
      return by_passkey && !signature.certificate && signature.key == credential.key;
  }
  return false;
}

}  // namespace pawl::receipt
