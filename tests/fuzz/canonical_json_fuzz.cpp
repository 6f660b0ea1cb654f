// Canonical JSON: what is taken is written again byte for byte, so that no value has two spellings.
#include "sandbox/base/bytes.hpp"
#include "supervisor/receipt/canonical_json.hpp"
#include "tests/fuzz/require.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pawl;
  const std::string_view text = as_text({data, size});
  const auto value = receipt::parse_canonical(text);
  if (value) fuzz::require(receipt::to_canonical(*value).value() == text);
  return 0;
}
