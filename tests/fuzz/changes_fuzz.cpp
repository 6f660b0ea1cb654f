// libFuzzer harness: what is read back about a session's changes, the journal of an unfinished apply and
// session.json. What is taken is written again byte for byte, and no operation leads out of the workspace.
#include <algorithm>
#include <cstdint>
#include <string_view>

#include "sandbox/base/bytes.hpp"
#include "supervisor/receipt/digest.hpp"
#include "tests/fuzz/require.hpp"
#include "tools/pawl/changes/journal.hpp"
#include "tools/pawl/changes/record.hpp"

namespace {

using namespace pawl;
using fuzz::require;

bool climbs(std::string_view path) {
  return path.empty() || path.starts_with('/') || path == ".." || path.starts_with("../") ||
         path.ends_with("/..") || path.find("/../") != std::string_view::npos;
}

void check(ByteSpan bytes) {
  const auto journal = changes::read_journal(bytes);
  if (!journal) return;
  const Bytes again = changes::write_journal(*journal);
  require(ByteSpan(again).size() == bytes.size() && std::equal(bytes.begin(), bytes.end(), again.begin()));
  for (std::size_t i = 0; i < journal->operations.size(); ++i) {
    require(!climbs(journal->operations[i].path));
    require(journal->temporary(i).find('/') == std::string::npos);
  }
}

// The digest around the journal would keep the fuzzer out of it.
Bytes wrapped(ByteSpan body) {
  Bytes bytes = changes::write_journal({});
  bytes.resize(bytes.size() - codec::encode(changes::Journal{}).size());
  const Digest digest = receipt::sha256(body);
  std::copy(digest.begin(), digest.end(), bytes.end() - static_cast<std::ptrdiff_t>(digest.size()));
  bytes.insert(bytes.end(), body.begin(), body.end());
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteSpan bytes(data, size);
  check(bytes);
  check(wrapped(bytes));
  if (const auto record = changes::read_record(as_text(bytes))) {
    const std::string text = tools::text_of(*record);
    require(tools::text_of(changes::read_record(text).value()) == text);
  }
  return 0;
}
