// What an agent writes to its terminal, as a detached session's holder remembers it, and what a person types,
// as it is searched for the keys that detach. Besides memory errors this finds output that is remembered
// differently when it comes in other pieces, a memory that does not stay the same when it is shown to another
// one, and keystrokes that are lost.
#include <cstdint>

#include "tests/fuzz/require.hpp"
#include "tools/pawl/detach_keys.hpp"
#include "tools/pawl/screen_memory.hpp"

using namespace pawl::run;
using pawl::fuzz::require;

namespace {

void check_memory(std::string_view output) {
  ScreenMemory whole, pieces;
  whole.see(output);
  for (const char byte : output) pieces.see({&byte, 1});
  require(whole.text() == pieces.text());
  require(whole.modes() == pieces.modes());
  require(whole.take_question() == pieces.take_question());
  require(!whole.take_question());
  ScreenMemory again;
  again.see(whole.text());
  require(again.text() == whole.text() && again.modes().empty());
  require(!again.take_question());
  again.see(whole.modes());
  require(again.modes() == whole.modes());
  require(whole.text().size() <= ScreenMemory::kKept && whole.modes().size() < 1024);
}

void check_keys(std::string_view typed) {
  auto keys = DetachKeys::parse(kDefaultDetachKeys);
  require(keys.has_value());
  const std::string_view all = typed;
  std::string passed;
  while (!typed.empty()) {
    const std::string_view piece = typed.substr(0, 7);
    typed.remove_prefix(piece.size());
    const auto outcome = keys->type(piece);
    passed += outcome.pass;
    if (outcome.detach) return;
    require(outcome.pass.size() <= piece.size() + 512);
  }
  passed += keys->let_go();
  require(passed == all && !keys->holding());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  check_memory(bytes);
  check_keys(bytes);
  return 0;
}
