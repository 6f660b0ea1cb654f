// What an agent gives for an action's parameters: checked against the role, then put into the command line.
// Runs in pawld; the values are an agent's bytes. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/base/error.hpp"
#include "supervisor/policy/role.hpp"

namespace pawl::policy {

inline constexpr std::size_t kMaxParameter = 4096;  // bytes
inline constexpr std::string_view kInputsDirectory = "/run/pawl/inputs";

struct GivenParameter {
  std::string name;
  std::string value;  // file parameters: the path as the agent named it; only its last segment is used
};

struct CheckedParameter {
  std::string name;
  ParameterKind kind = ParameterKind::text;
  std::string value;  // text: as given. file: the basename
};

// Every declared parameter exactly once, in the order of the declaration; nothing undeclared. Values: valid
// UTF-8, at most 4 KiB, no control, bidi or line-separator characters, no leading '-' unless declared, whole
// match with RE2.
Result<std::vector<CheckedParameter>> check_parameters(const Action& action,
                                                       std::span<const GivenParameter> given);

// The full argument list of `run` or `preview`: "{name}" replaced in each argument (once, left to right;
// values are not looked at again).
std::vector<std::string> expand_arguments(std::span<const std::string> words,
                                          std::span<const CheckedParameter> parameters);

// Where a file parameter appears inside: /run/pawl/inputs/<param>/<basename>.
std::string input_path(const CheckedParameter& parameter);

}  // namespace pawl::policy
