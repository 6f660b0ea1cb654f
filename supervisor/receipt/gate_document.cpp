#include "supervisor/receipt/gate_document.hpp"

#include <algorithm>

#include "supervisor/receipt/action_document.hpp"
#include "supervisor/receipt/json_fields.hpp"
#include "supervisor/receipt/names.hpp"
#include "supervisor/receipt/render.hpp"
#include "supervisor/receipt/render_parts.hpp"

namespace pawl::receipt {
namespace {

constexpr std::size_t kMaxInputName = 1024;  // bytes

Result<> check_inputs(const GateDocument& document) {
  if (document.inputs.size() > kMaxGateInputs)
    return refuse("inputs: more than " + std::to_string(kMaxGateInputs), "pack what belongs together");
  const std::string* before = nullptr;
  for (const GateDocument::Input& input : document.inputs) {
    if (!is_input_name(input.name)) return refuse("inputs: a name is not a clean path");
    if (before != nullptr && *before >= input.name)
      return refuse("inputs: the names are not in order, each once");
    if (input.size > static_cast<std::uint64_t>(kMaxInteger)) return refuse("inputs: a size is out of range");
    before = &input.name;
  }
  return {};
}

Result<> check(const GateDocument& document) {
  if (document.version != kGateDocumentVersion)
    return refuse("version " + std::to_string(document.version) + " is not known",
                  "use a pawl as new as the broker");
  if (document.kind != kDocumentKindGate) return refuse("its kind is not \"gate\"");
  if (!is_plain_name(document.action)) return refuse("action: the name is malformed");
  if (!is_subject(document.subject)) return refuse("subject: is not \"git:\" and a full commit id");
  if (document.argv.empty() || document.argv.front().empty()) return refuse("argv names no command");
  if (!std::ranges::all_of(document.argv, is_text)) return refuse("argv holds a NUL or is not UTF-8");
  return check_inputs(document);
}

std::vector<std::string> input_lines(const GateDocument& document) {
  std::vector<std::string> lines;
  for (const GateDocument::Input& input : document.inputs) {
    lines.push_back(visible_word(input.name));
    lines.push_back("  " + pinned(input.sha256, input.size));
  }
  return lines;
}

}  // namespace

bool is_subject(std::string_view text) {
  if (!text.starts_with(kGitSubject)) return false;
  text.remove_prefix(kGitSubject.size());
  return (text.size() == 40 || text.size() == 64) &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos &&
         text.find_first_not_of('0') != std::string_view::npos;  // all zero is git's "no commit"
}

bool is_input_name(std::string_view text) {
  if (text.empty() || text.size() > kMaxInputName) return false;
  return text.front() == '/' ? text != "/" && is_clean_path(text) : is_clean_path("/" + std::string(text));
}

std::string_view input_name(std::string_view path) {
  while (path.size() > 2 && path.starts_with("./") && path[2] != '/') path.remove_prefix(2);
  return path;
}

Result<std::string> write_gate_document(const GateDocument& document) {
  TRY_DURING("gate document", check(document));
  std::string bytes = TRY_DURING("gate document", to_canonical(to_object(document)));
  if (bytes.size() > kMaxDocumentBytes)
    return refuse("gate document: longer than 64 KiB", "give long arguments as input files");
  return bytes;
}

Result<GateDocument> read_gate_document(std::string_view bytes) {
  if (bytes.size() > kMaxDocumentBytes) return refuse("gate document: longer than 64 KiB");
  GateDocument document = TRY(from_canonical<GateDocument>(bytes, "gate document"));
  TRY_DURING("gate document", check(document));
  return document;
}

std::string render(const GateDocument& document) {
  std::string text = "GATE " + visible_word(document.action) + "\n";
  section(text, "A pipeline may start one command, once, for this commit", {visible_word(document.subject)});
  section(text, "Arguments, each on its line", numbered_words(document.argv));
  section(text, "Input files, as they were when this was asked", input_lines(document));
  section(text, "NOT pinned by an approval",
          {"the machine, directory and environment in which the pipeline starts it",
           "the program itself and every file it reads, unless they are among the input files above",
           "that the files beside it are those of the commit, unless the gate is told to look"});
  return text;
}

}  // namespace pawl::receipt
