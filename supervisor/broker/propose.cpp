// From an agent's words to a request that people can decide on: everything pinned and hashed before anyone is
// asked.
#include <unistd.h>

#include <algorithm>

#include "supervisor/broker/adoption.hpp"
#include "supervisor/broker/broker.hpp"
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

approval::Rule rule_of(const policy::ResolvedRule& resolved) {
  approval::Rule rule;
  rule.name = resolved.name;
  rule.quorum = resolved.quorum;
  rule.allow_launcher = resolved.launcher == policy::LauncherVote::counts;
  rule.expires = resolved.expires.count();
  for (const policy::EligiblePerson& person : resolved.people) {
    for (const std::string& via : person.via) {
      auto group = std::ranges::find(rule.from, via, &approval::Group::name);
      if (group == rule.from.end()) group = rule.from.insert(rule.from.end(), {via, {}});
      group->members.push_back({person.name, person.keys});
    }
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

std::vector<receipt::ActionDocument::Variable> environment_of(const sandbox::LaunchPlan& plan) {
  std::vector<receipt::ActionDocument::Variable> variables;
  for (const std::string& variable : plan.environment) {
    const std::size_t equals = variable.find('=');
    variables.push_back({variable.substr(0, equals), variable.substr(equals + 1)});
  }
  return variables;
}

}  // namespace

Result<std::string> Broker::propose(Session& session, const wire::Propose& ask, std::vector<UniqueFd>& files,
                                    bool& joined) {
  const policy::Policy& policy = *TRY(policy_.current());
  const policy::Role role = TRY(role_of(session, policy));
  const policy::Action* const action = role.find_action(ask.action);
  if (action == nullptr)
    return refuse("role " + role.name + " has no action " + receipt::visible(ask.action),
                  "see: pawl-agent actions");
  if (!session.handed_role.empty())
    return refuse("a role from --policy can ask for nothing",
                  "install the role in the configuration directory");
  TRY(policy::floor_holds(policy, role, *action));
  TRY(keep_apart_from_agents(*action));
  if (session.info.person.empty())
    return refuse("the launcher of this session is nobody in people.toml, so no receipt can be given",
                  "let the operator add the launcher's uid to people.toml");
  const auto parameters = TRY(policy::check_parameters(*action, given_by(ask)));

  // Before files are copied for it; without files, asking for the same joins, however much waits.
  if (!files.empty()) TRY(books_->queue().has_room({session.info.id, session.info.person}, wall_clock()));

  Adoption adoption(books_->blobs());
  receipt::ActionDocument document;
  document.action = action->name;
  document.inputs = TRY(pin_inputs(adoption, *action, parameters, ask, files, session.pinned));
  const PinnedExecutable executable = TRY(pin_executable(action->run.front(), policy.home.owner));
  document.executable = {executable.path, executable.sha256, executable.size};
  document.argv = policy::expand_arguments(*action, parameters);
  const sandbox::LaunchPlan plan =
      TRY(policy::lower_action(role, *action, action_context(policy, "", executable.path, parameters)));
  document.directory = plan.directory;
  document.environment = environment_of(plan);
  document.read = action->read;
  document.write = action->write;
  document.timeout = static_cast<std::uint64_t>(action->timeout.count());
  for (const policy::SecretBinding& binding : action->secrets)
    document.secrets.push_back(
        {binding.variable, binding.secret,
         TRY(policy::secret_version(policy.home, *policy.find_secret(binding.secret)))});

  approval::Proposal proposal;
  proposal.id = random_id();
  proposal.session = session.info.id;
  proposal.role = role.name;
  proposal.agent = "session:" + session.info.id;
  proposal.launcher = session.info.person;
  proposal.action = action->name;
  proposal.document = TRY(adopt_document(adoption, TRY(receipt::write_document(document))));
  proposal.rendered = receipt::sha256(receipt::render(document));
  proposal.policy = TRY(policy::policy_digest(policy, role, *action, session.info.person));
  proposal.rule = rule_of(TRY(policy::effective_rule(policy, role, *action, session.info.person)));
  proposal.why = ask.why;
  return enqueue(proposal, adoption, joined);
}

Result<std::string> Broker::enqueue(const approval::Proposal& proposal, Adoption& adoption, bool& joined) {
  auto proposed = TRY(books_->queue().propose(proposal, wall_clock()));
  joined = !proposed.step.has_value();
  if (joined) return proposed.id;
  auto committed = commit(*std::move(proposed.step));
  if (committed || books_->ledger().poisoned()) adoption.keep();  // poisoned: it may be on record
  TRY(std::move(committed));
  notify(**books_->queue().find(proposed.id));
  return proposed.id;
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
  TRY(keep_apart_from_agents(*action));
  TRY(policy::floor_holds(policy, *role, *action));
  return approval::Current{
      TRY(policy::policy_digest(policy, *role, *action, request.binding.launcher)),
      rule_of(TRY(policy::effective_rule(policy, *role, *action, request.binding.launcher)))};
}

}  // namespace pawl::broker
