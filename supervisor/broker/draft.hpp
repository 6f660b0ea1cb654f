// A request that was pinned and hashed, and is not on record yet; and the preview that is made of it before
// anyone is asked. Runs in pawld.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "supervisor/approval/queue.hpp"
#include "supervisor/broker/adoption.hpp"
#include "supervisor/broker/connection.hpp"
#include "supervisor/broker/execution.hpp"
#include "supervisor/policy/parameters.hpp"
#include "supervisor/receipt/action_document.hpp"

namespace pawl::broker {

struct Draft {
  approval::Proposal proposal;
  Adoption adoption;
  std::optional<Execution::Start> preview;  // to be made first; none: the action has none
};

// Who asks for what, checked and pinned as far as it is somebody's own: the rest is the same for all.
struct Wanted {
  std::string session, agent;  // empty: a person asks on their own
  std::string person;
  std::string why;
  std::string rolls_back;
  std::vector<policy::CheckedParameter> parameters;
  std::vector<receipt::ActionDocument::Input> inputs;  // in the BlobStore
};

struct Filed {
  std::string id;
  bool joined = false;
};

// How whoever asked is told what became of it.
using Told = std::function<void(Connection&, const Result<Filed>&)>;

// One preview that is being made, and all who asked for the same. When the last of them has hung up it goes,
// and everything in its sandbox dies.
struct Previewing {
  struct Waiter {
    std::weak_ptr<Connection> connection;
    Told told;
  };
  Draft draft;
  std::vector<Waiter> waiters;
  std::unique_ptr<Execution> execution;
};

}  // namespace pawl::broker
