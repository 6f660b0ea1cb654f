#include "supervisor/policy/explain.hpp"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include "sandbox/limits.hpp"
#include "supervisor/policy/authority.hpp"
#include "supervisor/policy/lower.hpp"
#include "supervisor/policy/protections.hpp"
#include "supervisor/policy/provider.hpp"
#include "supervisor/policy/rule_words.hpp"
#include "supervisor/policy/text.hpp"

namespace pawl::policy {
namespace {

namespace json = boost::json;

json::array texts(const std::vector<std::string>& list) {
  json::array array;
  for (const std::string& text : list) array.emplace_back(text);
  return array;
}

std::string_view word(WorkspaceMode mode) {
  switch (mode) {
    case WorkspaceMode::read_only:
      return "read-only";
    case WorkspaceMode::direct:
      return "direct";
    case WorkspaceMode::overlay:
      return "overlay";
  }
  return "?";
}

json::object workspace_json(const FileAccess& files) {
  json::object workspace{{"mode", word(files.workspace)}};
  if (files.workspace != WorkspaceMode::direct) workspace["hidden"] = texts(files.hide);
  if (files.workspace == WorkspaceMode::read_only) return workspace;
  if (files.workspace == WorkspaceMode::direct) workspace["reason"] = files.workspace_reason;
  json::array kept;
  for (const ProtectedPattern& entry : protected_patterns()) kept.emplace_back(entry.pattern);
  for (const std::string& pattern : files.protect) kept.emplace_back(pattern);
  workspace["protected"] = std::move(kept);
  return workspace;
}

json::object route_json(const LlmRoute& route, std::size_t index) {
  const Provider* provider = find_provider(route.api);
  json::object object{{"name", route.name},
                      {"api", route.api},
                      {"inside", "http://127.0.0.1:" + std::to_string(kFirstRoutePort + index)},
                      {"upstream", route.upstream}};
  if (provider != nullptr) object["variable"] = provider->base_url_variable;
  object["secret"] = route.secret.empty() ? json::value(nullptr) : json::value(route.secret);
  return object;
}

json::array escalation_json(const Rule& rule) {
  json::array steps;
  for (const Escalation& step : rule.escalate)
    steps.push_back({{"after", duration_in_words(step.after)}, {"to", texts(step.to)}});
  return steps;
}

json::object rule_json(const Policy& policy, const Rule& rule) {
  json::array people;
  for (const Person& person : policy.people)
    for (const std::string& entry : rule.from)
      if (!person.keys.empty() &&
          (entry == person.name || (entry.starts_with('@') && person.in_group(entry.substr(1))))) {
        people.emplace_back(person.name);
        break;
      }
  json::object least;
  for (const Least& group : rule.least) least[group.from] = group.count;
  json::array rates;
  for (const RequestRate& rate : rule.rates)
    rates.push_back({{"requests", rate.requests}, {"within", duration_in_words(rate.within)}});
  return {{"rule", rule.name},
          {"quorum", rule.quorum},
          {"from", texts(rule.from)},
          {"least", std::move(least)},
          {"people", std::move(people)},
          {"escalate", escalation_json(rule)},
          {"launcher_counts", rule.launcher == LauncherVote::counts},
          {"hardware_keys_only", rule.key == KeyDemand::hardware},
          {"emergency", rule.emergency == Emergency::yes},
          {"cooldown", duration_in_words(rule.cooldown)},
          {"rates", std::move(rates)},
          {"expires", duration_in_words(rule.expires)}};
}

json::value named_rule_json(const Policy& policy, const std::string& name) {
  const Rule* rule = policy.find_rule(name);
  return rule == nullptr ? json::value(nullptr) : json::value(rule_json(policy, *rule));
}

json::array secrets_json(const Policy& policy, const std::vector<SecretBinding>& bindings) {
  json::array secrets;
  for (const SecretBinding& binding : bindings) {
    const Secret* secret = policy.find_secret(binding.secret);
    json::object object{{"variable", binding.variable}, {"secret", binding.secret}};
    if (secret != nullptr && secret->floored()) object["floor"] = named_rule_json(policy, secret->require);
    secrets.push_back(std::move(object));
  }
  return secrets;
}

json::object parameter_json(const Parameter& parameter) {
  json::object object{{"name", parameter.name}};
  if (parameter.kind == ParameterKind::file) {
    object["file"] = true;
    object["max"] = sandbox::size_text(parameter.max);
  } else {
    object["match"] = parameter.match;
    object["leading_dash"] = parameter.leading_dash == Parameter::Dash::allowed;
  }
  return object;
}

json::object limits_json(const Limits& limits) {
  const sandbox::Limits& use = limits.use;
  json::object object{{"tmp", sandbox::size_text(limits.tmp)},
                      {"memory", nullptr},
                      {"processes", use.processes},
                      {"cpus", nullptr},
                      {"io", nullptr},
                      {"best_effort", use.enforcement == sandbox::Enforcement::best_effort}};
  if (use.memory != 0) object["memory"] = sandbox::size_text(use.memory);
  if (use.cpus != 0) object["cpus"] = use.cpus / 100.0;
  if (use.io_weight != 0) object["io"] = use.io_weight;
  return object;
}

// "at most 4 GiB of memory, 512 processes, 2 CPUs", and what happens where the host cannot hold it.
std::string limits_text(const Limits& limits, const std::string& indent) {
  const sandbox::Limits& use = limits.use;
  std::string text = indent + "at most ";
  if (use.memory != 0) text += sandbox::size_text(use.memory) + " of memory, ";
  if (use.cpus != 0) text += sandbox::hundredths_text(use.cpus) + " CPUs, ";
  text += std::to_string(use.processes) + " processes and threads";
  if (use.io_weight != 0) text += "; weight " + std::to_string(use.io_weight) + " of 100 on busy disks";
  text += "\n";
  if (sandbox::controllers_for(use).empty()) return text;
  if (use.enforcement == sandbox::Enforcement::best_effort)
    return text + indent +
           "(best effort: where the host delegates no cgroup, it runs with the number of processes limited "
           "and\n" +
           indent + " the rest not, and pawl says so when it starts and in the log)\n";
  return text + indent + "(where the host delegates no cgroup to hold that, nothing is started)\n";
}

json::value preview_json(const Policy& policy, const Action& action) {
  if (action.preview.empty()) return nullptr;
  return json::object{{"run", texts(action.preview)},
                      {"secrets", secrets_json(policy, action.preview_secrets)},
                      {"timeout", duration_in_words(action.preview_timeout)},
                      {"recheck", action.recheck}};
}

json::object action_json(const Policy& policy, const Action& action) {
  json::array parameters;
  for (const Parameter& parameter : action.parameters) parameters.push_back(parameter_json(parameter));
  return {{"name", action.name},
          {"description", action.description},
          {"run", texts(action.run)},
          {"parameters", std::move(parameters)},
          {"secrets", secrets_json(policy, action.secrets)},
          {"approval", named_rule_json(policy, action.approval)},
          {"timeout", duration_in_words(action.timeout)},
          {"output", sandbox::size_text(action.output)},
          {"limits", limits_json(action.limits)},
          {"read", texts(action.read)},
          {"write", texts(action.write)},
          {"preview", preview_json(policy, action)},
          {"rollback", action.rollback.empty() ? json::value(nullptr) : json::value(action.rollback)}};
}

std::string gate_command_text(const Gate& gate) {
  std::string text;
  for (const GateArgument& argument : gate.command)
    text += (text.empty() ? "" : " ") +
            (argument.kind == GateArgument::Kind::pattern ? "{ " : std::string()) + quoted(argument.text) +
            (argument.kind == GateArgument::Kind::pattern ? " }" : "");
  return text;
}

json::object gate_json(const Policy& policy, const Gate& gate) {
  json::array command;
  for (const GateArgument& argument : gate.command) {
    if (argument.kind == GateArgument::Kind::literal)
      command.emplace_back(argument.text);
    else
      command.push_back(
          {{"match", argument.text}, {"leading_dash", argument.leading_dash == GateArgument::Dash::allowed}});
  }
  json::object object{{"name", gate.name},
                      {"description", gate.description},
                      {"subject", "git"},
                      {"command", std::move(command)},
                      {"inputs", texts(gate.inputs)},
                      {"inputs_max", sandbox::size_text(gate.inputs_max)},
                      {"approval", named_rule_json(policy, gate.approval)},
                      {"expires", nullptr},
                      {"proposers", texts(gate.proposers)}};
  if (gate.expires.count() != 0) object["expires"] = duration_in_words(gate.expires);
  return object;
}

std::string allowed_besides(const Role& role) {
  std::string text;
  for (const ChangedSyscall& changed : role.sandbox.changed_syscalls)
    if (changed.change.allowed)
      text += (text.empty() ? "" : ", ") + changed.change.call + " (" + changed.reason + ")";
  return text.empty() ? "" : " and " + text;
}

json::array changed_syscalls_json(const Role& role) {
  json::array list;
  for (const ChangedSyscall& changed : role.sandbox.changed_syscalls)
    list.push_back(
        {{"name", changed.change.call}, {"allowed", changed.change.allowed}, {"reason", changed.reason}});
  return list;
}

json::array cannot(const Role& role) {
  json::array list;
  list.emplace_back(
      "see files of the host other than those above: no home directory, no keys, no agent sockets");
  switch (role.sandbox.files.workspace) {
    case WorkspaceMode::read_only:
      list.emplace_back("write to the workspace");
      break;
    case WorkspaceMode::direct:
      list.emplace_back("change what exists of the protected paths of the workspace");
      break;
    case WorkspaceMode::overlay:
      list.emplace_back(
          "change the files of the workspace themselves: a person applies its changes, or discards them");
      break;
  }
  if (!role.sandbox.files.hide.empty())
    list.emplace_back("see the hidden files of the workspace, or find out that they are there");
  list.emplace_back(role.llm.empty() ? "reach any network" : "reach any network but the model routes above");
  list.emplace_back("hold a credential: routes and actions use them outside of the sandbox");
  list.emplace_back("make system calls other than those of the set \"" +
                    std::string(word_of(role.sandbox.syscalls)) + "\"" + allowed_besides(role));
  if (role.sandbox.landlock > sandbox::kLeastLandlock)
    list.emplace_back("run where the kernel's Landlock has an ABI below " +
                      std::to_string(role.sandbox.landlock));
  for (const ChangedSyscall& changed : role.sandbox.changed_syscalls)
    if (!changed.change.allowed)
      list.emplace_back("make the system call " + changed.change.call + ": " + changed.reason);
  if (role.sandbox.low_ports == sandbox::LowPorts::closed)
    list.emplace_back("bind ports below 1024 of its own loopback");
  list.emplace_back("gain privileges: no capability, no new user namespace, no setuid program");
  list.emplace_back("see processes, terminals or sessions outside of its own");
  list.emplace_back(role.actions.empty() ? "ask for anything"
                                         : "ask for anything but the actions above, or approve them");
  return list;
}

json::value launchers_json(const Policy& policy, const Role& role) {
  const auto listed =
      policy.settings.launchers.find(role.origin == RoleOrigin::handed ? kHandedRoles : role.name);
  if (listed != policy.settings.launchers.end()) return texts(listed->second);
  return policy.home.kind == HomeKind::embedded ? json::value("everyone here") : json::value(json::array{});
}

std::string joined(const std::vector<std::string>& list) {
  std::string text;
  for (const std::string& item : list) text += (text.empty() ? "" : " ") + item;
  return text;
}

std::string approval_text(const Policy& policy, const std::string& name) {
  const Rule* rule = policy.find_rule(name);
  if (rule == nullptr) return "'" + name + "' (undefined)";
  return "'" + name + "': " + rule_in_words(*rule);
}

std::string workspace_text(const FileAccess& files) {
  std::string text = "  the workspace, " + std::string(word(files.workspace));
  if (files.workspace == WorkspaceMode::direct)
    text += ": " + quoted(files.workspace_reason) + "\n  (read-only in it: ";
  if (files.workspace == WorkspaceMode::overlay)
    text +=
        ": what it writes is kept apart (pawl diff, pawl apply, pawl discard)\n  (applied only when "
        "confirmed: ";
  if (files.workspace != WorkspaceMode::read_only) {
    text += "git hooks and config, editor and agent settings, CI";
    for (const std::string& pattern : files.protect) text += ", " + pattern;
    text += ")";
  }
  if (!files.hide.empty()) text += "\n  (absent in it: " + joined(files.hide) + ")";
  return text;
}

std::string sees_text(const Role& role) {
  const FileAccess& files = role.sandbox.files;
  std::string text = "It sees\n" + workspace_text(files);
  text += "\n  /usr, a synthesized /etc, its own /proc and /dev, /tmp of " +
          sandbox::size_text(role.limits.tmp) + ", a private home\n";
  for (const std::string& path : files.read) text += "  " + path + ", read-only\n";
  text += "  environment: what pawl sets" +
          (role.sandbox.keep_environment.empty() ? std::string()
                                                 : " and " + joined(role.sandbox.keep_environment)) +
          "\n";
  text += limits_text(role.limits, "  ");
  if (role.limits.wall_time.count() != 0)
    text += "  for at most " + duration_in_words(role.limits.wall_time) + "\n";
  return text;
}

std::string reaches_text(const Role& role) {
  std::string text = "It reaches\n";
  for (const LlmRoute& route : role.llm) {
    const Provider* provider = find_provider(route.api);
    text += "  " + route.upstream + " as model route '" + route.name + "'" +
            (provider != nullptr ? " (" + std::string(provider->base_url_variable) + ")" : std::string()) +
            (route.secret.empty() ? ", without a credential"
                                  : ", with secret '" + route.secret + "' put in outside") +
            "\n";
  }
  return role.llm.empty() ? text + "  nothing: every connection is refused at once\n" : text;
}

std::string parameter_text(const Parameter& parameter) {
  const std::string what = parameter.kind == ParameterKind::file
                               ? "a file of at most " + sandbox::size_text(parameter.max)
                               : "matches " + quoted(parameter.match);
  return "    {" + parameter.name + "} " + what + "\n";
}

std::string preview_text(const Action& action) {
  if (action.preview.empty()) return "";
  std::string text = "    before anyone is asked, it previews with";
  for (const std::string& argument : action.preview) text += " " + quoted(argument);
  text += ", at most " + duration_in_words(action.preview_timeout) +
          ": it changes nothing, and its output is shown to the agent and signed\n";
  for (const SecretBinding& binding : action.preview_secrets)
    text += "    the preview uses secret '" + binding.secret + "' as " + binding.variable + ", unapproved\n";
  if (action.recheck)
    text += "    the preview is made again when it is approved: another output voids the approval\n";
  return text;
}

std::string action_text(const Policy& policy, const Action& action) {
  std::string text = "  " + action.name;
  if (!action.description.empty()) text += ": " + action.description;
  text += "\n    runs";
  for (const std::string& argument : action.run) text += " " + quoted(argument);
  text += ", at most " + duration_in_words(action.timeout) + "\n" + limits_text(action.limits, "    ");
  text += "    of its output " + sandbox::size_text(action.output) + " each of stdout and stderr are kept\n";
  for (const Parameter& parameter : action.parameters) text += parameter_text(parameter);
  text += preview_text(action);
  if (!action.rollback.empty()) text += "    taken back by '" + action.rollback + "': pawl rollback\n";
  for (const std::string& path : action.read) text += "    reads " + quoted(path) + "\n";
  for (const std::string& path : action.write) text += "    writes " + quoted(path) + "\n";
  text += "    approval " + approval_text(policy, action.approval) + "\n";
  for (const SecretBinding& binding : action.secrets) {
    const Secret* secret = policy.find_secret(binding.secret);
    text += "    uses secret '" + binding.secret + "' as " + binding.variable;
    if (secret != nullptr && secret->floored())
      text += "; its floor " + approval_text(policy, secret->require);
    text += "\n";
  }
  return text;
}

std::string gate_text(const Policy& policy, const Gate& gate) {
  std::string text = "  " + gate.name;
  if (!gate.description.empty()) text += ": " + gate.description;
  text += "\n    lets a pipeline start, for one git commit and once: " + gate_command_text(gate) + "\n";
  for (const std::string& input : gate.inputs) text += "    with the file " + quoted(input) + " pinned\n";
  text += "    files of at most " + sandbox::size_text(gate.inputs_max) + " each\n";
  text += "    approval " + approval_text(policy, gate.approval);
  if (gate.expires.count() != 0) text += ", and no longer than " + duration_in_words(gate.expires);
  return text + "\n    proposed by " +
         (gate.proposers.empty() ? "who may launch the role" : "those of them in " + joined(gate.proposers)) +
         "\n";
}

}  // namespace

json::object explain_json(const Policy& policy, const Role& role) {
  json::array routes;
  for (std::size_t i = 0; i < role.llm.size(); ++i) routes.push_back(route_json(role.llm[i], i));
  json::array actions;
  for (const Action& action : role.actions) actions.push_back(action_json(policy, action));
  json::array gates;
  for (const Gate& gate : role.gates) gates.push_back(gate_json(policy, gate));
  json::object limits = limits_json(role.limits);
  limits["wall_time"] = role.limits.wall_time.count() == 0
                            ? json::value(nullptr)
                            : json::value(duration_in_words(role.limits.wall_time));
  return {{"role", role.name},
          {"description", role.description},
          {"owner", role.owner},
          {"installed", role.origin == RoleOrigin::installed},
          {"launchers", launchers_json(policy, role)},
          {"syscalls", word_of(role.sandbox.syscalls)},
          {"low_ports", role.sandbox.low_ports == sandbox::LowPorts::open},
          {"landlock", role.sandbox.landlock},
          {"changed_syscalls", changed_syscalls_json(role)},
          {"workspace", workspace_json(role.sandbox.files)},
          {"read", texts(role.sandbox.files.read)},
          {"environment", texts(role.sandbox.keep_environment)},
          {"limits", std::move(limits)},
          {"llm", std::move(routes)},
          {"actions", std::move(actions)},
          {"gates", std::move(gates)},
          {"cannot", cannot(role)}};
}

std::string explain_text(const Policy& policy, const Role& role) {
  std::string text = "Role " + role.name;
  if (!role.description.empty()) text += ": " + role.description;
  if (!role.owner.empty()) text += "\nOwner: " + role.owner;
  text += "\n\n" + sees_text(role) + "\n" + reaches_text(role) + "\nIt may ask for\n";
  for (const Action& action : role.actions) text += action_text(policy, action);
  if (role.actions.empty()) text += "  nothing\n";
  if (!role.gates.empty()) text += "\nIts people may propose\n";
  for (const Gate& gate : role.gates) text += gate_text(policy, gate);
  text += "\nIt cannot\n";
  for (const json::value& line : cannot(role)) text += "  " + std::string(line.as_string()) + "\n";
  return text;
}

}  // namespace pawl::policy
