// A document of whichever kind: the one place that tells them apart for everybody who shows, hashes, stores
// or lists documents without acting on them. Pure; reads the bytes of brokers, receipts and ledgers.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "supervisor/receipt/action_document.hpp"
#include "supervisor/receipt/gate_document.hpp"

namespace pawl::receipt {

enum class DocumentKind : std::uint8_t {
  exec,  // the broker runs it
  gate,  // a pipeline runs it, elsewhere, once
};
constexpr DocumentKind last_of(DocumentKind) { return DocumentKind::gate; }
std::span<const std::string_view> words_of(DocumentKind);

using Document = std::variant<ActionDocument, GateDocument>;

// As strict as the reader of its kind.
Result<Document> read_any_document(std::string_view bytes);

DocumentKind kind_of(const Document& document);
const std::string& action_of(const Document& document);
const std::vector<std::string>& argv_of(const Document& document);
std::vector<Digest> inputs_of(const Document& document);  // blobs that it refers to
bool has_preview(const Document& document);               // only what the broker runs can have one
std::string render_any(const Document& document);

}  // namespace pawl::receipt
