// From enough decisions to the outcome. The order is the whole point: check everything again, burn the
// receipt durably, record the start durably, and only then start. Whatever fails before the burning leaves
// the request unspent and void; whatever fails after it is an outcome, and nothing is ever started twice.
#include "supervisor/broker/broker.hpp"
#include "supervisor/broker/transient.hpp"
#include "supervisor/broker/unchanged.hpp"
#include "supervisor/policy/lower.hpp"

namespace pawl::broker {

void Broker::perform(const std::string& id, Looked looked) {
  // What is frozen goes on waiting until it is thawed, or expires.
  if (const auto waits = books_->queue().find(id);
      waits && books_->queue().freezes().frozen((*waits)->binding.role) != nullptr)
    return;
  const auto done = perform_now(id, looked);
  if (done || shut_) return;
  // Nothing was burned: it is void for good, saying why, and the agent may ask again. Only what this
  // machine had no room for at the moment stays approved, and is tried again.
  const auto request = books_->queue().find(id);
  if (!request || (*request)->state != approval::State::approved || is_transient(done.error().errnum)) return;
  auto step =
      books_->queue().withdraw(id, approval::Withdrawal::policy_changed, "pawld", done.error().text());
  if (step && commit(*std::move(step))) changed();
}

Result<> Broker::perform_now(const std::string& id, Looked looked) {
  if (rechecks_.contains(id)) return {};  // its end goes on from here
  TRY(look_at_clock());
  const approval::Request request = *TRY(books_->queue().find(id));
  // One snapshot for everything: asking again could bring another policy, and end this one.
  const policy::Policy& policy = *TRY(policy_.current());
  const approval::Current current = TRY(current_for(policy, request));
  if (request.kind == receipt::DocumentKind::gate) return release(request, current);
  const policy::Role& role = *policy.find_role(request.binding.role);
  const policy::Action& action = *role.find_action(request.action);
  const receipt::Document read = TRY(document_of(request));
  const auto* const action_document = std::get_if<receipt::ActionDocument>(&read);
  if (action_document == nullptr) return refuse("its document is of no action");
  const receipt::ActionDocument& document = *action_document;

  Execution::Start start;
  PinnedExecutable executable = TRY(same_executable(document.executable, policy.home.owner));
  start.executable = std::move(executable.file);
  start.secrets = TRY(same_secrets(document.secrets, policy));
  start.inputs = TRY(open_inputs(document, books_->blobs()));
  start.plan = TRY(
      policy::lower_action(role, action, action_context(policy, id, executable.path, files_of(document))));
  start.plan.argv = document.argv;
  start.output = action.output;
  TRY(same_plan(start.plan, action, document));
  if (document.preview && document.preview->recheck && looked == Looked::when_asked)
    return recheck(policy, role, action, document, request);

  TRY(commit(TRY(books_->queue().consume(id, current, wall_clock()))));
  if (auto begun = commit(TRY(books_->queue().start(id))); !begun) {
    // Burned, and not begun: only a restart can say so for good.
    shut(begun.error().text());
    return begun;
  }
  executions_[id] = Execution::prepare(loop_, spawner_, std::move(start), [this, id](ExecutionResult result) {
    performed(id, std::move(result));
  });
  // Both records first. Who kills it meanwhile finds it there.
  books_->when_durable([this, id] {
    if (const auto ready = executions_.find(id); ready != executions_.end()) ready->second->begin();
  });
  changed();
  return {};
}

void Broker::performed(const std::string& id, ExecutionResult result) {
  approval::Outcome outcome{result.ending, result.code, result.detail, {}, {}};
  const auto keep = [&](const std::string& text) -> std::optional<Digest> {
    if (text.empty()) return std::nullopt;
    auto blob = books_->blobs().put(as_bytes(text));
    if (blob) return *blob;
    outcome.detail += (outcome.detail.empty() ? "" : "; ") + std::string("its output could not be kept: ") +
                      blob.error().text();
    return std::nullopt;
  };
  outcome.out = keep(result.out);
  outcome.err = keep(result.err);
  // The execution calls: it goes when it has returned.
  loop_.soon([this, id] { executions_.erase(id); });
  // An outcome that cannot be recorded is as good as none: a restart finds it indeterminate.
  auto step = books_->queue().finish(id, outcome);
  if (!step) return shut(step.error().text());
  if (auto committed = commit(*std::move(step)); !committed) return shut(committed.error().text());
  changed();
}

}  // namespace pawl::broker
