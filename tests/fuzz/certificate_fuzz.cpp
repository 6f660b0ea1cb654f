// SSH certificates, as blob and as line: what is read keeps its bytes, and nothing that the fuzzer makes
// counts for a person whom no authority ever certified.
#include "sandbox/base/bytes.hpp"
#include "supervisor/receipt/certificate.hpp"
#include "tests/fuzz/require.hpp"

using namespace pawl;

namespace {

void check(const receipt::Certificate& certificate) {
  fuzz::require(receipt::is_certificate(certificate.blob));
  fuzz::require(receipt::parse_certificate(certificate.blob).value() == certificate);
  fuzz::require(receipt::parse_key_blob(certificate.key.blob).value() == certificate.key);
  // The mathematics too: the corpus holds certificates of alice alone.
  fuzz::require(!receipt::check_certificate(certificate, {certificate.authority, "nobody", 1'780'000'000}));
  (void)receipt::check_certificate(certificate, {certificate.authority, "alice", 1'780'000'000});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteSpan bytes(data, size);
  if (const auto certificate = receipt::parse_certificate(bytes)) {
    fuzz::require(certificate->blob == Bytes(bytes.begin(), bytes.end()));
    check(*certificate);
  }
  if (const auto certificate = receipt::parse_certificate_line(as_text(bytes))) check(*certificate);
  return 0;
}
