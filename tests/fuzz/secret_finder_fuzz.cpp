// libFuzzer harness: a text that an upstream or an action wrote, searched for a secret. However it is cut,
// nothing is found that is not there in one piece, and a secret that is written plainly never passes.
#include <cstdint>
#include <string>

#include "supervisor/scrub/secret_finder.hpp"
#include "tests/fuzz/require.hpp"

namespace {

using namespace pawl::scrub;
using pawl::fuzz::require;

constexpr std::string_view kSecret = "sk-a/B+c&d\"e\\f<g>_9";

std::string masked(const SecretFinder& finder, std::string_view text, std::size_t piece) {
  std::string out, held;
  for (std::size_t at = 0; at < text.size(); at += piece) {
    held += text.substr(at, piece);
    const End end = at + piece >= text.size() ? End::closed : End::open;
    std::size_t from = 0, passes = held.size();
    while (const auto found = finder.find(held, from, end)) {
      require(found->begin >= from && found->end > found->begin && found->end <= held.size());
      require(found->whole || end == End::open);
      if (!found->whole) {
        passes = found->begin;
        break;
      }
      held.replace(found->begin, found->end - found->begin, found->end - found->begin, '*');
      from = found->end;
    }
    out += held.substr(0, passes);
    held.erase(0, passes);
  }
  return out + held;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  static const SecretFinder finder(kSecret);
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  const std::string whole = masked(finder, text, text.size() + 1);
  require(whole.size() == text.size());
  require(whole.find(kSecret) == std::string::npos);
  require(masked(finder, text, data[0] + 1u).find(kSecret) == std::string::npos);
  return 0;
}
