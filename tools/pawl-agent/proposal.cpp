#include "tools/pawl-agent/proposal.hpp"

#include <algorithm>

#include "tools/nearest.hpp"
#include "tools/pawl-agent/inputs.hpp"

namespace pawl::agent {
namespace {

using tools::ExitCode;
using tools::Outcome;
using tools::trouble;

Outcome<> check_names(const wire::ActionInfo& action, const Wish& wish) {
  std::vector<std::string_view> known;
  known.reserve(action.parameters.size());
  for (const wire::ParameterInfo& parameter : action.parameters) known.push_back(parameter.name);
  for (const wire::NamedValue& given : wish.parameters)
    if (std::ranges::find(known, given.name) == known.end())
      return trouble(ExitCode::usage, "action " + action.name + " has no parameter '" + given.name + "'" +
                                          tools::did_you_mean(given.name, known));
  return {};
}

Outcome<> add(Proposal& proposal, const wire::ParameterInfo& parameter, const std::string& value) {
  if (!parameter.file) {
    proposal.message.parameters.push_back({parameter.name, value});
    return {};
  }
  auto input = open_input(value);
  if (!input) {
    tools::Trouble reason(std::move(input).error().during("parameter " + parameter.name));
    reason.code = ExitCode::usage;
    return std::unexpected(std::move(reason));
  }
  // The limit is the role's, so it is refused as the broker refuses a value that does not match.
  if (input->size > parameter.max)
    return trouble(ExitCode::refused, "parameter " + parameter.name + ": " + value + " has " +
                                          std::to_string(input->size) + " bytes; at most " +
                                          std::to_string(parameter.max) + " are allowed");
  proposal.message.files.push_back({parameter.name, input->basename});
  proposal.files.push_back(std::move(input->descriptor));
  return {};
}

}  // namespace

const wire::ActionInfo* find_action(const std::vector<wire::ActionInfo>& actions, std::string_view name) {
  const auto found = std::ranges::find(actions, name, &wire::ActionInfo::name);
  return found == actions.end() ? nullptr : &*found;
}

Outcome<Proposal> make_proposal(const std::vector<wire::ActionInfo>& actions, const Wish& wish) {
  const wire::ActionInfo* action = find_action(actions, wish.action);
  if (action == nullptr) {
    std::vector<std::string_view> known;
    for (const wire::ActionInfo& info : actions) known.push_back(info.name);
    return trouble(
        ExitCode::refused,
        "this session's role has no action '" + wish.action + "'" + tools::did_you_mean(wish.action, known),
        "pawl-agent actions lists what may be asked for");
  }
  TRY(check_names(*action, wish));
  Proposal proposal{{action->name, {}, {}, wish.why}, {}};
  for (const wire::ParameterInfo& parameter : action->parameters) {
    const auto given = std::ranges::find(wish.parameters, parameter.name, &wire::NamedValue::name);
    if (given == wish.parameters.end())
      return trouble(ExitCode::usage,
                     "action " + action->name + " needs the parameter '" + parameter.name + "'",
                     parameter.file ? "give the path of a file: " + parameter.name + "=PATH"
                                    : "it must match " + parameter.match);
    TRY(add(proposal, parameter, given->value));
  }
  return proposal;
}

}  // namespace pawl::agent
