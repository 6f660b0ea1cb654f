// A security-key middleware for tests (ssh-keygen's SSH_SK_PROVIDER, OpenSSH PROTOCOL.u2f): keys in software,
// whose handle is the private key itself. Loaded by ssh-sk-helper, as the person of the test.
//   PAWL_TEST_SK_FLAGS=HEX      the flags it reports and signs, instead of what was asked for
//   PAWL_TEST_SK_COUNTER=N      the counter (1)
// A key that must verify its user does so for the PIN 0000.
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string_view>

// The structures and numbers of OpenSSH's sk-api.h, version 10.
struct sk_enroll_response {
  std::uint8_t flags;
  std::uint8_t* public_key;
  std::size_t public_key_len;
  std::uint8_t* key_handle;
  std::size_t key_handle_len;
  std::uint8_t* signature;
  std::size_t signature_len;
  std::uint8_t* attestation_cert;
  std::size_t attestation_cert_len;
  std::uint8_t* authdata;
  std::size_t authdata_len;
};
struct sk_sign_response {
  std::uint8_t flags;
  std::uint32_t counter;
  std::uint8_t* sig_r;
  std::size_t sig_r_len;
  std::uint8_t* sig_s;
  std::size_t sig_s_len;
};
struct sk_option;
struct sk_resident_key;

namespace {

constexpr std::uint32_t kApiVersion = 0x000a0000;
constexpr std::uint32_t kEcdsa = 0, kEd25519 = 1;
constexpr std::uint8_t kPresence = 0x01, kVerification = 0x04;
constexpr int kGeneric = -1, kUnsupported = -2, kPinRequired = -3;

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

// ssh-sk-helper frees what it is given.
std::uint8_t* given(const std::uint8_t* bytes, std::size_t size) {
  auto* copy = static_cast<std::uint8_t*>(std::calloc(1, size + 1));
  if (copy != nullptr) std::memcpy(copy, bytes, size);
  return copy;
}

template <class Number>
Number setting(const char* name, int base, Number otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr ? static_cast<Number>(std::strtoul(text, nullptr, base)) : otherwise;
}

bool may_use(std::uint8_t flags, const char* pin) {
  return (flags & kVerification) == 0 || (pin != nullptr && std::string_view(pin) == "0000");
}

bool split(const std::uint8_t* der, std::size_t size, sk_sign_response& response) {
  const std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)> pair(
      d2i_ECDSA_SIG(nullptr, &der, static_cast<long>(size)), ECDSA_SIG_free);
  if (!pair) return false;
  std::array<std::uint8_t, 32> number{};
  response.sig_r_len = static_cast<std::size_t>(BN_bn2bin(ECDSA_SIG_get0_r(pair.get()), number.data()));
  response.sig_r = given(number.data(), response.sig_r_len);
  response.sig_s_len = static_cast<std::size_t>(BN_bn2bin(ECDSA_SIG_get0_s(pair.get()), number.data()));
  response.sig_s = given(number.data(), response.sig_s_len);
  return true;
}

}  // namespace

extern "C" {

__attribute__((visibility("default"))) std::uint32_t sk_api_version() { return kApiVersion; }

__attribute__((visibility("default"))) int sk_enroll(std::uint32_t algorithm, const std::uint8_t*,
                                                     std::size_t, const char*, std::uint8_t flags,
                                                     const char* pin, sk_option**,
                                                     sk_enroll_response** answer) {
  if (algorithm != kEcdsa && algorithm != kEd25519) return kUnsupported;
  if (!may_use(flags, pin)) return kPinRequired;
  const Key key(algorithm == kEd25519 ? EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")
                                      : EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"),
                EVP_PKEY_free);
  std::array<std::uint8_t, 65> point{};
  std::size_t point_size = point.size();
  std::uint8_t* der = nullptr;
  const int der_size = key ? i2d_PrivateKey(key.get(), &der) : -1;
  auto* response = static_cast<sk_enroll_response*>(std::calloc(1, sizeof(sk_enroll_response)));
  if (der_size <= 0 || response == nullptr) return kGeneric;
  const int got = algorithm == kEd25519
                      ? EVP_PKEY_get_raw_public_key(key.get(), point.data(), &point_size)
                      : EVP_PKEY_get_octet_string_param(key.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                                        point.size(), &point_size);
  if (got != 1) return kGeneric;
  constexpr std::array<std::uint8_t, 1> nothing{};  // attests nothing
  response->flags = flags;
  response->public_key = given(point.data(), point_size);
  response->public_key_len = point_size;
  response->key_handle = given(der, static_cast<std::size_t>(der_size));
  response->key_handle_len = static_cast<std::size_t>(der_size);
  response->signature = given(nothing.data(), response->signature_len = nothing.size());
  response->attestation_cert = given(nothing.data(), response->attestation_cert_len = nothing.size());
  response->authdata = given(nothing.data(), response->authdata_len = nothing.size());
  OPENSSL_free(der);
  *answer = response;
  return 0;
}

__attribute__((visibility("default"))) int sk_sign(std::uint32_t algorithm, const std::uint8_t* data,
                                                   std::size_t data_size, const char* application,
                                                   const std::uint8_t* handle, std::size_t handle_size,
                                                   std::uint8_t flags, const char* pin, sk_option**,
                                                   sk_sign_response** answer) {
  if (!may_use(flags, pin)) return kPinRequired;
  const auto reported = setting<std::uint8_t>("PAWL_TEST_SK_FLAGS", 16, flags & (kPresence | kVerification));
  const auto counter = setting<std::uint32_t>("PAWL_TEST_SK_COUNTER", 10, 1);
  std::array<std::uint8_t, 69> message{};
  SHA256(reinterpret_cast<const std::uint8_t*>(application), std::strlen(application), message.data());
  message[32] = reported;
  for (int i = 0; i < 4; ++i) message[33 + i] = static_cast<std::uint8_t>(counter >> (24 - 8 * i));
  SHA256(data, data_size, message.data() + 37);
  const Key key(d2i_AutoPrivateKey(nullptr, &handle, static_cast<long>(handle_size)), EVP_PKEY_free);
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  auto* response = static_cast<sk_sign_response*>(std::calloc(1, sizeof(sk_sign_response)));
  std::array<std::uint8_t, 80> signature{};
  std::size_t size = signature.size();
  const EVP_MD* digest = algorithm == kEd25519 ? nullptr : EVP_sha256();
  if (!key || !context || response == nullptr ||
      EVP_DigestSignInit(context.get(), nullptr, digest, nullptr, key.get()) != 1 ||
      EVP_DigestSign(context.get(), signature.data(), &size, message.data(), message.size()) != 1)
    return kGeneric;
  response->flags = reported;
  response->counter = counter;
  if (algorithm == kEd25519) {
    response->sig_r = given(signature.data(), size);
    response->sig_r_len = size;
  } else if (!split(signature.data(), size, *response)) {
    return kGeneric;
  }
  *answer = response;
  return 0;
}

__attribute__((visibility("default"))) int sk_load_resident_keys(const char*, sk_option**,
                                                                 sk_resident_key*** keys,
                                                                 std::size_t* count) {
  *keys = nullptr;
  *count = 0;
  return kUnsupported;
}
}
