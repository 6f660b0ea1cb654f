// A look at what an action would do, before anyone is asked and, where the role wants it, again when enough
// have approved: a child of the spawner in a sandbox like the action's, on the same pinned inputs, which can
// change nothing. What it prints was written by a program that nobody has approved, on an agent's words; it
// becomes part of what people sign, whole and as it is, or the request does not come to be. Runs in pawld,
// which never waits for it.
#include <algorithm>

#include "supervisor/broker/broker.hpp"
#include "supervisor/broker/log_line.hpp"
#include "supervisor/broker/unchanged.hpp"
#include "supervisor/policy/digest.hpp"
#include "supervisor/policy/lower.hpp"
#include "supervisor/receipt/digest.hpp"
#include "supervisor/receipt/names.hpp"
#include "supervisor/receipt/render.hpp"

namespace pawl::broker {
namespace {

constexpr std::size_t kMostPreviews = 8;  // at a time: what nobody has approved may not use up the host
constexpr std::size_t kMostOfOne = 2;     // of one session, or of one person without one
constexpr std::size_t kMaxSaid = 2048;    // bytes of a failed preview's output that go into the refusal

// The end of it: there programs say what went wrong.
std::string said(std::string_view output) {
  if (output.empty()) return "; it printed nothing";
  const bool cut = output.size() > kMaxSaid;
  if (cut) output.remove_prefix(output.size() - kMaxSaid);
  return std::string(cut ? "; it printed, at the end: " : "; it printed: ") + receipt::visible(output);
}

// What it printed, or why that does not count.
Result<std::string> what_it_printed(ExecutionResult result) {
  const auto failed_because = [&](const std::string& what) {
    return refuse("the preview " + what + said(result.out), "what it says may tell what to ask for instead");
  };
  const std::string limit = std::to_string(receipt::kMaxPreviewBytes / 1024) + " KiB";
  if (result.overflowed || result.out.size() > receipt::kMaxPreviewBytes)
    return failed_because("printed more than " + limit);
  switch (result.ending) {
    case approval::Ending::timed_out:
      return failed_because("did not end in time");
    case approval::Ending::signalled:
      return failed_because("was ended by signal " + std::to_string(result.code) +
                            (result.detail.empty() ? "" : ": " + result.detail));
    case approval::Ending::not_started:
      return failed_because("could not be started: " + result.detail);
    case approval::Ending::exited:
      break;
  }
  if (result.code != 0) return failed_because("failed with exit code " + std::to_string(result.code));
  if (!receipt::is_text(result.out)) return failed_because("printed something that is not UTF-8 text");
  return std::move(result.out);
}

}  // namespace

// Also before anyone is asked everything is compared with the document: what is shown was made of what is
// signed.
Result<Execution::Start> Broker::preview_start(const policy::Policy& policy, const policy::Role& role,
                                               const policy::Action& action,
                                               const receipt::ActionDocument& document,
                                               const std::string& id) {
  const receipt::ActionDocument::Preview& preview = *document.preview;
  Execution::Start start;
  PinnedExecutable executable = TRY_DURING("preview", same_executable(preview.executable, policy.home.owner));
  start.executable = std::move(executable.file);
  start.secrets = TRY_DURING("preview", same_secrets(preview.secrets, policy));
  start.inputs = TRY(open_inputs(document, books_->blobs()));
  start.plan = TRY(
      policy::lower_preview(role, action, action_context(policy, id, executable.path, files_of(document))));
  start.plan.argv = preview.argv;
  start.output = receipt::kMaxPreviewBytes;
  start.streams = Streams::together;
  start.excess = Excess::fatal;
  TRY(same_preview_plan(start.plan, document));
  return start;
}

void Broker::submit(const ConnectionPtr& connection, Draft draft, Told told) {
  if (!draft.preview) {
    const auto filed = file(draft);
    if (filed) changed();
    return told(*connection, filed);
  }
  const approval::Proposal& proposal = draft.proposal;
  const auto joins = books_->queue().foresee(proposal, wall_clock());
  if (!joins) return told(*connection, std::unexpected(joins.error()));
  if (*joins) return told(*connection, Filed{**joins, true});

  const approval::Asker asker{proposal.session, proposal.launcher};
  std::size_t own = 0;
  for (const auto& [id, running] : previews_) {
    const approval::Proposal& other = running.draft.proposal;
    if (approval::Asker{other.session, other.launcher} != asker) continue;
    if (other.document == proposal.document && other.policy == proposal.policy)
      return wait_for_preview(connection, id, std::move(told));
    ++own;
  }
  if (own >= kMostOfOne || previews_.size() >= kMostPreviews)
    return told(*connection, refuse(own >= kMostOfOne ? "two previews of yours are being made already"
                                                      : "too many previews are being made",
                                    "wait until one has ended"));
  const std::string id = proposal.id;
  Execution::Start start = *std::exchange(draft.preview, std::nullopt);
  const auto running = previews_.emplace(id, Previewing{std::move(draft), {}, nullptr}).first;
  wait_for_preview(connection, id, std::move(told));
  running->second.execution =
      Execution::begin(loop_, spawner_, std::move(start),
                       [this, id](ExecutionResult result) { previewed(id, std::move(result)); });
}

void Broker::wait_for_preview(const ConnectionPtr& connection, const std::string& id, Told told) {
  previews_.at(id).waiters.push_back({connection, std::move(told)});
  connection->when_closed([this, id, gone = connection.get()] {
    const auto running = previews_.find(id);
    if (running == previews_.end()) return;
    std::erase_if(running->second.waiters, [gone](const Previewing::Waiter& waiter) {
      const ConnectionPtr other = waiter.connection.lock();
      return !other || other.get() == gone;
    });
    // Nobody would hear of it. With the execution everything in its sandbox dies.
    if (running->second.waiters.empty()) previews_.erase(running);
  });
}

void Broker::previewed(const std::string& id, ExecutionResult result) {
  const auto found = previews_.find(id);
  if (found == previews_.end()) return;
  Previewing over = std::move(found->second);
  previews_.erase(found);
  retire(std::move(over.execution));
  if (shut_) return;
  std::vector<std::pair<ConnectionPtr, Told>> waiters;
  for (Previewing::Waiter& waiter : over.waiters) {
    const ConnectionPtr connection = waiter.connection.lock();
    if (!connection || connection->closed()) continue;
    connection->when_closed(nullptr);
    waiters.emplace_back(connection, std::move(waiter.told));
  }
  if (waiters.empty()) return;
  Result<Filed> filed = file_previewed(over.draft, std::move(result));
  if (filed) changed();
  for (auto& [connection, told] : waiters) {
    told(*connection, filed);
    if (filed) filed->joined = true;  // all but the first
  }
}

Result<Filed> Broker::file_previewed(Draft& draft, ExecutionResult result) {
  approval::Proposal& proposal = draft.proposal;
  const std::string output = TRY(what_it_printed(std::move(result)));
  TRY(look_at_clock());
  const policy::Policy& policy = *TRY(policy_.current());
  const policy::Role* const role = policy.find_role(proposal.role);
  const policy::Action* const action = role != nullptr ? role->find_action(proposal.action) : nullptr;
  if (action == nullptr ||
      TRY(policy::policy_digest(policy, *role, *action, proposal.launcher)) != proposal.policy)
    return refuse("the policy was changed while the preview was made", "ask again");
  const auto stored = TRY(books_->blobs().put_new(as_bytes(output)));
  draft.adoption.add(stored);
  proposal.preview = stored.sha256;
  return file(draft);
}

// A session that is over asks for nothing any more.
void Broker::end_previews(const std::string& session) {
  for (auto running = previews_.begin(); running != previews_.end();) {
    if (running->second.draft.proposal.session != session) {
      ++running;
      continue;
    }
    for (const Previewing::Waiter& waiter : running->second.waiters)
      if (const ConnectionPtr connection = waiter.connection.lock()) {
        connection->when_closed(nullptr);
        connection->refuse(wire::FailureKind::refused, "the session has ended");
      }
    running = previews_.erase(running);
  }
  for (auto& [id, execution] : rechecks_) {
    const auto request = books_->queue().find(id);
    if (request && (*request)->binding.session == session) execution->kill("the session was killed");
  }
}

Result<> Broker::recheck(const policy::Policy& policy, const policy::Role& role, const policy::Action& action,
                         const receipt::ActionDocument& document, const approval::Request& request) {
  const std::string id = request.id();
  Execution::Start start = TRY(preview_start(policy, role, action, document, id));
  rechecks_[id] = Execution::begin(loop_, spawner_, std::move(start),
                                   [this, id](ExecutionResult result) { rechecked(id, std::move(result)); });
  return {};
}

// Until here nothing was spent, and a broker that ends in between has lost nothing: it looks once more.
void Broker::rechecked(const std::string& id, ExecutionResult result) {
  if (auto over = rechecks_.extract(id)) retire(std::move(over.mapped()));
  if (shut_) return;
  const auto found = books_->queue().find(id);
  if (!found || (*found)->state != approval::State::approved) return;  // denied, expired or void meanwhile
  const approval::Request request = **found;
  const auto output = what_it_printed(std::move(result));
  if (output && receipt::sha256(*output) == request.binding.preview) return perform(id, Looked::again);
  const std::string why = output ? "the preview has changed since people saw it"
                                 : "the preview could not be made again: " + output.error().text();
  auto step = books_->queue().withdraw(id, approval::Withdrawal::preview_changed, "pawld", why);
  // What cannot be recorded now stays approved, and is looked at again.
  if (!step || !commit(*std::move(step))) return;
  if (output) ask_again(request, *output);
  changed();
}

// On behalf of whoever asked first, for the same document. A crash before it is on record leaves the first
// one void: whoever asked is told so, and asks again.
void Broker::ask_again(const approval::Request& before, const std::string& output) {
  const auto asked = [&]() -> Result<> {
    const policy::Policy& policy = *TRY(policy_.current());
    const approval::Current current = TRY(current_for(policy, before));
    Draft draft{{}, Adoption(books_->blobs(), unclaimed_), std::nullopt};
    approval::Proposal& proposal = draft.proposal;
    proposal.id = random_id();
    proposal.session = before.binding.session;
    proposal.role = before.binding.role;
    proposal.agent = before.binding.agent;
    proposal.launcher = before.binding.launcher;
    proposal.action = before.action;
    proposal.document = before.binding.document;
    proposal.rendered = before.binding.rendered;
    proposal.policy = current.policy;
    proposal.rule = current.rule;
    proposal.why = before.why;
    proposal.parameters = before.parameters;
    proposal.rolls_back = before.rolls_back;
    proposal.replaces = before.id();
    const auto stored = TRY(books_->blobs().put_new(as_bytes(output)));
    draft.adoption.add(stored);
    proposal.preview = stored.sha256;
    TRY(file(draft));
    return {};
  }();
  if (!asked)
    log_line("request " + before.id().substr(0, 12) +
             " is void, its preview has changed, and it is not asked again: " + asked.error().text());
}

// It may be the one that calls: it goes when it has returned.
void Broker::retire(std::unique_ptr<Execution> execution) {
  retired_.push_back(std::move(execution));
  loop_.soon([this] { retired_.clear(); });
}

std::string Broker::preview_text(const approval::Request& request) {
  if (!request.binding.preview) return "";
  const auto bytes = books_->blobs().get(*request.binding.preview, receipt::kMaxPreviewBytes);
  return bytes ? std::string(as_text(*bytes))
               : "[pawl: the preview cannot be read: " + bytes.error().text() + "]\n";
}

}  // namespace pawl::broker
