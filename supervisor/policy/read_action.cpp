#include "supervisor/policy/read_action.hpp"

#include <re2/re2.h>

#include <algorithm>

#include "supervisor/policy/interpreters.hpp"
#include "supervisor/policy/parameters.hpp"
#include "supervisor/policy/pattern.hpp"
#include "supervisor/policy/read_limits.hpp"
#include "supervisor/policy/text.hpp"

namespace pawl::policy {
namespace {

constexpr std::chrono::hours kLongestAction{24};
constexpr std::chrono::minutes kLongestPreview{5};  // whoever asks waits for it
constexpr std::uint64_t kLargestInput = std::uint64_t{256} << 20;
constexpr std::size_t kMostParameters = 24;  // each file is a descriptor that travels with the request
constexpr std::size_t kMostArguments = 256;

void read_parameter(const Entry& entry, const std::string& file, const std::string& path, Findings& findings,
                    Action& action) {
  if (!valid_name(entry.key)) {
    findings.refuse(file, entry.place, quoted(entry.key) + " is not a name", std::string(kNameForm));
    return;
  }
  if (entry.value.kind != NodeKind::table) {
    findings.refuse(file, entry.place, "params." + entry.key + " must be a table",
                    "{ match = \"...\" } or { file = true }");
    return;
  }
  Parameter parameter{.name = entry.key};
  TableReader reader(entry.value, Table::parameter, file, path + "." + entry.key, findings);
  const bool is_file = reader.boolean("file").value_or(false);
  const auto match = reader.text("match", Need::optional);
  const auto dash = reader.boolean("allow_dash");
  if (is_file) {
    parameter.kind = ParameterKind::file;
    if (match)
      reader.refuse("match", "'match' does not apply to a file", "its name is shown to the reviewers");
    if (dash) reader.refuse("allow_dash", "'allow_dash' does not apply to a file", "pawl names its path");
  } else if (match) {
    parameter.match = *match;
    if (const auto complaint = pattern_flaw(*match))
      reader.refuse("match", "bad pattern " + quoted(*match) + ": " + *complaint);
  } else if (!reader.has("match")) {
    reader.refuse("match", "parameter '" + entry.key + "' may be anything",
                  "add match = \"...\" (RE2, whole value) or file = true");
  }
  if (const auto max = reader.size("max", kLargestInput)) {
    parameter.max = *max;
    if (!is_file)
      reader.refuse("max", "'max' is for files", "say the length of a text in its pattern: [a-z]{1,30}");
  }
  if (dash.value_or(false)) parameter.leading_dash = Parameter::Dash::allowed;
  action.parameters.push_back(std::move(parameter));
}

void read_parameters(TableReader& reader, const std::string& path, Findings& findings, Action& action) {
  const Node* table = reader.table("params");
  if (table == nullptr) return;
  for (const Entry& entry : table->entries) {
    findings.places.record(reader.file(), path + ".params." + entry.key, entry.place);
    read_parameter(entry, reader.file(), path + ".params", findings, action);
  }
  if (action.parameters.size() > kMostParameters)
    reader.refuse("params", "more than " + std::to_string(kMostParameters) + " parameters");
}

bool has_parameter(std::string_view argument) { return !parameters_in(argument).empty(); }

// A parameter inside a program text is code, whatever its pattern says.
void refuse_code(TableReader& reader, std::string_view key, const std::vector<std::string>& words) {
  const std::string program = words[0].substr(words[0].rfind('/') + 1);
  for (std::size_t i = 1; i + 1 < words.size(); ++i) {
    if (runs_next_as_code(program, words[i]) && has_parameter(words[i + 1]))
      reader.refuse(key, "a parameter stands inside code that " + program + " would run",
                    "put the code into a script of its own and give it the parameter as an argument");
  }
}

// `run` and `preview`: a program by its absolute path, and arguments in which only declared parameters stand.
std::vector<std::string> read_command(TableReader& reader, std::string_view key, Need need,
                                      const Action& action) {
  const auto words = reader.texts(key, need);
  if (!words) return {};
  const std::string name = "'" + std::string(key) + "'";
  if (words->empty() || words->size() > kMostArguments) {
    reader.refuse(key, name + (words->empty() ? " is empty" : " has more than 256 arguments"));
    return {};
  }
  const std::string& program = words->front();
  if (has_parameter(program)) {
    reader.refuse(key, "a parameter in the program's own path", "the agent never chooses what is executed");
  } else if (!clean_absolute(program) || program == "/") {
    reader.refuse(key, quoted(program) + " is not a clean absolute path",
                  "name the program in full: \"/usr/bin/...\"");
  }
  for (const std::string& argument : *words)
    for (const std::string& parameter : parameters_in(argument))
      if (action.find_parameter(parameter) == nullptr)
        reader.refuse(key, "{" + parameter + "} is not declared",
                      "add params." + parameter + " = { match = \"...\" }");
  refuse_code(reader, key, *words);
  return *words;
}

void refuse_unused(TableReader& reader, const Action& action) {
  if (action.run.empty()) return;
  for (const Parameter& parameter : action.parameters) {
    const auto uses = [&](const std::string& argument) {
      const auto names = parameters_in(argument);
      return std::ranges::find(names, parameter.name) != names.end();
    };
    if (std::ranges::none_of(action.run, uses))
      reader.refuse("params", "parameter '" + parameter.name + "' is never used",
                    "put {" + parameter.name + "} into run, or remove it");
  }
}

// Names that decide what the program is or loads, rather than what it knows.
bool steers_programs(std::string_view variable) {
  constexpr std::string_view names[] = {"PATH",       "HOME",     "TMPDIR",       "LANG",
                                        "SHELL",      "IFS",      "BASH_ENV",     "ENV",
                                        "PYTHONPATH", "PERL5LIB", "NODE_OPTIONS", "RUBYOPT"};
  return std::ranges::find(names, variable) != std::end(names) || variable.starts_with("LD_") ||
         variable.starts_with("PAWL_");
}

std::vector<SecretBinding> read_secrets(TableReader& reader, const std::string& key, const std::string& path,
                                        Findings& findings) {
  std::vector<SecretBinding> bindings;
  const Node* table = reader.table(key);
  if (table == nullptr) return bindings;
  for (const Entry& entry : table->entries) {
    findings.places.record(reader.file(), path + "." + key + "." + entry.key, entry.place);
    if (!valid_variable(entry.key) || steers_programs(entry.key)) {
      findings.refuse(reader.file(), entry.place,
                      quoted(entry.key) + " is not a variable that may carry a secret",
                      "DEPLOY_TOKEN = \"deploy-prod\"");
    } else if (entry.value.kind != NodeKind::text || !valid_name(entry.value.text)) {
      findings.refuse(reader.file(), entry.place,
                      key + "." + entry.key + " must name a secret of secrets.toml");
    } else {
      bindings.push_back({entry.key, entry.value.text});
    }
  }
  return bindings;
}

// What says something about a preview makes no sense without one.
void read_preview(TableReader& reader, const std::string& path, Findings& findings, Action& action) {
  action.preview = read_command(reader, "preview", Need::optional, action);
  action.preview_secrets = read_secrets(reader, "preview_secrets", path, findings);
  action.preview_timeout =
      reader.duration("preview_timeout", kLongestPreview).value_or(action.preview_timeout);
  action.recheck = reader.boolean("recheck").value_or(false);
  if (reader.has("preview")) return;
  for (const std::string_view key : {"preview_secrets", "preview_timeout"})
    if (reader.has(key))
      reader.refuse(key, "'" + std::string(key) + "' means nothing without 'preview'", "add preview = [...]");
  if (action.recheck)
    reader.refuse("recheck", "there is no preview to make again", "add preview = [...], or remove it");
}

void read_paths(TableReader& reader, Action& action) {
  const auto paths = [&](std::string_view key, bool writable) {
    std::vector<std::string> good;
    for (const std::string& path : reader.texts(key, Need::optional).value_or(std::vector<std::string>{})) {
      constexpr std::string_view never[] = {"/proc", "/sys", "/dev", "/run"};
      constexpr std::string_view installed[] = {"/usr", "/etc",   "/bin",  "/sbin",
                                                "/lib", "/lib64", "/boot", "/root"};
      const auto within = [&](std::string_view place) { return lies_within(path, place); };
      if (!clean_absolute(path) || path == "/") {
        reader.refuse(key, quoted(path) + " is not a clean absolute path below /");
      } else if (std::ranges::any_of(never, within)) {
        reader.refuse(key, quoted(path) + " is no ordinary file of the host",
                      "it cannot be shown to an action");
      } else if (writable && std::ranges::any_of(installed, within)) {
        reader.refuse(key, quoted(path) + " belongs to the system: an action never writes there");
      } else {
        good.push_back(path);
      }
    }
    return good;
  };
  action.read = paths("read", false);
  action.write = paths("write", true);
}

}  // namespace

void read_action(const Node& node, const std::string& file, Findings& findings, Role& role) {
  std::string path = "action." + std::to_string(role.actions.size());
  for (const Entry& entry : node.entries)
    if (entry.key == "name" && entry.value.kind == NodeKind::text && valid_name(entry.value.text))
      path = "action." + entry.value.text;
  TableReader reader(node, Table::action, file, path, findings);
  Action action;
  action.name = reader.name("name", Need::required).value_or("");
  action.description = reader.text("description", Need::optional).value_or("");
  read_parameters(reader, path, findings, action);
  action.run = read_command(reader, "run", Need::required, action);
  refuse_unused(reader, action);
  action.secrets = read_secrets(reader, "secrets", path, findings);
  action.approval = reader.name("approval", Need::required).value_or("");
  action.timeout = reader.duration("timeout", kLongestAction).value_or(action.timeout);
  read_preview(reader, path, findings, action);
  action.rollback = reader.name("rollback", Need::optional).value_or("");
  read_paths(reader, action);
  action.output = reader.size("output", kLargestOutput).value_or(action.output);
  if (const Node* limits = reader.table("limits")) {
    TableReader limits_reader(*limits, Table::action_limits, file, path + ".limits", findings);
    read_limits(limits_reader, action.limits);
  }
  if (!action.name.empty() && role.find_action(action.name) != nullptr)
    reader.refuse("name", "a second action named '" + action.name + "'");
  role.actions.push_back(std::move(action));
}

}  // namespace pawl::policy
