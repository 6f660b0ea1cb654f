#include "supervisor/policy/gate.hpp"

#include <algorithm>

#include "supervisor/policy/parameters.hpp"
#include "supervisor/policy/pattern.hpp"
#include "supervisor/policy/text.hpp"

namespace pawl::policy {
namespace {

Result<> check_word(const GateArgument& allowed, const std::string& word) {
  if (allowed.kind == GateArgument::Kind::literal) {
    if (word == allowed.text) return {};
    return refuse("is " + quoted(word) + ", and only " + quoted(allowed.text) + " may be asked for");
  }
  if (word.size() > kMaxParameter)
    return refuse("is longer than " + std::to_string(kMaxParameter) + " bytes");
  if (const auto flaw = text_flaw(word)) return refuse(*flaw);
  if (word.starts_with('-') && allowed.leading_dash == GateArgument::Dash::refused)
    return refuse("starts with '-'", "the command would take it for an option");
  if (matches_whole(allowed.text, word)) return {};
  return refuse("does not match " + quoted(allowed.text) + ": " + quoted(word));
}

}  // namespace

Result<> check_gate_command(const Gate& gate, std::span<const std::string> argv) {
  const std::string step = "gate '" + gate.name + "'";
  if (argv.size() != gate.command.size())
    return refuse(step + ": its command has " + std::to_string(gate.command.size()) + " words, not " +
                  std::to_string(argv.size()));
  for (std::size_t i = 0; i < argv.size(); ++i)
    TRY_DURING(step + ": word " + std::to_string(i), check_word(gate.command[i], argv[i]));
  return {};
}

Result<> check_gate_inputs(const Gate& gate, std::span<const std::string> names) {
  for (const std::string& wanted : gate.inputs)
    if (std::ranges::find(names, wanted) == names.end())
      return refuse("gate '" + gate.name + "': the input " + quoted(wanted) + " is missing",
                    "--input " + wanted);
  return {};
}

}  // namespace pawl::policy
