// The values that were given for an action's parameters, kept beside a request so that what takes it back can
// be asked for with the same ones. Files are not among them: the document has their digests. Runs in pawld;
// the values are an agent's, the text is its own. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "supervisor/policy/parameters.hpp"

namespace pawl::broker {

Result<std::string> write_parameters(const std::vector<policy::CheckedParameter>& parameters);
Result<std::vector<policy::GivenParameter>> read_parameters(std::string_view text);

}  // namespace pawl::broker
