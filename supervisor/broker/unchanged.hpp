// What runs is what its document says, or nothing: program, secrets and plan are made anew from the host and
// the policy of the moment, and compared. Runs in pawld before a preview and before an action.
#pragma once

#include <string>
#include <vector>

#include "sandbox/plan.hpp"
#include "supervisor/broker/execution.hpp"
#include "supervisor/broker/pinned.hpp"
#include "supervisor/ledger/blob_store.hpp"
#include "supervisor/policy/parameters.hpp"
#include "supervisor/policy/policy.hpp"
#include "supervisor/receipt/action_document.hpp"

namespace pawl::broker {

// The document's inputs in the terms of the plan.
std::vector<policy::CheckedParameter> files_of(const receipt::ActionDocument& document);
// Descriptors of the pinned copies, in the plan's order.
Result<std::vector<UniqueFd>> open_inputs(const receipt::ActionDocument& document,
                                          const ledger::BlobStore& blobs);

Result<PinnedExecutable> same_executable(const receipt::ActionDocument::Executable& wanted, uid_t owner);
Result<std::vector<NamedSecret>> same_secrets(const std::vector<receipt::ActionDocument::Secret>& wanted,
                                              const policy::Policy& policy);
Result<> same_plan(const sandbox::LaunchPlan& plan, const policy::Action& action,
                   const receipt::ActionDocument& document);
Result<> same_preview_plan(const sandbox::LaunchPlan& plan, const receipt::ActionDocument& document);

}  // namespace pawl::broker
