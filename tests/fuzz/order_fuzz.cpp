// Orders, as anybody may hand them to the broker: what is taken is written again byte for byte, and shown
// without control characters.
#include <algorithm>

#include "sandbox/base/bytes.hpp"
#include "supervisor/receipt/order.hpp"
#include "tests/fuzz/require.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pawl;
  const std::string_view text = as_text({data, size});
  if (const auto order = receipt::read_order(text)) {
    fuzz::require(receipt::write_order(*order).value() == text);
    fuzz::require(std::ranges::none_of(receipt::order_text(*order),
                                       [](char c) { return c != '\n' && c >= 0 && c < ' '; }));
  }
  (void)receipt::signing_key(text);
  return 0;
}
