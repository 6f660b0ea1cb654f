// From what the agent said to a Propose message: which action, its text parameters, its files opened. Runs in
// the sandbox; the broker checks everything again.
#pragma once

#include <string>
#include <vector>

#include "sandbox/base/unique_fd.hpp"
#include "supervisor/wire/agent_messages.hpp"
#include "tools/trouble.hpp"

namespace pawl::agent {

struct Wish {
  std::string action;
  std::vector<wire::NamedValue> parameters;  // of files: the path
  std::string why;
};

struct Proposal {
  wire::Propose message;
  std::vector<UniqueFd> files;  // one for each of message.files
};

const wire::ActionInfo* find_action(const std::vector<wire::ActionInfo>& actions, std::string_view name);

// Usage troubles name what is missing or unknown and the nearest known name.
tools::Outcome<Proposal> make_proposal(const std::vector<wire::ActionInfo>& actions, const Wish& wish);

}  // namespace pawl::agent
