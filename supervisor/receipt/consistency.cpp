#include "supervisor/receipt/consistency.hpp"

#include "supervisor/receipt/json_fields.hpp"

namespace pawl::receipt {

Result<std::string> write_consistency(const ConsistencyProof& proof) {
  std::string text = TRY(to_canonical(to_object(proof)));
  return text + "\n";
}

Result<ConsistencyProof> read_consistency(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  return from_canonical<ConsistencyProof>(text, "consistency proof");
}

}  // namespace pawl::receipt
