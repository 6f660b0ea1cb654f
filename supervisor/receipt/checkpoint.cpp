#include "supervisor/receipt/checkpoint.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "supervisor/receipt/digest.hpp"
#include "supervisor/receipt/utf8.hpp"

namespace pawl::receipt {
namespace {

constexpr std::uint8_t kEd25519 = 0x01;
constexpr std::size_t kSignatureBytes = 64;
constexpr std::size_t kMaxSignatures = 16;
constexpr std::string_view kDash = "\xe2\x80\x94 ";  // U+2014 and a space begin a signature line
constexpr std::string_view kPrivate = "PRIVATE+KEY+";

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_MD_CTX, FreeContext>;

Result<> check_name(std::string_view name) {
  const bool plain = std::ranges::all_of(name, [](char c) { return c > ' ' && c < '\x7f' && c != '+'; });
  if (name.empty() || name.size() > kMaxOriginBytes || !plain)
    return refuse("a log's name is printable ASCII without spaces and '+', and at most " +
                  std::to_string(kMaxOriginBytes) + " bytes long");
  return {};
}

NoteKeyId id_of(std::string_view name, ByteSpan key) {
  Sha256 hash;
  const std::uint8_t middle[] = {'\n', kEd25519};
  hash.update(as_bytes(name));
  hash.update(middle);
  hash.update(key);
  const Digest digest = hash.finish();
  return {digest[0], digest[1], digest[2], digest[3]};
}

std::string with_kind(ByteSpan key) {
  Bytes bytes{kEd25519};
  bytes.insert(bytes.end(), key.begin(), key.end());
  std::string text = to_base64(bytes);
  OPENSSL_cleanse(bytes.data(), bytes.size());
  return text;
}

struct KeyText {
  std::string name;
  NoteKeyId id{};
  std::array<std::uint8_t, 32> key{};
};

// "<name>+<hex id>+<base64>"; base64 may hold a '+', names may not.
Result<KeyText> read_key_text(std::string_view text) {
  const std::size_t first = text.find('+');
  const std::size_t second = first == text.npos ? text.npos : text.find('+', first + 1);
  if (second == text.npos) return refuse("a log's key is spelled NAME+8 HEX DIGITS+BASE64");
  KeyText key;
  key.name = text.substr(0, first);
  TRY(check_name(key.name));
  const auto id = from_hex(text.substr(first + 1, second - first - 1));
  auto bytes = from_base64(text.substr(second + 1));
  if (!id || id->size() != key.id.size() || !bytes || bytes->size() != 1 + key.key.size())
    return refuse("the log's key is malformed");
  if (bytes->front() != kEd25519) return refuse("the log's key is of a kind that pawl does not know");
  std::ranges::copy(*id, key.id.begin());
  std::copy(bytes->begin() + 1, bytes->end(), key.key.begin());
  OPENSSL_cleanse(bytes->data(), bytes->size());
  return key;
}

// The next line without its line break; nullopt where there is none.
std::optional<std::string_view> next_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  if (end == text.npos) return std::nullopt;
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

Result<std::uint64_t> read_size(std::string_view text) {
  std::uint64_t size = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
  if (error != std::errc() || end != text.data() + text.size() || std::to_string(size) != text)
    return refuse("its size is no number");
  return size;
}

Result<Checkpoint> read_text(std::string_view text) {
  const auto origin = next_line(text), size = next_line(text), root = next_line(text);
  if (!root || origin->empty()) return refuse("it lacks origin, size or root");
  Checkpoint checkpoint{std::string(*origin), {TRY(read_size(*size)), {}}};
  const auto hash = from_base64(*root);
  if (!hash || hash->size() != checkpoint.tree.root.size()) return refuse("its root is no SHA-256 in base64");
  std::ranges::copy(*hash, checkpoint.tree.root.begin());
  // Lines of extensions are signed, and mean nothing here.
  while (const auto extension = next_line(text))
    if (extension->empty()) return refuse("it has an empty line in its text");
  return checkpoint;
}

Result<NoteSignature> read_signature(std::string_view line) {
  if (!line.starts_with(kDash)) return refuse("a signature line does not begin with a dash");
  line.remove_prefix(kDash.size());
  const std::size_t space = line.find(' ');
  if (space == line.npos) return refuse("a signature line is incomplete");
  NoteSignature signature{std::string(line.substr(0, space)), {}, {}};
  const auto bytes = from_base64(line.substr(space + 1));
  if (signature.name.empty() || signature.name.find('+') != std::string::npos || !bytes ||
      bytes->size() <= signature.id.size())
    return refuse("a signature line is malformed");
  std::copy_n(bytes->begin(), signature.id.size(), signature.id.begin());
  signature.signature.assign(bytes->begin() + static_cast<std::ptrdiff_t>(signature.id.size()), bytes->end());
  return signature;
}

bool verifies(ByteSpan key, std::string_view text, ByteSpan signature) {
  struct FreeKey {
    void operator()(EVP_PKEY* pkey) const { EVP_PKEY_free(pkey); }
  };
  const std::unique_ptr<EVP_PKEY, FreeKey> pkey(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, key.data(), key.size()));
  const Context context(EVP_MD_CTX_new());
  if (!pkey || !context) return false;
  const ByteSpan bytes = as_bytes(text);
  return EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, pkey.get()) == 1 &&
         EVP_DigestVerify(context.get(), signature.data(), signature.size(), bytes.data(), bytes.size()) == 1;
}

}  // namespace

Result<SignedCheckpoint> read_checkpoint(std::string_view note) {
  const auto read = [&]() -> Result<SignedCheckpoint> {
    if (note.size() > kMaxCheckpointBytes) return refuse("longer than 8 KiB");
    const bool clean =
        std::ranges::none_of(note, [](char c) { return static_cast<unsigned char>(c) < ' ' && c != '\n'; });
    if (!is_utf8(note) || !clean) return refuse("it is no text");
    // The signatures follow the last empty line.
    const std::size_t empty = note.rfind("\n\n");
    if (empty == note.npos || !note.ends_with('\n')) return refuse("it is not signed");
    SignedCheckpoint signed_one;
    signed_one.text = note.substr(0, empty + 1);
    signed_one.checkpoint = TRY(read_text(signed_one.text));
    std::string_view rest = note.substr(empty + 2);
    while (const auto line = next_line(rest)) {
      if (signed_one.signatures.size() == kMaxSignatures) return refuse("it has too many signatures");
      signed_one.signatures.push_back(TRY(read_signature(*line)));
    }
    if (signed_one.signatures.empty()) return refuse("it is not signed");
    return signed_one;
  };
  return TRY_DURING("checkpoint", read());
}

Result<LogKey> LogKey::of(std::string name, ByteSpan public_key) {
  TRY(check_name(name));
  LogKey key;
  if (public_key.size() != key.key_.size()) return refuse("an Ed25519 key has 32 bytes");
  std::ranges::copy(public_key, key.key_.begin());
  key.id_ = id_of(name, public_key);
  key.name_ = std::move(name);
  return key;
}

Result<LogKey> LogKey::parse(std::string_view vkey) {
  const KeyText text = TRY(read_key_text(vkey));
  LogKey key = TRY(of(text.name, text.key));
  if (key.id_ != text.id) return refuse("the log's key does not fit its own hash", "copy it whole");
  return key;
}

std::string LogKey::text() const { return name_ + "+" + to_hex(id_) + "+" + with_kind(key_); }

Result<> LogKey::check(const SignedCheckpoint& checkpoint) const {
  if (checkpoint.checkpoint.origin != name_) return refuse("the checkpoint is of another log than " + name_);
  for (const NoteSignature& signature : checkpoint.signatures) {
    if (signature.name != name_ || signature.id != id_) continue;
    if (signature.signature.size() == kSignatureBytes && verifies(key_, checkpoint.text, signature.signature))
      return {};
    return refuse("the signature of " + name_ + " on the checkpoint does not hold");
  }
  return refuse("the checkpoint is not signed by the key " + text());
}

void LogSigner::Free::operator()(evp_pkey_st* key) const { EVP_PKEY_free(key); }

Result<LogSigner> LogSigner::of(std::string_view name, Pkey pkey) {
  std::array<std::uint8_t, 32> bytes{};
  std::size_t size = bytes.size();
  if (!pkey || EVP_PKEY_get_raw_public_key(pkey.get(), bytes.data(), &size) != 1)
    return refuse("OpenSSL makes no Ed25519 key of it");
  LogKey key = TRY(LogKey::of(std::string(name), bytes));
  return LogSigner(std::move(pkey), std::move(key));
}

Result<LogSigner> LogSigner::generate(const std::string& origin) {
  return of(origin, Pkey(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")));
}

Result<LogSigner> LogSigner::parse(std::string_view text) {
  if (!text.starts_with(kPrivate)) return refuse("it is no log's private key");
  KeyText read = TRY(read_key_text(text.substr(kPrivate.size())));
  Pkey pkey(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, read.key.data(), read.key.size()));
  OPENSSL_cleanse(read.key.data(), read.key.size());
  LogSigner signer = TRY(of(read.name, std::move(pkey)));
  if (signer.key_.id() != read.id) return refuse("the log's private key does not fit its own hash");
  return signer;
}

std::string LogSigner::text() const {
  std::array<std::uint8_t, 32> seed{};
  std::size_t size = seed.size();
  EVP_PKEY_get_raw_private_key(pkey_.get(), seed.data(), &size);
  std::string text = std::string(kPrivate) + key_.name() + "+" + to_hex(key_.id()) + "+";
  std::string secret = with_kind(seed);
  text += secret;
  OPENSSL_cleanse(secret.data(), secret.size());
  OPENSSL_cleanse(seed.data(), seed.size());
  return text;
}

Result<std::string> LogSigner::sign(const TreeHead& tree) const {
  std::string note = key_.name() + "\n" + std::to_string(tree.size) + "\n" + to_base64(tree.root) + "\n";
  std::array<std::uint8_t, kSignatureBytes> signature{};
  std::size_t size = signature.size();
  const Context context(EVP_MD_CTX_new());
  const ByteSpan bytes = as_bytes(note);
  if (!context || EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, pkey_.get()) != 1 ||
      EVP_DigestSign(context.get(), signature.data(), &size, bytes.data(), bytes.size()) != 1)
    return refuse("OpenSSL does not sign the checkpoint");
  Bytes signed_part(key_.id().begin(), key_.id().end());
  signed_part.insert(signed_part.end(), signature.begin(), signature.end());
  return note + "\n" + std::string(kDash) + key_.name() + " " + to_base64(signed_part) + "\n";
}

}  // namespace pawl::receipt
