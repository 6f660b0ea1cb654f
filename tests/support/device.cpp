#include "tests/support/device.hpp"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/param_build.h>

#include <array>
#include <stdexcept>

#include "supervisor/receipt/client_data.hpp"
#include "supervisor/receipt/digest.hpp"
#include "supervisor/receipt/signature_parts.hpp"
#include "supervisor/receipt/ssh_wire.hpp"

namespace pawl::test {
namespace {

constexpr std::string_view kKeyType = "sk-ecdsa-sha2-nistp256@openssh.com";

void must(bool held) {
  if (!held) throw std::runtime_error("OpenSSL refuses to make a test signature");
}

Bytes point_of(const BIGNUM* scalar) {
  EC_GROUP* group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
  EC_POINT* point = EC_POINT_new(group);
  Bytes bytes(65);
  must(EC_POINT_mul(group, point, scalar, nullptr, nullptr, nullptr) == 1);
  must(EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, bytes.data(), bytes.size(), nullptr) ==
       bytes.size());
  EC_POINT_free(point);
  EC_GROUP_free(group);
  return bytes;
}

EVP_PKEY* key_of(const BIGNUM* scalar, const Bytes& point) {
  OSSL_PARAM_BLD* builder = OSSL_PARAM_BLD_new();
  OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0);
  OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_PRIV_KEY, scalar);
  OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size());
  OSSL_PARAM* parameters = OSSL_PARAM_BLD_to_param(builder);
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr);
  EVP_PKEY* key = nullptr;
  must(EVP_PKEY_fromdata_init(context) == 1 &&
       EVP_PKEY_fromdata(context, &key, EVP_PKEY_KEYPAIR, parameters) == 1);
  EVP_PKEY_CTX_free(context);
  OSSL_PARAM_free(parameters);
  OSSL_PARAM_BLD_free(builder);
  return key;
}

void put_integer(receipt::SshWriter& writer, const BIGNUM* number) {
  Bytes bytes(static_cast<std::size_t>(BN_num_bytes(number)));
  BN_bn2bin(number, bytes.data());
  if (!bytes.empty() && bytes[0] >= 0x80) bytes.insert(bytes.begin(), 0);
  writer.string(bytes);
}

}  // namespace

Device::Device(std::uint8_t seed, std::string application) : application_(std::move(application)) {
  std::array<std::uint8_t, 32> raw{};
  raw.fill(seed);
  BIGNUM* scalar = BN_bin2bn(raw.data(), raw.size(), nullptr);
  const Bytes point = point_of(scalar);
  secret_ = {key_of(scalar, point), EVP_PKEY_free};
  BN_free(scalar);
  receipt::SshWriter blob;
  blob.string(kKeyType);
  blob.string(std::string_view("nistp256"));
  blob.string(point);
  blob.string(application_);
  key_ = {receipt::KeyKind::sk_ecdsa_p256, std::move(blob).take()};
}

// string(mpint r, mpint s) over what a device signs.
Bytes Device::sign(const Report& report, ByteSpan hashed) const {
  receipt::SshWriter message;
  message.raw(receipt::sha256(application_));
  message.raw({&report.flags, 1});
  message.number(report.counter);
  message.raw(as_bytes(report.extensions));
  message.raw(receipt::sha256(hashed));
  const Bytes bytes = std::move(message).take();
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  Bytes der(80);
  std::size_t size = der.size();
  must(EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, secret_.get()) == 1);
  must(EVP_DigestSign(context.get(), der.data(), &size, bytes.data(), bytes.size()) == 1);
  const std::uint8_t* at = der.data();
  ECDSA_SIG* pair = d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(size));
  must(pair != nullptr);
  receipt::SshWriter value;
  put_integer(value, ECDSA_SIG_get0_r(pair));
  put_integer(value, ECDSA_SIG_get0_s(pair));
  ECDSA_SIG_free(pair);
  return std::move(value).take();
}

std::string Device::touch(std::string_view signature_namespace, std::string_view message,
                          const Report& report) const {
  receipt::SshWriter signature;
  signature.string(kKeyType);
  signature.string(sign(report, receipt::to_be_signed(signature_namespace, as_bytes(message))));
  signature.raw({&report.flags, 1});
  signature.number(report.counter);
  return receipt::write_armored(
      {key_, std::string(signature_namespace), std::move(signature).take(), std::nullopt});
}

std::string Device::assertion(std::string_view signature_namespace, std::string_view message,
                              const Report& report) const {
  const Bytes challenge = receipt::to_be_signed(signature_namespace, as_bytes(message));
  const std::string written = R"({"type":"webauthn.get","challenge":")" + receipt::to_base64url(challenge) +
                              R"(","origin":")" + report.origin + '"' + report.members + "}";
  const std::string client_data = report.client_data.value_or(written);
  receipt::SshWriter signature;
  signature.string(receipt::kWebauthnSignatureType);
  signature.string(sign(report, as_bytes(client_data)));
  signature.raw({&report.flags, 1});
  signature.number(report.counter);
  signature.string(report.origin);
  signature.string(client_data);
  signature.string(report.extensions);
  return receipt::write_armored(
      {key_, std::string(signature_namespace), std::move(signature).take(), std::nullopt});
}

}  // namespace pawl::test
