// From an agent's words to a request that people can decide on: everything pinned and hashed before anyone is
// asked.
#include <unistd.h>

#include <algorithm>

#include "supervisor/broker/adoption.hpp"
#include "supervisor/broker/broker.hpp"
#include "supervisor/broker/given_values.hpp"
#include "supervisor/broker/lowered_rule.hpp"
#include "supervisor/broker/pinned.hpp"
#include "supervisor/broker/places.hpp"
#include "supervisor/policy/authority.hpp"
#include "supervisor/policy/digest.hpp"
#include "supervisor/policy/lower.hpp"
#include "supervisor/policy/parameters.hpp"
#include "supervisor/policy/secret_store.hpp"
#include "supervisor/receipt/action_document.hpp"
#include "supervisor/receipt/digest.hpp"
#include "supervisor/receipt/render.hpp"

namespace pawl::broker {

// The effective rule in the approval machine's terms.
approval::Rule rule_of(const policy::ResolvedRule& resolved) {
  approval::Rule rule;
  rule.name = resolved.name;
  rule.quorum = resolved.quorum;
  rule.allow_launcher = resolved.launcher == policy::LauncherVote::counts;
  rule.expires = resolved.expires.count();
  rule.hardware = resolved.key == policy::KeyDemand::hardware;
  rule.emergency = resolved.emergency == policy::Emergency::yes;
  rule.cooldown = resolved.cooldown.count();
  for (const policy::RequestRate& rate : resolved.rates)
    rule.rates.push_back({rate.requests, rate.within.count()});
  for (const policy::ResolvedGroup& group : resolved.groups) {
    approval::Group& added =
        rule.from.emplace_back(approval::Group{group.name, {}, group.least, group.after.count()});
    for (const std::string& member : group.members)
      added.members.push_back({member, resolved.find(member)->keys});
  }
  return rule;
}

namespace {

std::vector<policy::GivenParameter> given_by(const wire::Propose& ask) {
  std::vector<policy::GivenParameter> given;
  for (const wire::NamedValue& value : ask.parameters) given.push_back({value.name, value.value});
  for (const wire::FileInput& file : ask.files) given.push_back({file.parameter, file.basename});
  return given;
}

// Copies what the agent handed over, in the order of the action's declaration, and checks that exactly the
// file parameters came as files.
Result<std::vector<receipt::ActionDocument::Input>> pin_inputs(
    Adoption& adoption, const policy::Action& action, const std::vector<policy::CheckedParameter>& parameters,
    const wire::Propose& ask, std::vector<UniqueFd>& files, Rate& quota) {
  if (ask.files.size() != files.size()) return refuse("each file parameter needs its descriptor");
  std::vector<receipt::ActionDocument::Input> inputs;
  for (const policy::CheckedParameter& parameter : parameters) {
    const auto given = std::ranges::find(ask.files, parameter.name, &wire::FileInput::parameter);
    const bool is_file = parameter.kind == policy::ParameterKind::file;
    if (is_file != (given != ask.files.end()))
      return refuse("parameter " + parameter.name +
                    (is_file ? " is a file: its descriptor is missing" : " is not a file"));
    if (!is_file) continue;
    const int source = files[static_cast<std::size_t>(given - ask.files.begin())].get();
    const auto copied =
        TRY_DURING("input " + parameter.name,
                   adopt_input(adoption, source, action.find_parameter(parameter.name)->max, quota));
    inputs.push_back(
        {parameter.name, parameter.value, copied.sha256, copied.size, policy::input_path(parameter)});
  }
  return inputs;
}

Result<std::vector<receipt::ActionDocument::Secret>> secrets_of(
    const policy::Policy& policy, const std::vector<policy::SecretBinding>& bindings) {
  std::vector<receipt::ActionDocument::Secret> secrets;
  for (const policy::SecretBinding& binding : bindings) {
    std::string version = TRY(policy::secret_version(policy.home, *policy.find_secret(binding.secret)));
    secrets.push_back({binding.variable, binding.secret, std::move(version)});
  }
  return secrets;
}

Result<std::optional<receipt::ActionDocument::Preview>> preview_of(
    const policy::Policy& policy, const policy::Action& action,
    const std::vector<policy::CheckedParameter>& parameters) {
  if (action.preview.empty()) return std::nullopt;
  const PinnedExecutable executable =
      TRY_DURING("preview", pin_executable(action.preview.front(), policy.home.owner));
  receipt::ActionDocument::Preview preview;
  preview.executable = {executable.path, executable.sha256, executable.size};
  preview.argv = policy::expand_arguments(action.preview, parameters);
  preview.secrets = TRY_DURING("preview", secrets_of(policy, action.preview_secrets));
  preview.timeout = static_cast<std::uint64_t>(action.preview_timeout.count());
  preview.recheck = action.recheck;
  return preview;
}

std::vector<receipt::ActionDocument::Variable> environment_of(const sandbox::LaunchPlan& plan) {
  std::vector<receipt::ActionDocument::Variable> variables;
  for (const std::string& variable : plan.environment) {
    const std::size_t equals = variable.find('=');
    variables.push_back({variable.substr(0, equals), variable.substr(equals + 1)});
  }
  return variables;
}

}  // namespace

Result<Draft> Broker::draft_for(Session& session, const wire::Propose& ask, std::vector<UniqueFd>& files) {
  const policy::Policy& policy = *TRY(policy_.current());
  const policy::Role role = TRY(role_of(session, policy));
  const policy::Action* const action = role.find_action(ask.action);
  if (action == nullptr)
    return refuse("role " + role.name + " has no action " + receipt::visible(ask.action),
                  "see: pawl-agent actions");
  if (!session.handed_role.empty())
    return refuse("a role from --policy can ask for nothing",
                  "install the role in the configuration directory");
  TRY(may_be_asked(policy, role, *action));
  if (session.info.person.empty())
    return refuse("the launcher of this session is nobody in people.toml, so no receipt can be given",
                  "let the operator add the launcher's uid to people.toml");
  Wanted wanted;
  wanted.session = session.info.id;
  wanted.agent = "session:" + session.info.id;
  wanted.person = session.info.person;
  wanted.why = ask.why;
  wanted.parameters = TRY(policy::check_parameters(*action, given_by(ask)));

  // Before files are copied for it; without files, asking for the same joins, however much waits.
  if (!files.empty()) TRY(books_->queue().has_room({session.info.id, session.info.person}, wall_clock()));

  Adoption adoption(books_->blobs(), unclaimed_);
  wanted.inputs = TRY(pin_inputs(adoption, *action, wanted.parameters, ask, files, session.pinned));
  return draft(policy, role, *action, std::move(wanted), std::move(adoption));
}

Result<> Broker::may_be_asked(const policy::Policy& policy, const policy::Role& role,
                              const policy::Action& action) const {
  TRY(policy::floor_holds(policy, role, action));
  TRY(policy::preview_holds(policy, role, action));
  return keep_apart_from_agents(action);
}

// The same whoever asks: the document, and what decisions will be bound to.
Result<Draft> Broker::draft(const policy::Policy& policy, const policy::Role& role,
                            const policy::Action& action, Wanted wanted, Adoption adoption) {
  approval::Proposal proposal;
  proposal.id = random_id();
  receipt::ActionDocument document;
  document.action = action.name;
  document.inputs = std::move(wanted.inputs);
  const PinnedExecutable executable = TRY(pin_executable(action.run.front(), policy.home.owner));
  document.executable = {executable.path, executable.sha256, executable.size};
  document.argv = policy::expand_arguments(action.run, wanted.parameters);
  const sandbox::LaunchPlan plan =
      TRY(policy::lower_action(role, action, action_context(policy, "", executable.path, wanted.parameters)));
  document.directory = plan.directory;
  document.environment = environment_of(plan);
  document.read = action.read;
  document.write = action.write;
  document.timeout = static_cast<std::uint64_t>(action.timeout.count());
  document.secrets = TRY(secrets_of(policy, action.secrets));
  document.preview = TRY(preview_of(policy, action, wanted.parameters));

  proposal.document = TRY(adopt_document(adoption, TRY(receipt::write_document(document))));
  if (!action.rollback.empty()) {
    const std::string text = TRY(write_parameters(wanted.parameters));
    const auto values = TRY(books_->blobs().put_new(as_bytes(text)));
    adoption.add(values);
    proposal.parameters = values.sha256;
  }
  proposal.session = std::move(wanted.session);
  proposal.role = role.name;
  proposal.agent = std::move(wanted.agent);
  proposal.launcher = wanted.person;
  proposal.action = action.name;
  proposal.rendered = receipt::sha256(receipt::render(document));
  proposal.policy = TRY(policy::policy_digest(policy, role, action, wanted.person));
  proposal.rule = rule_of(TRY(policy::effective_rule(policy, role, action, wanted.person)));
  proposal.why = std::move(wanted.why);
  proposal.rolls_back = std::move(wanted.rolls_back);
  Draft made{std::move(proposal), std::move(adoption), std::nullopt};
  if (document.preview) made.preview = TRY(preview_start(policy, role, action, document, made.proposal.id));
  return made;
}

// On record, or why not.
Result<Filed> Broker::file(Draft& draft) {
  auto proposed = TRY(books_->queue().propose(draft.proposal, wall_clock()));
  if (!proposed.step) return Filed{proposed.id, true};
  auto committed = commit(*std::move(proposed.step));
  if (committed || books_->ledger().poisoned()) draft.adoption.keep();  // poisoned: it may be on record
  TRY(std::move(committed));
  notify(**books_->queue().find(proposed.id));
  return Filed{proposed.id, false};
}

policy::ActionContext Broker::action_context(const policy::Policy& policy, const std::string& request,
                                             const std::string& executable,
                                             std::vector<policy::CheckedParameter> parameters) const {
  policy::ActionContext context;
  context.request = request;
  context.executable = executable;
  context.parameters = std::move(parameters);
  context.private_directories = own_directories(setup_.paths);
  context.uid = setup_.helpers.uid;
  context.gid = setup_.helpers.gid;
  context.identity = {context.uid != sandbox::kNone ? context.uid : policy.home.owner,
                      context.gid != sandbox::kNone ? context.gid : static_cast<std::uint32_t>(::getegid())};
  return context;
}

// Looked at when a session opens too; the policy may have changed since.
Result<> Broker::keep_apart_from_agents(const policy::Action& action) const {
  for (const auto& [id, session] : sessions_)
    if (session->writes_workspace) TRY(keep_action_apart(action, session->info.workspace));
  return {};
}

Result<approval::Current> Broker::current_for(const policy::Policy& policy,
                                              const approval::Request& request) const {
  const policy::Role* const role = policy.find_role(request.binding.role);
  if (request.kind == receipt::DocumentKind::gate) return current_for_gate(policy, role, request);
  const policy::Action* const action = role != nullptr ? role->find_action(request.action) : nullptr;
  if (action == nullptr) return refuse("role and action are not in the policy any more");
  TRY(may_be_asked(policy, *role, *action));
  return approval::Current{
      TRY(policy::policy_digest(policy, *role, *action, request.binding.launcher)),
      rule_of(TRY(policy::effective_rule(policy, *role, *action, request.binding.launcher)))};
}

}  // namespace pawl::broker
