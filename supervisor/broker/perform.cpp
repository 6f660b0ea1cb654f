// From enough decisions to the outcome. The order is the whole point: check everything again, burn the
// receipt durably, record the start durably, and only then start. Whatever fails before the burning leaves
// the request unspent and void; whatever fails after it is an outcome, and nothing is ever started twice.
#include <algorithm>

#include "supervisor/broker/broker.hpp"
#include "supervisor/broker/pinned.hpp"
#include "supervisor/broker/transient.hpp"
#include "supervisor/policy/lower.hpp"
#include "supervisor/policy/secret_store.hpp"

namespace pawl::broker {
namespace {

// What the document says an input is, in the terms of the plan.
std::vector<policy::CheckedParameter> files_of(const receipt::ActionDocument& document) {
  std::vector<policy::CheckedParameter> files;
  for (const auto& input : document.inputs)
    files.push_back({input.parameter, policy::ParameterKind::file, input.name});
  return files;
}

Result<PinnedExecutable> same_executable(const receipt::ActionDocument& document, uid_t owner) {
  PinnedExecutable found = TRY(pin_executable(document.executable.path, owner));
  if (found.path != document.executable.path || found.sha256 != document.executable.sha256)
    return refuse("the program " + document.executable.path + " was changed after the request", "ask again");
  return found;
}

Result<std::vector<NamedSecret>> same_secrets(const receipt::ActionDocument& document,
                                              const policy::Policy& policy) {
  std::vector<NamedSecret> secrets;
  for (const auto& wanted : document.secrets) {
    const policy::Secret* const secret = policy.find_secret(wanted.name);
    if (secret == nullptr) return refuse("the secret " + wanted.name + " is not in secrets.toml any more");
    policy::SecretMaterial material = TRY(policy::read_secret(policy.home, *secret));
    if (material.version != wanted.version)
      return refuse("the secret " + wanted.name + " was changed after the request", "ask again");
    secrets.push_back({wanted.environment, wanted.name, std::move(material.value)});
  }
  return secrets;
}

// SAFETY: of the host it can change exactly what the document says, and it reads what the document says.
bool same_mounts(const sandbox::LaunchPlan& plan, const receipt::ActionDocument& document) {
  std::vector<std::string> writable;
  for (const sandbox::Mount& mount : plan.mounts)
    if (mount.kind == sandbox::MountKind::writable) writable.push_back(mount.target);
  const auto mounted = [&](const std::string& path) {
    return std::ranges::any_of(plan.mounts, [&](const sandbox::Mount& mount) {
      return sandbox::is_bind(mount.kind) && mount.target == path;
    });
  };
  std::vector<std::string> wanted = document.write;
  std::ranges::sort(writable);
  std::ranges::sort(wanted);
  return writable == wanted && std::ranges::all_of(document.read, mounted);
}

// The plan is made anew from the policy; what people approved is the document, so the two must say the same.
Result<> same_plan(const sandbox::LaunchPlan& plan, const policy::Action& action,
                   const receipt::ActionDocument& document) {
  bool same = action.read == document.read && action.write == document.write && same_mounts(plan, document) &&
              plan.argv == document.argv && plan.directory == document.directory &&
              plan.wall_time == document.timeout && plan.environment.size() == document.environment.size();
  for (std::size_t i = 0; same && i < plan.environment.size(); ++i)
    same = plan.environment[i] == document.environment[i].name + "=" + document.environment[i].value;
  if (!same) return refuse("the policy would run something else than what was approved", "ask again");
  return {};
}

}  // namespace

void Broker::perform(const std::string& id) {
  const auto done = perform_now(id);
  if (done || shut_) return;
  // Nothing was burned: it is void for good, saying why, and the agent may ask again. Only what this
  // machine had no room for at the moment stays approved, and is tried again.
  const auto request = books_->queue().find(id);
  if (!request || (*request)->state != approval::State::approved || is_transient(done.error().errnum)) return;
  auto step =
      books_->queue().withdraw(id, approval::Withdrawal::policy_changed, "pawld", done.error().text());
  if (step && commit(*std::move(step))) changed();
}

Result<> Broker::perform_now(const std::string& id) {
  TRY(look_at_clock());
  const approval::Request request = *TRY(books_->queue().find(id));
  // One snapshot for everything: asking again could bring another policy, and end this one.
  const policy::Policy& policy = *TRY(policy_.current());
  const approval::Current current = TRY(current_for(policy, request));
  const policy::Role& role = *policy.find_role(request.binding.role);
  const policy::Action& action = *role.find_action(request.action);
  const receipt::ActionDocument document = TRY(document_of(request));

  Execution::Start start;
  PinnedExecutable executable = TRY(same_executable(document, policy.home.owner));
  start.executable = std::move(executable.file);
  start.secrets = TRY(same_secrets(document, policy));
  for (const auto& input : document.inputs)
    start.inputs.push_back(
        std::move(TRY_DURING("input " + input.parameter, books_->blobs().open_blob(input.sha256)).file));
  start.plan = TRY(
      policy::lower_action(role, action, action_context(policy, id, executable.path, files_of(document))));
  start.plan.argv = document.argv;
  start.output = action.output;
  TRY(same_plan(start.plan, action, document));

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
