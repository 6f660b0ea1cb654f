#include "supervisor/receipt/action_document.hpp"

#include <algorithm>
#include <set>

#include "supervisor/receipt/json_fields.hpp"
#include "supervisor/receipt/names.hpp"

namespace pawl::receipt {
namespace {

Result<> check_texts(const std::vector<std::string>& list, std::string_view what) {
  for (const std::string& text : list)
    if (!is_text(text)) return refuse(std::string(what) + " holds a NUL or is not UTF-8");
  return {};
}

Result<> check_paths(const std::vector<std::string>& list, std::string_view what) {
  for (const std::string& path : list)
    if (!is_clean_path(path))
      return refuse(std::string(what) + " holds a path that is not absolute and clean");
  return {};
}

Result<> check_inputs(const ActionDocument& document) {
  std::set<std::string_view> parameters;
  for (const ActionDocument::Input& input : document.inputs) {
    if (!is_plain_name(input.parameter)) return refuse("inputs: a parameter's name is malformed");
    if (!parameters.insert(input.parameter).second) return refuse("inputs: a parameter is there twice");
    if (input.name.find('/') != std::string::npos || !is_clean_path("/" + input.name))
      return refuse("inputs: a name is not a file's name");
    if (input.path != std::string(kInputsDirectory) + input.parameter + "/" + input.name ||
        !is_clean_path(input.path))
      return refuse("inputs: a path is not where its parameter and name put it");
    if (input.size > static_cast<std::uint64_t>(kMaxInteger)) return refuse("inputs: a size is out of range");
  }
  return {};
}

Result<> check_secrets(const std::vector<ActionDocument::Secret>& secrets, std::set<std::string_view> names) {
  for (const ActionDocument::Secret& secret : secrets) {
    if (!is_variable_name(secret.environment)) return refuse("secrets: a variable's name is malformed");
    if (!names.insert(secret.environment).second) return refuse("secrets: a variable is there twice");
    if (!is_plain_name(secret.name) || secret.version.empty() || !is_text(secret.version))
      return refuse("secrets: a name or version is malformed");
  }
  return {};
}

Result<> check_program(const ActionDocument::Executable& executable, const std::vector<std::string>& argv,
                       std::uint64_t timeout) {
  if (!is_clean_path(executable.path)) return refuse("executable: the path is not absolute and clean");
  if (executable.size > static_cast<std::uint64_t>(kMaxInteger))
    return refuse("executable: size out of range");
  if (argv.empty()) return refuse("argv is empty");
  TRY(check_texts(argv, "argv"));
  if (timeout == 0 || timeout > static_cast<std::uint64_t>(kMaxInteger))
    return refuse("timeout: out of range");
  return {};
}

Result<> check_environment(const ActionDocument& document) {
  std::set<std::string_view> names;
  for (const ActionDocument::Variable& variable : document.environment) {
    if (!is_variable_name(variable.name)) return refuse("environment: a name is malformed");
    if (!names.insert(variable.name).second) return refuse("environment: a name is there twice");
    if (!is_text(variable.value)) return refuse("environment: a value holds a NUL or is not UTF-8");
  }
  TRY(check_secrets(document.secrets, names));
  if (document.preview) TRY_DURING("preview", check_secrets(document.preview->secrets, names));
  return {};
}

Result<> check(const ActionDocument& document) {
  if (document.version != kDocumentVersion)
    return refuse("version " + std::to_string(document.version) + " is not known",
                  "use a pawl as new as the broker");
  if (document.kind != kDocumentKindExec)
    return refuse("its kind is not \"exec\"", "use a pawl as new as the broker");
  if (!is_plain_name(document.action)) return refuse("action: the name is malformed");
  TRY(check_program(document.executable, document.argv, document.timeout));
  if (!is_clean_path(document.directory)) return refuse("directory: the path is not absolute and clean");
  TRY(check_inputs(document));
  TRY(check_environment(document));
  TRY(check_paths(document.read, "read"));
  TRY(check_paths(document.write, "write"));
  TRY(check_texts(document.hosts, "hosts"));
  if (const auto& preview = document.preview)
    TRY_DURING("preview", check_program(preview->executable, preview->argv, preview->timeout));
  if (!document.preconditions.empty()) return refuse("preconditions: of a kind that is not known");
  return {};
}

}  // namespace

Result<std::string> write_document(const ActionDocument& document) {
  TRY_DURING("action document", check(document));
  std::string bytes = TRY_DURING("action document", to_canonical(to_object(document)));
  if (bytes.size() > kMaxDocumentBytes)
    return refuse("action document: longer than 64 KiB", "give large parameters as files");
  return bytes;
}

Result<ActionDocument> read_document(std::string_view bytes) {
  if (bytes.size() > kMaxDocumentBytes) return refuse("action document: longer than 64 KiB");
  ActionDocument document = TRY(from_canonical<ActionDocument>(bytes, "action document"));
  TRY_DURING("action document", check(document));
  return document;
}

}  // namespace pawl::receipt
