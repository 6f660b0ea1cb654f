// pawl rollback: a person asks for the action that takes a finished one back. What is asked, and with which
// values, the broker takes from the request; this program sends its id and the person's words. Runs as the
// person.
#include <memory>

#include "supervisor/receipt/render.hpp"
#include "tools/pawl/cli/broker.hpp"
#include "tools/pawl/cli/json_of.hpp"
#include "tools/pawl/cli/output.hpp"
#include "tools/pawl/cli/question.hpp"
#include "tools/pawl/cli/verb.hpp"

namespace pawl::cli {
namespace {

struct RollbackOptions {
  std::string id;
  std::string why;
  bool json = false;
};

Outcome<ExitCode> roll_back(const RollbackOptions& options) {
  TRY(refuse_in_sandbox());
  const tools::Greeted broker = TRY(reach_broker());
  const auto answer =
      TRY(broker.client.ask<wire::RollbackProposed>(wire::ProposeRollback{options.id, options.why})).message;
  if (options.json) {
    TRY(print_json(json_of(answer.info)));
    return ExitCode::done;
  }
  const std::string id = short_id(receipt::visible(answer.info.id));
  TRY(print("request " + id + (answer.joined ? " waits already: " : " is asked: ") +
            receipt::visible(answer.info.action) + ", which rolls back " +
            short_id(receipt::visible(answer.info.rolls_back)) + "; people decide on it: pawl show " + id +
            "\n"));
  return ExitCode::done;
}

}  // namespace

Action declare_rollback(Options& command) {
  auto options = std::make_shared<RollbackOptions>();
  command.required("ID", options->id, "the request to take back: done, or indeterminate");
  command.optional("--why", options->why, "what for, at most 280 characters; reviewers are shown it");
  command.flag("--json", options->json, "the new request as one JSON object");
  return [options] { return roll_back(*options); };
}

}  // namespace pawl::cli
