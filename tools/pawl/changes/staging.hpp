// Copies a file of the upper layer to where it is to appear, under a temporary name. Runs in pawl-cli, as the
// person.
#pragma once

#include <string>

#include "sandbox/base/error.hpp"
#include "sandbox/base/unique_fd.hpp"
#include "tools/pawl/changes/journal.hpp"
#include "tools/pawl/changes/steps.hpp"

namespace pawl::changes {

struct Copy {
  const UniqueFd& source;     // open for reading
  const UniqueFd& folder;     // where the copy goes
  const std::string& name;    // the copy's; must not exist
  const std::string& beside;  // the file that it will replace, whose own attributes it takes over
  const UniqueFd& workspace;  // whose owner it gets where root applies
};

// Content and permissions, holes kept; not yet on disk when it returns. The agent's extended attributes and
// times are not taken over: a build notices what is new by its time.
// The mark is that of what was written, whatever has the name by now.
Result<Mark> stage_copy(const Copy& copy, const Operation& operation, Steps& steps);

// New things belong to whom the workspace belongs, also where root applies. `made`: what this process has
// just made, by descriptor (O_PATH will do): its name may lead elsewhere by now.
Result<> give_to_owner(const UniqueFd& workspace, const UniqueFd& made);

}  // namespace pawl::changes
