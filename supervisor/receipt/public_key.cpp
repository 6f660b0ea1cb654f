#include "supervisor/receipt/public_key.hpp"

#include "supervisor/receipt/digest.hpp"
#include "supervisor/receipt/key_kinds.hpp"
#include "supervisor/receipt/ssh_wire.hpp"

namespace pawl::receipt {

Result<PublicKey> parse_key_blob(ByteSpan blob) {
  if (blob.size() > kMaxKeyBytes) return refuse("public key: longer than 4096 bytes");
  SshReader reader(blob);
  const ByteSpan type = TRY_DURING("public key", reader.string());
  const KeyKindEntry* kind = TRY_DURING("public key", entry_of(as_text(type)));
  PublicKey key{kind->kind, Bytes(blob.begin(), blob.end())};
  TRY_DURING("public key", load_key(key));
  return key;
}

bool is_hardware(const PublicKey& key) { return entry_of(key.kind).holder == KeyHolder::security_key; }

std::string_view application_of(const PublicKey& key) {
  if (!is_hardware(key)) return {};
  SshReader reader(key.blob);
  ByteSpan last;
  while (const auto field = reader.string()) last = *field;
  return as_text(last);
}

Result<PublicKey> parse_public_key(std::string_view line) {
  if (line.find_first_of("\r\n") != std::string_view::npos) return refuse("public key: more than one line");
  const std::size_t type_end = line.find(' ');
  const std::string_view type = line.substr(0, type_end);
  (void)TRY_DURING("public key", entry_of(type));
  if (type_end == std::string_view::npos) return refuse("public key: nothing follows its type");
  const std::string_view rest = line.substr(type_end + 1);
  const auto blob = from_base64(rest.substr(0, rest.find(' ')));
  if (!blob || blob->empty()) return refuse("public key: what follows its type is not Base64");
  PublicKey key = TRY(parse_key_blob(*blob));
  if (entry_of(key.kind).key_type != type) return refuse("public key: is of another kind than it says");
  return key;
}

std::string key_line(const PublicKey& key) {
  return std::string(entry_of(key.kind).key_type) + " " + to_base64(key.blob);
}

std::string fingerprint(const PublicKey& key) {
  std::string digest = to_base64(sha256(key.blob));
  while (digest.ends_with('=')) digest.pop_back();
  return "SHA256:" + digest;
}

}  // namespace pawl::receipt
