#include "supervisor/receipt/document.hpp"

#include "supervisor/receipt/render.hpp"

namespace pawl::receipt {

std::span<const std::string_view> words_of(DocumentKind) {
  static constexpr std::string_view words[] = {kDocumentKindExec, kDocumentKindGate};
  return words;
}

Result<Document> read_any_document(std::string_view bytes) {
  // Only chooses the reader, which then insists on its kind. Within a string the quotes would be escaped, and
  // no object inside a document has such a key.
  if (bytes.find("\"kind\":\"gate\"") != std::string_view::npos)
    return Document(TRY(read_gate_document(bytes)));
  return Document(TRY(read_document(bytes)));
}

DocumentKind kind_of(const Document& document) {
  return std::holds_alternative<GateDocument>(document) ? DocumentKind::gate : DocumentKind::exec;
}

const std::string& action_of(const Document& document) {
  return std::visit([](const auto& one) -> const std::string& { return one.action; }, document);
}

const std::vector<std::string>& argv_of(const Document& document) {
  return std::visit([](const auto& one) -> const std::vector<std::string>& { return one.argv; }, document);
}

std::vector<Digest> inputs_of(const Document& document) {
  return std::visit(
      [](const auto& one) {
        std::vector<Digest> digests;
        for (const auto& input : one.inputs) digests.push_back(input.sha256);
        return digests;
      },
      document);
}

bool has_preview(const Document& document) {
  const auto* const action = std::get_if<ActionDocument>(&document);
  return action != nullptr && action->preview.has_value();
}

std::string render_any(const Document& document) {
  return std::visit([](const auto& one) { return render(one); }, document);
}

}  // namespace pawl::receipt
