#include "supervisor/receipt/signature_parts.hpp"

#include <openssl/evp.h>

#include <memory>

#include "supervisor/receipt/digest.hpp"

namespace pawl::receipt {
namespace {

constexpr std::string_view kRsaSha256 = "rsa-sha2-256";

Result<> check_value(const PublicKey& key, const SignatureParts& parts, ByteSpan signed_bytes) {
  const LoadedKey loaded = TRY_DURING("public key", load_key(key));
  const Bytes converted = TRY_DURING("signature", entry_of(key.kind).convert_signature(parts.value, *loaded));
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  if (!context || EVP_DigestVerifyInit(context.get(), nullptr, parts.digest(), nullptr, loaded.get()) != 1 ||
      EVP_DigestVerify(context.get(), converted.data(), converted.size(), signed_bytes.data(),
                       signed_bytes.size()) != 1)
    return refuse("signature: does not hold for these bytes");
  return {};
}

// What the device signs: it hashes application and message, and adds what it knows itself.
Bytes device_message(const PublicKey& key, const SignatureParts& parts, ByteSpan message) {
  SshWriter writer;
  writer.raw(sha256(application_of(key)));
  writer.raw({&parts.flags, 1});
  writer.number(parts.counter);
  writer.raw(parts.extensions);
  writer.raw(sha256(message));
  return std::move(writer).take();
}

}  // namespace

Result<SignatureParts> parse_signature(const KeyKindEntry& kind, ByteSpan signature, SignedThing what) {
  SshReader reader(signature);
  const std::string_view type = as_text(TRY(reader.string()));
  SignatureParts parts;
  parts.digest = kind.digest;
  parts.value = TRY(reader.string());
  if (type == kWebauthnSignatureType && kind.kind == KeyKind::sk_ecdsa_p256 && what == SignedThing::message) {
    parts.form = SignatureForm::webauthn;
  } else if (type == kRsaSha256 && kind.kind == KeyKind::rsa && what == SignedThing::certificate) {
    parts.digest = EVP_sha256;
  } else if (type != kind.signature_type) {
    return refuse("is not of the type " + std::string(kind.signature_type) + " that fits its key");
  } else if (kind.holder == KeyHolder::security_key) {
    parts.form = SignatureForm::security_key;
  }
  if (parts.form != SignatureForm::plain) {
    parts.flags = TRY(reader.raw(1))[0];
    parts.counter = TRY(reader.number());
  }
  if (parts.form == SignatureForm::webauthn) {
    parts.origin = TRY(reader.string());
    parts.client_data = TRY(reader.string());
    parts.extensions = TRY(reader.string());
  }
  TRY(reader.finished());
  return parts;
}

Result<> check_signature(const PublicKey& key, const SignatureParts& parts, ByteSpan message) {
  switch (parts.form) {
    case SignatureForm::plain:
      return check_value(key, parts, message);
    case SignatureForm::security_key:
      return check_value(key, parts, device_message(key, parts, message));
    case SignatureForm::webauthn:
      return check_value(key, parts, device_message(key, parts, parts.client_data));
  }
  return refuse("signature: of no known form");
}

}  // namespace pawl::receipt
