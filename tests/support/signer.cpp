#include "tests/support/signer.hpp"

#include <openssl/evp.h>

#include <array>
#include <stdexcept>

#include "supervisor/receipt/dsse.hpp"
#include "supervisor/receipt/ssh_wire.hpp"
#include "supervisor/receipt/sshsig.hpp"

namespace pawl::test {
namespace {

constexpr std::string_view kKeyType = "ssh-ed25519";

void must(bool held) {
  if (!held) throw std::runtime_error("OpenSSL refuses to make a test signature");
}

}  // namespace

Signer::Signer(std::uint8_t seed) {
  std::array<std::uint8_t, 32> raw{};
  raw.fill(seed);
  secret_ = {EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, raw.data(), raw.size()), EVP_PKEY_free};
  must(secret_ != nullptr);
  std::size_t size = raw.size();
  must(EVP_PKEY_get_raw_public_key(secret_.get(), raw.data(), &size) == 1);
  receipt::SshWriter blob;
  blob.string(kKeyType);
  blob.string(ByteSpan(raw));
  key_ = {receipt::KeyKind::ed25519, std::move(blob).take()};
}

Bytes Signer::sign_bytes(ByteSpan bytes) const {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  Bytes value(64);
  std::size_t size = value.size();
  must(EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, secret_.get()) == 1);
  must(EVP_DigestSign(context.get(), value.data(), &size, bytes.data(), bytes.size()) == 1);
  receipt::SshWriter signature;
  signature.string(kKeyType);
  signature.string(value);
  return std::move(signature).take();
}

std::string Signer::sign(std::string_view signature_namespace, std::string_view message) const {
  const Bytes blob = receipt::to_be_signed(signature_namespace, as_bytes(message));
  return receipt::write_armored({key_, std::string(signature_namespace), sign_bytes(blob), std::nullopt});
}

std::string Signer::sign_certified(const Bytes& certificate, std::string_view signature_namespace,
                                   std::string_view message) const {
  const Bytes blob = receipt::to_be_signed(signature_namespace, as_bytes(message));
  return receipt::write_armored({key_, std::string(signature_namespace), sign_bytes(blob),
                                 receipt::parse_certificate(certificate).value()});
}

std::string Signer::sign_statement(std::string_view statement, receipt::Verdict verdict) const {
  return sign(receipt::namespace_of(verdict), receipt::pre_authentication_encoding(statement));
}

receipt::SignedDecision Signer::decide(const receipt::Statement& statement) const {
  const std::string bytes = receipt::write_statement(statement).value();
  return {bytes, sign_statement(bytes, statement.verdict), statement.person, line()};
}

}  // namespace pawl::test
