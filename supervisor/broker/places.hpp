// Which folders of the host are whose: what no agent may be shown, and what no approved action may take from
// where an agent writes. Runs in pawld, which may not look into people's folders: what depends on them is
// decided by pawl-launch (sandbox/apart.hpp); here are the names.
#pragma once

#include <string>
#include <vector>

#include "sandbox/base/error.hpp"
#include "supervisor/policy/lower.hpp"
#include "supervisor/policy/policy.hpp"
#include "supervisor/wire/paths.hpp"

namespace pawl::broker {

// Fills in person_home, homes and private_directories: of the caller, and of whose identity the session
// takes.
Result<> name_private_places(const wire::Paths& paths, std::uint32_t caller, policy::SessionContext& context);

// pawl's own, for sessions and actions.
std::vector<std::string> own_directories(const wire::Paths& paths);

// Refused: an action whose program, script, `read` or `write` lies in a workspace that an agent writes to.
Result<> keep_action_apart(const policy::Action& action, const std::string& workspace);
Result<> keep_actions_apart(const policy::Policy& policy, const std::string& workspace);

}  // namespace pawl::broker
