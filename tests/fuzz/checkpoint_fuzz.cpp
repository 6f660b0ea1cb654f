// Signed notes, log keys and records of a bundle: what is taken is spelled in one way only.
#include "sandbox/base/bytes.hpp"
#include "supervisor/ledger/log_files.hpp"
#include "supervisor/receipt/checkpoint.hpp"
#include "supervisor/receipt/consistency.hpp"
#include "tests/fuzz/require.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pawl;
  const std::string_view text = as_text({data, size});
  if (const auto note = receipt::read_checkpoint(text)) {
    const auto& tree = note->checkpoint.tree;
    fuzz::require(note->text.starts_with(note->checkpoint.origin + "\n" + std::to_string(tree.size) + "\n" +
                                         to_base64(tree.root) + "\n"));
    fuzz::require(text.starts_with(note->text) && !note->signatures.empty());
  }
  if (const auto key = receipt::LogKey::parse(text)) fuzz::require(key->text() == text);
  if (const auto proof = receipt::read_consistency(text))
    fuzz::require(receipt::write_consistency(*proof).value().starts_with(text.substr(0, text.size() - 1)));
  const auto records = ledger::split_records(text);
  std::string again;
  for (const std::string_view line : records.lines) again += ledger::write_record(line);
  fuzz::require(again == text.substr(0, records.whole));
  return 0;
}
