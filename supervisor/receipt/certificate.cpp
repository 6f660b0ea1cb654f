#include "supervisor/receipt/certificate.hpp"

#include "supervisor/receipt/key_kinds.hpp"
#include "supervisor/receipt/signature_parts.hpp"
#include "supervisor/receipt/ssh_wire.hpp"
#include "supervisor/receipt/utf8.hpp"

namespace pawl::receipt {
namespace {

constexpr std::uint32_t kUserCertificate = 1;
constexpr std::size_t kMaxKeyIdBytes = 1024;

Result<std::vector<std::string>> read_principals(ByteSpan list) {
  std::vector<std::string> principals;
  for (SshReader reader(list); !reader.left().empty();)
    principals.emplace_back(as_text(TRY_DURING("its principals", reader.string())));
  return principals;
}

// Names and data by turns; the names are returned.
Result<std::vector<std::string>> read_options(ByteSpan list, std::string_view what) {
  std::vector<std::string> names;
  for (SshReader reader(list); !reader.left().empty();) {
    names.emplace_back(as_text(TRY_DURING(what, reader.string())));
    (void)TRY_DURING(what, reader.string());
  }
  return names;
}

// The key's own fields as a blob of their own: what an enrolled line of that key would hold.
Result<PublicKey> read_certified(SshReader& reader, const KeyKindEntry& kind) {
  const ByteSpan before = reader.left();
  (void)TRY_DURING("certified key", kind.load(reader));
  SshWriter blob;
  blob.string(kind.key_type);
  blob.raw(before.first(before.size() - reader.left().size()));
  return TRY(parse_key_blob(std::move(blob).take()));
}

Result<Certificate> read_body(ByteSpan blob) {
  SshReader reader(blob);
  const KeyKindEntry* kind = certified_by(as_text(TRY(reader.string())));
  if (kind == nullptr) return refuse("its kind is not taken");
  Certificate certificate;
  certificate.blob.assign(blob.begin(), blob.end());
  (void)TRY(reader.string());  // nonce
  certificate.key = TRY(read_certified(reader, *kind));
  certificate.serial = TRY(reader.long_number());
  certificate.type = TRY(reader.number());
  certificate.key_id = as_text(TRY(reader.string()));
  if (certificate.key_id.size() > kMaxKeyIdBytes || !is_utf8(certificate.key_id))
    return refuse("its key id is longer than 1024 bytes, or is not UTF-8");
  certificate.principals = TRY(read_principals(TRY(reader.string())));
  certificate.valid_after = TRY(reader.long_number());
  certificate.valid_before = TRY(reader.long_number());
  certificate.critical_options = TRY(read_options(TRY(reader.string()), "its critical options"));
  (void)TRY(read_options(TRY(reader.string()), "its extensions"));
  if (!TRY(reader.string()).empty()) return refuse("its reserved field is not empty");
  certificate.authority = TRY_DURING("its authority", parse_key_blob(TRY(reader.string())));
  const ByteSpan signature = TRY(reader.string());
  certificate.authority_signature.assign(signature.begin(), signature.end());
  TRY(reader.finished());
  return certificate;
}

Result<> check_authority(const Certificate& certificate) {
  constexpr std::size_t kLengthField = 4;
  const ByteSpan whole(certificate.blob);
  const ByteSpan said = whole.first(whole.size() - certificate.authority_signature.size() - kLengthField);
  const SignatureParts parts = TRY(parse_signature(
      entry_of(certificate.authority.kind), certificate.authority_signature, SignedThing::certificate));
  if (parts.form == SignatureForm::security_key &&
      (parts.flags & ~touch_flag::verified) != touch_flag::present)
    return refuse("made without a touch, or with flags that have no meaning here");
  return check_signature(certificate.authority, parts, said);
}

Result<> check_validity(const Certificate& certificate, std::int64_t time) {
  if (certificate.valid_before == kForever)
    return refuse("it is valid for ever", "let the authority issue it for hours or days: ssh-keygen -V +8h");
  const auto now = static_cast<std::uint64_t>(time);
  if (time < 0 || now < certificate.valid_after) return refuse("it is not valid yet");
  if (now >= certificate.valid_before) return refuse("it has expired", "get a new one from the authority");
  return {};
}

}  // namespace

bool is_certificate(ByteSpan blob) {
  SshReader reader(blob);
  const auto type = reader.string();
  return type && certified_by(as_text(*type)) != nullptr;
}

Result<Certificate> parse_certificate(ByteSpan blob) {
  if (blob.size() > kMaxCertificateBytes) return refuse("certificate: longer than 10 KiB");
  return TRY_DURING("certificate", read_body(blob));
}

Result<Certificate> parse_certificate_line(std::string_view line) {
  const std::size_t type_end = line.find(' ');
  if (type_end == std::string_view::npos || line.find_first_of("\r\n") != std::string_view::npos)
    return refuse("certificate: not the one line of a -cert.pub file");
  const std::string_view rest = line.substr(type_end + 1);
  const auto blob = from_base64(rest.substr(0, rest.find(' ')));
  if (!blob) return refuse("certificate: what follows its type is not Base64");
  Certificate certificate = TRY(parse_certificate(*blob));
  if (entry_of(certificate.key.kind).certificate_type != line.substr(0, type_end))
    return refuse("certificate: is of another kind than it says");
  return certificate;
}

Result<> check_certificate(const Certificate& certificate, const Certified& expected) {
  if (certificate.authority != expected.authority)
    return refuse("certificate: issued by " + fingerprint(certificate.authority) +
                  ", not by the enrolled authority " + fingerprint(expected.authority));
  if (certificate.type != kUserCertificate) return refuse("certificate: it is not one of a user");
  if (certificate.principals.size() != 1 || certificate.principals[0] != expected.person)
    return refuse(
        "certificate: it is not for " + std::string(expected.person) + " alone",
        "let the authority name exactly one principal: ssh-keygen -s CA -n " + std::string(expected.person));
  if (!certificate.critical_options.empty())
    return refuse("certificate: it has critical options, which mean nothing to pawl");
  TRY_DURING("certificate", check_validity(certificate, expected.time));
  TRY_DURING("certificate: the authority's signature", check_authority(certificate));
  return {};
}

}  // namespace pawl::receipt
