// pawl propose: asks that a pipeline may start one command for one commit, once; waits for the decisions, and
// takes the receipt. Runs as the person, or as a pipeline's own user that people.toml knows.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <thread>

#include "supervisor/policy/text.hpp"
#include "supervisor/receipt/bundle.hpp"
#include "supervisor/receipt/gate_document.hpp"
#include "supervisor/receipt/render.hpp"
#include "supervisor/receipt/statement.hpp"
#include "supervisor/wire/gate_messages.hpp"
#include "tools/pawl/broker_start.hpp"
#include "tools/pawl/cli/clean_tree.hpp"
#include "tools/pawl/cli/json_of.hpp"
#include "tools/pawl/cli/output.hpp"
#include "tools/pawl/cli/private_files.hpp"
#include "tools/pawl/cli/question.hpp"
#include "tools/pawl/cli/request_view.hpp"
#include "tools/pawl/cli/verb.hpp"
#include "tools/pawl/gate/regular_file.hpp"

namespace pawl::cli {
namespace {

using tools::trouble;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kLongestAwait{60'000};  // one ask; then it is asked again
constexpr milliseconds kRetry{500};

struct ProposeOptions {
  std::string role, gate, subject, why, wait = "90s", output;
  std::vector<std::string> inputs, argv;
  bool json = false;
};

// Who proposes may be the first to need a broker of their own: an embedded one is started, as by pawl run.
Outcome<tools::Greeted> reach() {
  auto broker = run::reach_broker();
  if (!broker && broker.error().code == ExitCode::pawl_failed) broker.error().code = ExitCode::unreachable;
  return broker;
}

struct OpenedInput {
  std::string name;
  UniqueFd file;
};

Outcome<std::vector<OpenedInput>> open_inputs(const std::vector<std::string>& paths) {
  std::vector<OpenedInput> inputs;
  for (const std::string& path : paths) {
    std::string name(receipt::input_name(path));
    if (!receipt::is_input_name(name))
      return trouble(ExitCode::usage, "--input " + path + " is not a clean path",
                     "name it as the command will: k8s/web.yaml");
    UniqueFd file = TRY_DURING("input", gate::open_regular(path, gate::Links::refused));
    inputs.push_back({std::move(name), std::move(file)});
  }
  std::ranges::sort(inputs, {}, &OpenedInput::name);
  const auto twice = std::ranges::adjacent_find(inputs, {}, &OpenedInput::name);
  if (twice != inputs.end()) return trouble(ExitCode::usage, "--input " + twice->name + " is given twice");
  return inputs;
}

Outcome<wire::Proposal> ask(const wire::Client& client, const ProposeOptions& options) {
  const std::vector<OpenedInput> inputs = TRY(open_inputs(options.inputs));
  wire::ProposeGate message{options.role, options.gate, options.subject, options.argv, {}, options.why};
  std::vector<int> descriptors;
  for (const OpenedInput& input : inputs) {
    message.inputs.push_back(input.name);
    descriptors.push_back(input.file.get());
  }
  return TRY(client.ask<wire::Proposal>(message, descriptors)).message;
}

bool is_unreachable(const tools::Trouble& trouble) { return trouble.code == ExitCode::unreachable; }

Outcome<wire::RequestInfo> await_once(const std::string& id, milliseconds wait) {
  const tools::Greeted broker = TRY(reach());
  const wire::AwaitProposal message{id, static_cast<std::uint32_t>(wait.count())};
  return TRY(broker.client.ask<wire::Proposal>(message)).message.info;
}

// Through a broker's restart, too: the request survives it.
Outcome<wire::RequestInfo> await(wire::RequestInfo info, Clock::time_point deadline) {
  while (!wire::is_final(info.state)) {
    const auto left = std::chrono::duration_cast<milliseconds>(deadline - Clock::now());
    if (left <= milliseconds(0)) return info;
    auto asked = await_once(info.id, std::min(left, kLongestAwait));
    if (asked) {
      info = *std::move(asked);
    } else if (is_unreachable(asked.error())) {
      std::this_thread::sleep_for(std::min(left, kRetry));
    } else {
      return std::unexpected(std::move(asked).error());
    }
  }
  return info;
}

ExitCode exit_code_of(wire::RequestState state) {
  using wire::RequestState;
  switch (state) {
    case RequestState::released:
      return ExitCode::done;
    case RequestState::pending:
    case RequestState::approved:
      return ExitCode::pending;
    case RequestState::expired:
      return ExitCode::expired;
    case RequestState::denied:
    case RequestState::voided:
      return ExitCode::refused;
    case RequestState::executing:
    case RequestState::done:
    case RequestState::indeterminate:
      break;
  }
  return ExitCode::failed;
}

Outcome<> take_receipt(const std::string& id, const std::string& path) {
  const tools::Greeted broker = TRY(reach());
  const std::string bundle = TRY(broker.client.ask<wire::Receipt>(wire::GetReceipt{id})).message.bundle;
  const receipt::Bundle read = TRY_DURING("the receipt", receipt::read_bundle(bundle));
  if (read.decisions.empty()) return trouble(ExitCode::failed, "the broker's receipt holds no decision");
  const auto statement = TRY_DURING("a decision", receipt::read_statement(read.decisions[0].statement));
  TRY(check_asked_for(id, statement.binding.request));
  TRY_DURING("the receipt", write_private_file(path, bundle.ends_with('\n') ? bundle : bundle + "\n"));
  return {};
}

std::string outcome_text(const wire::RequestInfo& info, const ProposeOptions& options) {
  const std::string id = short_id(receipt::visible(info.id));
  const std::string name = "request " + id;
  if (info.state == wire::RequestState::released)
    return name + " is released" +
           (options.output.empty() ? "; its receipt: pawl receipt show " + id + " --json\n"
                                   : "; its receipt is " + receipt::visible(options.output) + "\n");
  std::string text = state_line(info);
  if (!info.detail.empty() && info.state != wire::RequestState::pending)
    text += ": " + receipt::visible(info.detail);
  if (info.state == wire::RequestState::pending)
    text += "; it goes on without you. Its receipt, when it is released: pawl receipt show " + id + " --json";
  return text + "\n";
}

Outcome<std::chrono::seconds> patience(const std::string& text) {
  if (text == "0s") return std::chrono::seconds(0);
  const auto time = policy::parse_duration(text);
  if (!time) return trouble(ExitCode::usage, "--wait " + text + " is no time", "\"90s\", \"10m\", \"0s\"");
  return *time;
}

Outcome<ExitCode> propose(ProposeOptions options) {
  TRY(refuse_in_sandbox());
  const auto wait = TRY(patience(options.wait));
  if (options.argv.empty())
    return trouble(ExitCode::usage, "no command: it stands behind --",
                   "pawl propose ... -- ./deploy.sh production");
  if (!options.output.empty() && ::access(options.output.c_str(), F_OK) == 0)
    return trouble(ExitCode::failed, options.output + " is there already", "a receipt never replaces a file");
  if (options.subject.empty()) options.subject = std::string(receipt::kGitSubject) + TRY(clean_head());
  if (!receipt::is_subject(options.subject))
    return trouble(ExitCode::usage, "--subject " + options.subject + " is not git: and a full commit id",
                   "git rev-parse HEAD prints it");
  const auto deadline = Clock::now() + wait;
  wire::RequestInfo info;
  {
    const tools::Greeted broker = TRY(reach());
    const wire::Proposal proposal = TRY(ask(broker.client, options));
    info = proposal.info;
    print_error("pawl: request " + short_id(receipt::visible(info.id)) +
                (proposal.joined ? " was asked for before and waits" : " waits") + " for " +
                std::to_string(info.quorum) + " approvals under the rule " + receipt::visible(info.rule));
  }
  info = TRY(await(std::move(info), deadline));
  if (info.state == wire::RequestState::released && !options.output.empty())
    TRY(take_receipt(info.id, options.output));
  if (options.json)
    TRY(print_json(json_of(info)));
  else
    TRY(print(outcome_text(info, options)));
  return exit_code_of(info.state);
}

}  // namespace

Action declare_propose(Options& command) {
  auto options = std::make_shared<ProposeOptions>();
  command.required("--role", options->role, "the role whose gate it is");
  command.required("--action", options->gate, "the gate's name in that role");
  command.optional(
      "--subject", options->subject,
      "git:COMMIT, the full id (default: HEAD of the work tree here, if nothing differs from it)");
  command.repeated("--input", options->inputs, "pin this file; may be repeated");
  command.optional("--why", options->why, "a word to the reviewers, at most 280 characters");
  command.optional("--wait", options->wait, "how long to wait for the decisions (default: 90s)");
  command.optional("-o,--output", options->output, "write the receipt here; never replaces a file");
  command.flag("--json", options->json, "the request afterwards as one JSON object");
  command.behind_dashes(options->argv);
  return [options] { return propose(*options); };
}

}  // namespace pawl::cli
