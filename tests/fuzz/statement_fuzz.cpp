// Decision statements, and the bundles and allowed signers that carry them: what is taken is written again
// byte for byte.
#include "sandbox/base/bytes.hpp"
#include "supervisor/receipt/allowed_signers.hpp"
#include "supervisor/receipt/bundle.hpp"
#include "supervisor/receipt/statement.hpp"
#include "tests/fuzz/require.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pawl;
  const std::string_view text = as_text({data, size});
  if (const auto statement = receipt::read_statement(text))
    fuzz::require(receipt::write_statement(*statement).value() == text);
  if (const auto bundle = receipt::read_bundle(text)) {
    const std::string written = receipt::write_bundle(*bundle).value();
    fuzz::require(written == text || written == std::string(text) + "\n");
    (void)receipt::verify_bundle(*bundle, text, 1);
  }
  (void)receipt::parse_allowed_signers(text);
  return 0;
}
