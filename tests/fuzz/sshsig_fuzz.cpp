// SSH signatures (of every kind) and keys: as armored text, as the binary form inside an armor, as a key's
// line and blob. What is taken is written again byte for byte; nothing that the fuzzer makes is a valid
// signature of the enrolled key.
#include "sandbox/base/bytes.hpp"
#include "supervisor/receipt/sshsig.hpp"
#include "supervisor/receipt/verdict.hpp"
#include "tests/fuzz/require.hpp"

using namespace pawl;

namespace {

std::string armor(ByteSpan blob) {
  const std::string body = to_base64(blob);
  std::string text = "-----BEGIN SSH SIGNATURE-----\n";
  for (std::size_t i = 0; i < body.size(); i += 70) text += body.substr(i, 70) + "\n";
  return text + "-----END SSH SIGNATURE-----\n";
}

// A message of this harness's own: the corpus holds no signature over it.
constexpr std::string_view kMessage = "nobody ever signed this";

void check(std::string_view armored) {
  const auto signature = receipt::parse_armored(armored);
  if (!signature) return;
  fuzz::require(receipt::write_armored(*signature) == armored);
  fuzz::require(!receipt::verify(armored, signature->key, receipt::kApproveNamespace, as_bytes(kMessage)));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteSpan bytes(data, size);
  check(as_text(bytes));
  check(armor(bytes));
  if (const auto key = receipt::parse_key_blob(bytes)) {
    fuzz::require(key->blob == Bytes(bytes.begin(), bytes.end()));
    fuzz::require(receipt::parse_public_key(receipt::key_line(*key)).value() == *key);
  }
  if (const auto key = receipt::parse_public_key(as_text(bytes)))
    fuzz::require(as_text(bytes).starts_with(receipt::key_line(*key)));
  return 0;
}
