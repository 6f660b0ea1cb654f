#include "supervisor/receipt/key_kinds.hpp"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <algorithm>
#include <string>

namespace pawl::receipt {
namespace {

constexpr std::size_t kEd25519KeyBytes = 32;
constexpr std::size_t kEd25519SignatureBytes = 64;
constexpr std::size_t kP256PointBytes = 65;  // 04 X Y
constexpr std::size_t kP256ScalarBytes = 32;
constexpr std::size_t kMaxExponentBytes = 8;  // OpenSSL refuses longer ones for large moduli

template <auto function>
struct Calls {
  template <class T>
  void operator()(T* pointer) const {
    function(pointer);
  }
};
using Number = std::unique_ptr<BIGNUM, Calls<BN_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Calls<EVP_PKEY_CTX_free>>;
using ParamBuilder = std::unique_ptr<OSSL_PARAM_BLD, Calls<OSSL_PARAM_BLD_free>>;
using Params = std::unique_ptr<OSSL_PARAM, Calls<OSSL_PARAM_free>>;
using EcdsaSignature = std::unique_ptr<ECDSA_SIG, Calls<ECDSA_SIG_free>>;

Number number_from(ByteSpan magnitude) {
  return Number(BN_bin2bn(magnitude.data(), static_cast<int>(magnitude.size()), nullptr));
}

Result<LoadedKey> key_from(const char* algorithm, OSSL_PARAM* parameters) {
  const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, algorithm, nullptr));
  EVP_PKEY* key = nullptr;
  if (!context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters) != 1)
    return refuse("is no valid key of its kind");
  return LoadedKey(key);
}

Result<LoadedKey> load_ed25519(SshReader& rest) {
  const ByteSpan raw = TRY(rest.string());
  if (raw.size() != kEd25519KeyBytes) return refuse("does not have 32 bytes");
  LoadedKey key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, raw.data(), raw.size()));
  if (!key) return refuse("is no valid key of its kind");
  return key;
}

Result<Bytes> convert_ed25519(ByteSpan value, const EVP_PKEY&) {
  if (value.size() != kEd25519SignatureBytes) return refuse("does not have 64 bytes");
  return Bytes(value.begin(), value.end());
}

Result<LoadedKey> load_ecdsa_p256(SshReader& rest) {
  const ByteSpan curve = TRY(rest.string());
  const ByteSpan point = TRY(rest.string());
  if (as_text(curve) != "nistp256") return refuse("is not on the curve nistp256");
  if (point.size() != kP256PointBytes || point[0] != 4) return refuse("is not an uncompressed point");
  std::string group = "prime256v1";
  OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group.data(), 0),
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, const_cast<std::uint8_t*>(point.data()),
                                        point.size()),
      OSSL_PARAM_construct_end()};
  return key_from("EC", parameters);
}

// OpenSSL reads DER where SSH writes two integers.
Result<Bytes> convert_ecdsa_p256(ByteSpan value, const EVP_PKEY&) {
  SshReader reader(value);
  const ByteSpan r = TRY(reader.positive());
  const ByteSpan s = TRY(reader.positive());
  TRY(reader.finished());
  if (r.size() > kP256ScalarBytes || s.size() > kP256ScalarBytes)
    return refuse("holds an integer that is too long");
  EcdsaSignature pair(ECDSA_SIG_new());
  Number r_number = number_from(r);
  Number s_number = number_from(s);
  if (!pair || !r_number || !s_number || ECDSA_SIG_set0(pair.get(), r_number.get(), s_number.get()) != 1)
    return refuse("cannot be converted");
  (void)r_number.release();  // owned by the pair now
  (void)s_number.release();
  const int size = i2d_ECDSA_SIG(pair.get(), nullptr);
  if (size <= 0) return refuse("cannot be converted");
  Bytes der(static_cast<std::size_t>(size));
  std::uint8_t* end = der.data();
  i2d_ECDSA_SIG(pair.get(), &end);
  return der;
}

Result<LoadedKey> load_rsa(SshReader& rest) {
  const ByteSpan exponent = TRY(rest.positive());
  const ByteSpan modulus = TRY(rest.positive());
  const Number e = number_from(exponent);
  const Number n = number_from(modulus);
  if (!e || !n) return refuse("is too long");
  const auto bits = static_cast<unsigned>(BN_num_bits(n.get()));
  if (bits < kMinRsaBits)
    return refuse("has only " + std::to_string(bits) + " bits",
                  "use ed25519, or rsa with at least 2048 bits");
  if (bits > kMaxRsaBits) return refuse("has more than 16384 bits");
  if (exponent.size() > kMaxExponentBytes || !BN_is_odd(e.get()) || BN_is_one(e.get()) || !BN_is_odd(n.get()))
    return refuse("is no valid key of its kind");
  const ParamBuilder builder(OSSL_PARAM_BLD_new());
  if (!builder || OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1)
    return refuse("cannot be converted");
  const Params parameters(OSSL_PARAM_BLD_to_param(builder.get()));
  if (!parameters) return refuse("cannot be converted");
  return key_from("RSA", parameters.get());
}

Result<Bytes> convert_rsa(ByteSpan value, const EVP_PKEY& key) {
  if (value.size() != static_cast<std::size_t>(EVP_PKEY_get_size(&key)))
    return refuse("is not as long as the key's modulus");
  return Bytes(value.begin(), value.end());
}

// A security key signs for one application: "ssh:…", or a relying party's host name.
Result<> read_application(SshReader& rest) {
  const std::string_view application = as_text(TRY(rest.string()));
  const bool plain = std::ranges::all_of(application, [](char c) { return c > 0x20 && c < 0x7f; });
  if (application.empty() || application.size() > kMaxApplicationBytes || !plain)
    return refuse("its application is no name");
  return {};
}

template <auto load>
Result<LoadedKey> load_security_key(SshReader& rest) {
  LoadedKey key = TRY(load(rest));
  TRY(read_application(rest));
  return key;
}

const EVP_MD* hashes_by_itself() { return nullptr; }

constexpr std::uint32_t kAgentRsaSha512 = 4;  // SSH_AGENT_RSA_SHA2_512

// kind, key type, certificate type, signature type, agent flags, holder, load, convert signature, digest
constexpr KeyKindEntry kKinds[] = {
    {KeyKind::ed25519, "ssh-ed25519", "ssh-ed25519-cert-v01@openssh.com", "ssh-ed25519", 0, KeyHolder::file,
     load_ed25519, convert_ed25519, hashes_by_itself},
    {KeyKind::ecdsa_p256, "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256-cert-v01@openssh.com",
     "ecdsa-sha2-nistp256", 0, KeyHolder::file, load_ecdsa_p256, convert_ecdsa_p256, EVP_sha256},
    {KeyKind::rsa, "ssh-rsa", "ssh-rsa-cert-v01@openssh.com", "rsa-sha2-512", kAgentRsaSha512,
     KeyHolder::file, load_rsa, convert_rsa, EVP_sha512},
    {KeyKind::sk_ed25519, "sk-ssh-ed25519@openssh.com", "sk-ssh-ed25519-cert-v01@openssh.com",
     "sk-ssh-ed25519@openssh.com", 0, KeyHolder::security_key, load_security_key<load_ed25519>,
     convert_ed25519, hashes_by_itself},
    {KeyKind::sk_ecdsa_p256, "sk-ecdsa-sha2-nistp256@openssh.com",
     "sk-ecdsa-sha2-nistp256-cert-v01@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com", 0,
     KeyHolder::security_key, load_security_key<load_ecdsa_p256>, convert_ecdsa_p256, EVP_sha256},
};

}  // namespace

void FreeKey::operator()(evp_pkey_st* key) const { EVP_PKEY_free(key); }

std::span<const KeyKindEntry> key_kinds() { return kKinds; }

const KeyKindEntry& entry_of(KeyKind kind) { return *std::ranges::find(kKinds, kind, &KeyKindEntry::kind); }

const KeyKindEntry* certified_by(std::string_view certificate_type) {
  const auto found = std::ranges::find(kKinds, certificate_type, &KeyKindEntry::certificate_type);
  return found != std::end(kKinds) ? found : nullptr;
}

Result<const KeyKindEntry*> entry_of(std::string_view key_type) {
  const auto found = std::ranges::find(kKinds, key_type, &KeyKindEntry::key_type);
  if (found != std::end(kKinds)) return found;
  if (key_type.find("-cert-") != std::string_view::npos)
    return refuse("a certificate stands where a key is wanted",
                  "enroll the authority that issues it: cert-authority ssh-ed25519 AAAA…");
  return refuse(
      "keys of this kind are not taken",
      "use ssh-ed25519, ecdsa-sha2-nistp256, rsa with at least 2048 bits, or a security key (sk-…)");
}

Result<LoadedKey> load_key(const PublicKey& key) {
  const KeyKindEntry& kind = entry_of(key.kind);
  SshReader reader(key.blob);
  if (as_text(TRY(reader.string())) != kind.key_type) return refuse("is of another kind than it says");
  LoadedKey loaded = TRY(kind.load(reader));
  TRY(reader.finished());
  return loaded;
}

}  // namespace pawl::receipt
