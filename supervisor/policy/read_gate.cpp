#include "supervisor/policy/read_gate.hpp"

#include <algorithm>

#include "supervisor/policy/interpreters.hpp"
#include "supervisor/policy/pattern.hpp"
#include "supervisor/policy/text.hpp"

namespace pawl::policy {
namespace {

constexpr std::chrono::hours kLongestGate{24};
constexpr std::uint64_t kLargestGateInput = std::uint64_t{256} << 20;  // bytes, as of an action
constexpr std::size_t kMostWords = 256;
constexpr std::size_t kMostInputs = 16;  // each is a descriptor that travels with the request

std::optional<GateArgument> read_pattern(const Node& node, const std::string& file, const std::string& path,
                                         Findings& findings) {
  TableReader reader(node, Table::gate_command, file, path, findings);
  GateArgument argument{.kind = GateArgument::Kind::pattern};
  if (reader.boolean("allow_dash").value_or(false)) argument.leading_dash = GateArgument::Dash::allowed;
  const auto match = reader.text("match", Need::required);
  if (!match) return std::nullopt;
  if (const auto complaint = pattern_flaw(*match)) {
    reader.refuse("match", "bad pattern " + quoted(*match) + ": " + *complaint);
    return std::nullopt;
  }
  argument.text = *match;
  return argument;
}

std::optional<GateArgument> read_word(const Node& node, const std::string& file, const std::string& path,
                                      Findings& findings) {
  if (node.kind == NodeKind::table) return read_pattern(node, file, path, findings);
  if (node.kind != NodeKind::text) {
    findings.refuse(file, node.place, "'command' holds " + std::string(kind_in_words(node.kind)),
                    "each word is a text, or { match = \"...\" }");
    return std::nullopt;
  }
  if (const auto flaw = text_flaw(node.text)) {
    findings.refuse(file, node.place, "'command' " + *flaw);
    return std::nullopt;
  }
  return GateArgument{.text = node.text};
}

// A word that a proposer chooses inside a program text is code, whatever its pattern says.
void refuse_code(TableReader& reader, const std::vector<GateArgument>& command) {
  for (std::size_t i = 1; i + 1 < command.size(); ++i)
    if (command[i + 1].kind == GateArgument::Kind::pattern &&
        runs_next_as_code(command[0].text, command[i].text))
      reader.refuse("command", "a pattern stands where " + command[0].text + " takes code",
                    "put the code into a script of its own and give it the word as an argument");
}

void read_command(TableReader& reader, const std::string& path, Findings& findings, Gate& gate) {
  const Node* words = reader.list("command", Need::required);
  if (words == nullptr) return;
  if (words->items.empty() || words->items.size() > kMostWords)
    return reader.refuse("command",
                         words->items.empty() ? "'command' is empty" : "'command' has more than 256 words");
  for (const Node& item : words->items) {
    auto word = read_word(item, reader.file(), path + ".command", findings);
    if (!word) return;
    gate.command.push_back(*std::move(word));
  }
  const GateArgument& program = gate.command.front();
  if (program.kind == GateArgument::Kind::pattern)
    return reader.refuse("command", "a pattern in the program's place",
                         "the proposer never chooses what is executed");
  if (program.text.empty() || program.text.starts_with('-'))
    return reader.refuse("command", quoted(program.text) + " names no program");
  refuse_code(reader, gate.command);
}

void read_proposers(TableReader& reader, Gate& gate) {
  for (const std::string& entry :
       reader.texts("proposers", Need::optional).value_or(std::vector<std::string>{})) {
    const bool group = entry.starts_with('@');
    if (entry == "@self" || !valid_name(group ? std::string_view(entry).substr(1) : std::string_view(entry)))
      reader.refuse("proposers", quoted(entry) + " names nobody", "\"@group\" or \"person\"");
    else
      gate.proposers.push_back(entry);
  }
  if (reader.has("proposers") && gate.proposers.empty())
    reader.refuse("proposers", "nobody may propose",
                  "leave it out: then who may launch the role may propose");
}

void read_inputs(TableReader& reader, Gate& gate) {
  gate.inputs = reader.texts("inputs", Need::optional).value_or(std::vector<std::string>{});
  if (gate.inputs.size() > kMostInputs)
    reader.refuse("inputs", "more than " + std::to_string(kMostInputs) + " inputs");
  for (const std::string& name : gate.inputs)
    if (!clean_absolute(name.starts_with('/') ? name : "/" + name) || name == "/")
      reader.refuse("inputs", quoted(name) + " is not a clean path", "\"deploy.sh\", \"k8s/web.yaml\"");
  gate.inputs_max = reader.size("inputs_max", kLargestGateInput).value_or(gate.inputs_max);
}

}  // namespace

void read_gate(const Node& node, const std::string& file, Findings& findings, Role& role) {
  std::string path = "gate." + std::to_string(role.gates.size());
  for (const Entry& entry : node.entries)
    if (entry.key == "name" && entry.value.kind == NodeKind::text && valid_name(entry.value.text))
      path = "gate." + entry.value.text;
  TableReader reader(node, Table::gate, file, path, findings);
  Gate gate;
  gate.name = reader.name("name", Need::required).value_or("");
  gate.description = reader.text("description", Need::optional).value_or("");
  const auto subject = reader.text("subject", Need::required);
  if (subject && *subject != "git")
    reader.refuse("subject", quoted(*subject) + " is nothing that a gate can be bound to",
                  "\"git\": a commit");
  read_command(reader, path, findings, gate);
  read_inputs(reader, gate);
  gate.approval = reader.name("approval", Need::required).value_or("");
  gate.expires = reader.duration("expires", kLongestGate).value_or(gate.expires);
  read_proposers(reader, gate);
  if (!gate.name.empty() && (role.find_gate(gate.name) != nullptr || role.find_action(gate.name) != nullptr))
    reader.refuse("name", "a second action or gate named '" + gate.name + "'");
  role.gates.push_back(std::move(gate));
}

}  // namespace pawl::policy
