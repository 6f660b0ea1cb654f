#include "supervisor/receipt/webauthn.hpp"

#include <algorithm>

#include "supervisor/receipt/client_data.hpp"
#include "supervisor/receipt/signature_parts.hpp"

namespace pawl::receipt {
namespace {

constexpr std::string_view kSecure = "https://";
constexpr std::string_view kLocal = "http://localhost";

bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
}

bool is_host(std::string_view host) {
  return !host.empty() && host.size() <= kMaxApplicationBytes &&
         std::ranges::all_of(host, is_host_character) && host.front() != '.' && host.back() != '.' &&
         host.find("..") == std::string_view::npos;
}

// ":8443": 1..65535 without leading zero.
bool is_port(std::string_view text) {
  if (text.size() < 2 || text.size() > 6 || text[0] != ':' || text[1] == '0') return false;
  unsigned port = 0;
  for (const char c : text.substr(1)) {
    if (c < '0' || c > '9') return false;
    port = port * 10 + static_cast<unsigned>(c - '0');
  }
  return port <= 65535;
}

std::string_view host_of(std::string_view origin) {
  const std::string_view rest = origin.substr(origin.find("//") + 2);
  return rest.substr(0, rest.find(':'));
}

Result<> check_flags(std::uint8_t flags, Backup enrolled) {
  if ((flags & touch_flag::present) == 0) return refuse("nobody touched the passkey");
  std::uint8_t expected = 0;
  if (enrolled != Backup::none) expected |= touch_flag::backup_eligible;
  if (enrolled == Backup::synced) expected |= touch_flag::backed_up;
  constexpr std::uint8_t backup_flags = touch_flag::backup_eligible | touch_flag::backed_up;
  if ((flags & backup_flags) != expected)
    return refuse("the passkey's backup state has changed since it was enrolled", "enroll it again");
  if ((flags & ~(backup_flags | touch_flag::present | touch_flag::verified)) != 0)
    return refuse("its flags say more than an assertion may");
  return {};
}

}  // namespace

std::span<const std::string_view> words_of(Backup) {
  static constexpr std::string_view words[] = {"none", "eligible", "synced"};
  static_assert(std::size(words) == static_cast<std::size_t>(last_of(Backup{})) + 1);
  return words;
}

Result<> check_origin(std::string_view origin) {
  const bool local = origin.starts_with(kLocal);
  if (local || origin.starts_with(kSecure)) {
    const std::string_view host = host_of(origin);
    const std::string_view port = origin.substr(origin.find("//") + 2 + host.size());
    const std::string_view by_default = local ? ":80" : ":443";
    if (is_host(host) && (!local || host == "localhost") &&
        (port.empty() || (is_port(port) && port != by_default)))
      return {};
  }
  return refuse("the origin is not one as browsers write it", "for example https://pawl.example.com:8443");
}

Result<> check_passkey(const PublicKey& key, const Passkey& passkey) {
  TRY_DURING("passkey", check_origin(passkey.origin));
  if (key.kind != KeyKind::sk_ecdsa_p256)
    return refuse("passkey: its key is not of the kind sk-ecdsa-sha2-nistp256");
  const std::string_view party = application_of(key);
  const std::string_view host = host_of(passkey.origin);
  const bool parent =
      host.size() > party.size() && host.ends_with(party) && host[host.size() - party.size() - 1] == '.';
  if (!is_host(party) || (host != party && !parent))
    return refuse("passkey: its key belongs to another host than its origin");
  return {};
}

Result<> check_assertion(const Passkey& passkey, const SignatureParts& parts, ByteSpan challenge) {
  if (as_text(parts.origin) != passkey.origin)
    return refuse("passkey: signed on another page than the enrolled " + passkey.origin);
  if (!parts.extensions.empty()) return refuse("passkey: its extensions are not empty");
  TRY_DURING("passkey", check_flags(parts.flags, passkey.backup));
  TRY_DURING("passkey: clientDataJSON",
             check_client_data(as_text(parts.client_data), challenge, passkey.origin));
  return {};
}

}  // namespace pawl::receipt
