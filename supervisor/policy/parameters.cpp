#include "supervisor/policy/parameters.hpp"

#include <algorithm>

#include "supervisor/policy/pattern.hpp"
#include "supervisor/policy/text.hpp"

namespace pawl::policy {
namespace {

Result<std::string> check_basename(const Parameter& parameter, std::string_view path) {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  if (name.empty() || name == "." || name == ".." || name.size() > 255)
    return refuse("parameter '" + parameter.name + "': " + quoted(path) + " does not name a file");
  if (name.starts_with('-') && parameter.leading_dash == Parameter::Dash::refused)
    return refuse("parameter '" + parameter.name + "' starts with '-'", "a file of another name");
  return std::string(name);
}

Result<std::string> check_text(const Parameter& parameter, const std::string& value) {
  if (value.starts_with('-') && parameter.leading_dash == Parameter::Dash::refused)
    return refuse("parameter '" + parameter.name + "' starts with '-'",
                  "the program would take it for an option");
  if (!matches_whole(parameter.match, value))
    return refuse("parameter '" + parameter.name + "' does not match " + quoted(parameter.match) + ": " +
                  quoted(value));
  return value;
}

Result<CheckedParameter> check_one(const Parameter& parameter, const std::string& value) {
  if (value.size() > kMaxParameter)
    return refuse("parameter '" + parameter.name + "' is longer than " + std::to_string(kMaxParameter) +
                  " bytes");
  if (const auto flaw = text_flaw(value)) return refuse("parameter '" + parameter.name + "' " + *flaw);
  CheckedParameter checked{.name = parameter.name, .kind = parameter.kind};
  checked.value = TRY(parameter.kind == ParameterKind::file ? check_basename(parameter, value)
                                                            : check_text(parameter, value));
  return checked;
}

std::string declared_names(const Action& action) {
  std::string names;
  for (const Parameter& parameter : action.parameters) names += (names.empty() ? "" : ", ") + parameter.name;
  return names.empty() ? "it takes none" : "it takes " + names;
}

std::string expand_argument(const std::string& argument, std::span<const CheckedParameter> parameters) {
  std::string out;
  for (std::size_t i = 0; i < argument.size();) {
    const auto stands_here = [&](const CheckedParameter& parameter) {
      return argument.compare(i, parameter.name.size() + 2, "{" + parameter.name + "}") == 0;
    };
    const auto found = std::ranges::find_if(parameters, stands_here);
    if (found == parameters.end()) {
      out += argument[i++];
      continue;
    }
    out += found->kind == ParameterKind::file ? input_path(*found) : found->value;
    i += found->name.size() + 2;
  }
  return out;
}

}  // namespace

Result<std::vector<CheckedParameter>> check_parameters(const Action& action,
                                                       std::span<const GivenParameter> given) {
  for (const GivenParameter& value : given)
    if (action.find_parameter(value.name) == nullptr)
      return refuse("action '" + action.name + "' has no parameter " + quoted(value.name),
                    declared_names(action));
  std::vector<CheckedParameter> checked;
  for (const Parameter& parameter : action.parameters) {
    const auto count = std::ranges::count(given, parameter.name, &GivenParameter::name);
    if (count == 0) return refuse("parameter '" + parameter.name + "' is missing", declared_names(action));
    if (count > 1) return refuse("parameter '" + parameter.name + "' is given twice");
    checked.push_back(
        TRY(check_one(parameter, std::ranges::find(given, parameter.name, &GivenParameter::name)->value)));
  }
  return checked;
}

std::vector<std::string> expand_arguments(std::span<const std::string> words,
                                          std::span<const CheckedParameter> parameters) {
  std::vector<std::string> arguments;
  for (const std::string& argument : words) arguments.push_back(expand_argument(argument, parameters));
  return arguments;
}

std::string input_path(const CheckedParameter& parameter) {
  return std::string(kInputsDirectory) + "/" + parameter.name + "/" + parameter.value;
}

}  // namespace pawl::policy
