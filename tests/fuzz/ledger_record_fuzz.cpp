// Ledger records: each line of the input is one. What is taken is written again byte for byte; replaying any
// sequence of them, or verifying it, ends in a state or an error.
#include <string>
#include <utility>
#include <vector>

#include "sandbox/base/bytes.hpp"
#include "supervisor/approval/queue.hpp"
#include "supervisor/approval/verify_log.hpp"
#include "supervisor/ledger/entry.hpp"
#include "tests/fuzz/require.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pawl;
  std::string_view text = as_text({data, size});
  approval::Queue queue("fuzz");
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    auto entry = ledger::read_entry(line);
    if (!entry) continue;
    fuzz::require(ledger::write_entry(*entry).value() == line);
    (void)queue.apply(*entry);
    lines.emplace_back(line);
  }
  for (const auto* request : queue.pending()) fuzz::require(!is_final(request->state));
  approval::LogToVerify log;
  log.lines = [&lines]() -> Result<std::vector<std::string>> { return std::exchange(lines, {}); };
  (void)approval::verify_log(log);
  return 0;
}
