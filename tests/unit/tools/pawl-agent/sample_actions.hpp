// A role's actions as the broker tells them, for the tests of pawl-agent.
#pragma once

#include <vector>

#include "supervisor/wire/agent_messages.hpp"

namespace pawl::test {

inline wire::ActionInfo deploy_action() {
  return {"deploy",
          "Roll one service to a built image",
          {{"service", "[a-z][a-z0-9-]{0,30}", false, 0}, {"manifest", "", true, 16}},
          "two-person: 2 of @sre, within 15 minutes",
          600};
}

inline std::vector<wire::ActionInfo> sample_actions() {
  return {deploy_action(), {"look", "Look around", {}, "solo: 1 of @self, within 15 minutes", 60}};
}

inline wire::AgentWelcome sample_welcome() {
  return {wire::kProtocol, "0123456789abcdef", "deployer", sample_actions()};
}

}  // namespace pawl::test
