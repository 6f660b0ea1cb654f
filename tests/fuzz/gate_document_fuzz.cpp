// Gate documents, and what `pawl gate` makes of a whole receipt: what is taken is written again byte for
// byte, renders as plain ASCII lines, and no receipt that was not signed lets anything through.
#include <algorithm>

#include "sandbox/base/bytes.hpp"
#include "supervisor/receipt/document.hpp"
#include "tests/fuzz/require.hpp"
#include "tools/pawl/gate/check.hpp"

namespace {

bool is_plain(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c == '\n' || (c >= 0x20 && c < 0x7f); });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pawl;
  const std::string_view text = as_text({data, size});
  if (const auto document = receipt::read_gate_document(text)) {
    fuzz::require(receipt::write_gate_document(*document).value() == text);
    fuzz::require(is_plain(receipt::render(*document)));
  }
  if (const auto document = receipt::read_any_document(text))
    fuzz::require(is_plain(receipt::render_any(*document)));
  gate::GateCommand command;
  command.argv = {"./deploy.sh", "production", "--note=two words"};
  // Nobody's key is allowed, so nothing may pass, whatever it says.
  fuzz::require(!gate::check_receipt(text, "", command, {}, 1'780'000'100));
  return 0;
}
