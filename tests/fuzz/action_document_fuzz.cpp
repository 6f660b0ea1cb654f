// Action documents: what is taken is written again byte for byte, and whatever it holds renders as plain
// ASCII lines.
#include <algorithm>

#include "sandbox/base/bytes.hpp"
#include "supervisor/receipt/action_document.hpp"
#include "supervisor/receipt/render.hpp"
#include "tests/fuzz/require.hpp"

namespace {

bool is_plain(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c == '\n' || (c >= 0x20 && c < 0x7f); });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pawl;
  const std::string_view text = as_text({data, size});
  const std::string shown = receipt::visible(text);
  fuzz::require(is_plain(shown) && shown.find('\n') == std::string::npos);
  fuzz::require(is_plain(receipt::fence_why(text)));
  fuzz::require(is_plain(receipt::fence_preview(text)));
  const auto document = receipt::read_document(text);
  if (!document) return 0;
  fuzz::require(receipt::write_document(*document).value() == text);
  fuzz::require(is_plain(receipt::render(*document)));
  return 0;
}
