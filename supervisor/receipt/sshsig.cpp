#include "supervisor/receipt/sshsig.hpp"

#include <openssl/evp.h>

#include <stdexcept>

#include "supervisor/receipt/credential.hpp"
#include "supervisor/receipt/key_kinds.hpp"
#include "supervisor/receipt/provenance.hpp"
#include "supervisor/receipt/signature_parts.hpp"
#include "supervisor/receipt/ssh_wire.hpp"

namespace pawl::receipt {
namespace {

constexpr std::string_view kBegin = "-----BEGIN SSH SIGNATURE-----\n";
constexpr std::string_view kEnd = "-----END SSH SIGNATURE-----\n";
constexpr std::string_view kMagic = "SSHSIG";
constexpr std::string_view kHash = "sha512";
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kLineLength = 70;  // as ssh-keygen folds it

Bytes sha512(ByteSpan message) {
  Bytes digest(64);
  if (EVP_Digest(message.data(), message.size(), digest.data(), nullptr, EVP_sha512(), nullptr) != 1)
    throw std::runtime_error("OpenSSL refuses to compute SHA-512");
  return digest;
}

Result<Bytes> strip_armor(std::string_view armored) {
  if (armored.size() > kMaxArmoredBytes) return refuse("longer than 32 KiB");
  if (!armored.starts_with(kBegin)) return refuse("does not begin with an SSH SIGNATURE line");
  if (armored.find(kBegin, kBegin.size()) != std::string_view::npos)
    return refuse("holds more than one signature");
  if (!armored.ends_with(kEnd)) return refuse("does not end with its END line");
  std::string body;
  for (char c : armored.substr(kBegin.size(), armored.size() - kBegin.size() - kEnd.size()))
    if (c != '\n') body += c;
  auto blob = from_base64(body);
  if (!blob) return refuse("is not Base64");
  return *std::move(blob);
}

Result<SshSignature> parse_blob(ByteSpan blob) {
  SshReader reader(blob);
  if (as_text(TRY(reader.raw(kMagic.size()))) != kMagic) return refuse("does not hold an SSH signature");
  if (TRY(reader.number()) != kVersion) return refuse("is of another version than 1");
  const ByteSpan key = TRY(reader.string());
  const ByteSpan signature_namespace = TRY(reader.string());
  const ByteSpan reserved = TRY(reader.string());
  const ByteSpan hash = TRY(reader.string());
  const ByteSpan signature = TRY(reader.string());
  TRY(reader.finished());
  if (!reserved.empty()) return refuse("its reserved field is not empty");
  if (as_text(hash) != kHash)
    return refuse("its hash is not sha512", "sign with ssh-keygen -O hashalg=sha512");
  SshSignature parsed;
  if (is_certificate(key)) {
    parsed.certificate = TRY(parse_certificate(key));
    parsed.key = parsed.certificate->key;
  } else {
    parsed.key = TRY(parse_key_blob(key));
  }
  parsed.signature_namespace = as_text(signature_namespace);
  parsed.signature.assign(signature.begin(), signature.end());
  (void)TRY(parse_signature(entry_of(parsed.key.kind), parsed.signature));
  return parsed;
}

}  // namespace

std::string write_armored(const SshSignature& signature) {
  SshWriter writer;
  writer.raw(as_bytes(kMagic));
  writer.number(kVersion);
  writer.string(signature.certificate ? signature.certificate->blob : signature.key.blob);
  writer.string(signature.signature_namespace);
  writer.string(std::string_view());
  writer.string(kHash);
  writer.string(signature.signature);
  const std::string body = to_base64(std::move(writer).take());
  std::string armored(kBegin);
  for (std::size_t i = 0; i < body.size(); i += kLineLength) {
    armored += body.substr(i, kLineLength);
    armored += '\n';
  }
  armored += kEnd;
  return armored;
}

Result<SshSignature> parse_armored(std::string_view armored) {
  const Bytes blob = TRY_DURING("signature", strip_armor(armored));
  SshSignature signature = TRY_DURING("signature", parse_blob(blob));
  if (write_armored(signature) != armored)
    return refuse("signature: not spelled as ssh-keygen writes it", "do not edit or re-wrap the signature");
  return signature;
}

Bytes to_be_signed(std::string_view signature_namespace, ByteSpan message) {
  SshWriter writer;
  writer.raw(as_bytes(kMagic));
  writer.string(signature_namespace);
  writer.string(std::string_view());
  writer.string(kHash);
  writer.string(sha512(message));
  return std::move(writer).take();
}

std::uint32_t agent_flags(const PublicKey& key) { return entry_of(key.kind).agent_flags; }

SignatureForm SshSignature::form() const {
  const auto parts = parse_signature(entry_of(key.kind), signature);
  return parts ? parts->form : SignatureForm::plain;
}

Result<> verify(std::string_view armored, const PublicKey& enrolled, std::string_view signature_namespace,
                ByteSpan message) {
  (void)TRY(
      check_provenance(armored, {Credential::Kind::key, enrolled, {}}, signature_namespace, message, {}));
  return {};
}

Result<> verify_by_itself(const SshSignature& signature, ByteSpan message) {
  const SignatureParts parts =
      TRY_DURING("signature", parse_signature(entry_of(signature.key.kind), signature.signature));
  return check_signature(signature.key, parts, to_be_signed(signature.signature_namespace, message));
}

}  // namespace pawl::receipt
