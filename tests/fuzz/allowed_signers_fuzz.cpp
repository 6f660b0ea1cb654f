// Files of allowed signers, and the enrolled lines in them: what is taken is written again to the same
// meaning.
#include "sandbox/base/bytes.hpp"
#include "supervisor/receipt/allowed_signers.hpp"
#include "tests/fuzz/require.hpp"

using namespace pawl;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = as_text({data, size});
  if (const auto signers = receipt::parse_allowed_signers(text)) {
    for (const receipt::AllowedSigner& signer : *signers) {
      const std::string line = receipt::allowed_signers_line(signer.person, signer.credential).value();
      const auto again = receipt::parse_allowed_signers(line).value();
      fuzz::require(again.size() == 1 && again[0].person == signer.person &&
                    again[0].credential == signer.credential);
    }
  }
  if (const auto credential = receipt::parse_credential(text)) {
    const std::string line = receipt::credential_line(*credential);
    fuzz::require(receipt::parse_credential(line).value() == *credential);
    fuzz::require(text.starts_with(line));
  }
  return 0;
}
