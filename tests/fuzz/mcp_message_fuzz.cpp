// libFuzzer harness: what an agent writes to `pawl-agent mcp`, cut into lines and read as messages. The bytes
// are the agent's; the first one says in what pieces the rest comes.
#include <algorithm>
#include <boost/json/serialize.hpp>
#include <cstdint>

#include "tests/fuzz/require.hpp"
#include "tools/pawl-agent/mcp/line_reader.hpp"
#include "tools/pawl-agent/mcp/message.hpp"

namespace {

using namespace pawl::agent;
using pawl::fuzz::require;

constexpr std::size_t kLongest = 4096;

void use(const mcp::LineReader::Line& line) {
  using Fit = mcp::LineReader::Line::Fit;
  require(line.text.size() <= kLongest && line.text.find('\n') == std::string::npos);
  if (line.fit == Fit::too_long) return require(line.text.empty());
  const auto message = mcp::decode(line.text);
  if (!message) return require(!message.error().text.empty());
  if (const auto* call = std::get_if<mcp::Call>(&*message)) {
    require(call->id.is_string() || call->id.is_number());
    (void)boost::json::serialize(call->params);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t piece = data[0] + 1u;
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  mcp::LineReader reader(kLongest);
  for (std::size_t at = 0; at < text.size(); at += piece) {
    reader.feed(text.substr(at, piece));
    while (const auto line = reader.next()) use(*line);
  }
  return 0;
}
