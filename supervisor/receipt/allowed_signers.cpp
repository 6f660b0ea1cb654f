#include "supervisor/receipt/allowed_signers.hpp"

#include <algorithm>

#include "supervisor/receipt/names.hpp"
#include "supervisor/receipt/verdict.hpp"

namespace pawl::receipt {
namespace {

constexpr std::string_view kAuthorityOption = "cert-authority,";
constexpr std::string_view kLogKeyMark = "# pawl-log-key ";
constexpr std::string_view kNamespacesOption = "namespaces=\"";

std::string_view cut_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

Result<std::vector<std::string>> parse_namespaces(std::string_view list) {
  std::vector<std::string> namespaces;
  for (;;) {
    const std::size_t comma = list.find(',');
    const std::string_view name = list.substr(0, comma);
    // ssh-keygen reads these as patterns too.
    if (!is_plain_name(name))
      return refuse("a namespace is not a plain name", "write exact namespaces, no patterns");
    namespaces.emplace_back(name);
    if (comma == std::string_view::npos) return namespaces;
    list.remove_prefix(comma + 1);
  }
}

// After the options ssh-keygen would take cert-authority for a key's type.
Result<Credential> parse_own(std::string_view key) {
  Credential credential = TRY(parse_credential(key));
  if (credential.kind == Credential::Kind::authority)
    return refuse(
        "cert-authority stands behind the namespaces",
        "write: alice cert-authority,namespaces=\"approve.v1@pawl,deny.v1@pawl\" ssh-ed25519 AAAA…");
  return credential;
}

Result<AllowedSigner> parse_line(std::string_view line) {
  const std::size_t person_end = line.find(' ');
  const std::string_view person = line.substr(0, person_end);
  TRY(check_person_name(person));
  if (person_end == std::string_view::npos) return refuse("nothing follows the person");
  line.remove_prefix(person_end + 1);
  const bool authority = line.starts_with(kAuthorityOption);
  if (authority) line.remove_prefix(kAuthorityOption.size());
  if (!line.starts_with(kNamespacesOption))
    return refuse("the only options taken are cert-authority and namespaces=\"…\", which must be there",
                  "write: alice namespaces=\"approve.v1@pawl,deny.v1@pawl\" ssh-ed25519 AAAA…");
  line.remove_prefix(kNamespacesOption.size());
  const std::size_t quote = line.find("\" ");
  if (quote == std::string_view::npos) return refuse("namespaces=\"…\" is not followed by a key");
  std::vector<std::string> namespaces = TRY(parse_namespaces(line.substr(0, quote)));
  const std::string_view key = line.substr(quote + 2);
  Credential credential =
      TRY(authority ? parse_credential("cert-authority " + std::string(key)) : parse_own(key));
  return AllowedSigner{std::string(person), std::move(namespaces), std::move(credential)};
}

// May these two stand at different persons? An authority may serve many, but then its key is nobody's own.
bool clash(const AllowedSigner& one, const AllowedSigner& other) {
  if (one.person == other.person || one.credential.key != other.credential.key) return false;
  using Kind = Credential::Kind;
  return one.credential.kind != Kind::authority || other.credential.kind != Kind::authority;
}

}  // namespace

Result<> check_person_name(std::string_view person) {
  if (!is_plain_name(person))
    return refuse("a person's name has other characters than A-Z a-z 0-9 . _ @ -, or is longer than 64");
  return {};
}

Result<std::string> allowed_signers_line(std::string_view person, const Credential& credential) {
  TRY(check_person_name(person));
  const bool authority = credential.kind == Credential::Kind::authority;
  std::string line(person);
  line += " ";
  if (authority) line += kAuthorityOption;
  line += kNamespacesOption;
  line += kApproveNamespace;
  line += ",";
  line += kDenyNamespace;
  return line + "\" " + (authority ? key_line(credential.key) : credential_line(credential));
}

Result<std::string> allowed_signers_line(std::string_view person, const PublicKey& key) {
  return allowed_signers_line(person, Credential{Credential::Kind::key, key, {}});
}

std::string log_key_line(const LogKey& key) { return std::string(kLogKeyMark) + key.text(); }

Result<std::vector<LogKey>> parse_log_keys(std::string_view text) {
  std::vector<LogKey> keys;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::string_view line = cut_line(text);
    if (!line.starts_with(kLogKeyMark)) continue;
    keys.push_back(TRY_DURING("allowed signers, line " + std::to_string(number),
                              LogKey::parse(line.substr(kLogKeyMark.size()))));
  }
  return keys;
}

Result<std::vector<AllowedSigner>> parse_allowed_signers(std::string_view text) {
  std::vector<AllowedSigner> signers;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::string_view line = cut_line(text);
    if (line.empty() || line.front() == '#') continue;
    AllowedSigner signer = TRY_DURING("allowed signers, line " + std::to_string(number), parse_line(line));
    const auto other =
        std::ranges::find_if(signers, [&](const AllowedSigner& known) { return clash(known, signer); });
    if (other != signers.end())
      return refuse("allowed signers, line " + std::to_string(number) + ": the key of " + signer.person +
                        " is also " + other->person + "'s",
                    "each key must belong to one person");
    signers.push_back(std::move(signer));
  }
  return signers;
}

}  // namespace pawl::receipt
