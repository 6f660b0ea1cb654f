// What a person asks on their own: the preview of a request, and the action that takes a finished one back,
// with the values and inputs of that one. It is a request like any other: whoever asks for it does not
// approve it. Runs in pawld.
#include <algorithm>

#include "supervisor/broker/broker.hpp"
#include "supervisor/broker/failure.hpp"
#include "supervisor/broker/given_values.hpp"
#include "supervisor/receipt/render.hpp"

namespace pawl::broker {
namespace {

using wire::FailureKind;

constexpr std::uint64_t kRollbacks = 30;                      // a minute, of one uid
constexpr std::uint64_t kMaxValues = std::uint64_t{1} << 20;  // bytes: 24 parameters of 4 KiB, as JSON

bool has_run(const approval::Request& request) {
  return request.state == approval::State::done || request.state == approval::State::indeterminate;
}

// The files of the original that this action takes as well.
Result<std::vector<receipt::ActionDocument::Input>> inputs_of(
    const policy::Action& action, const std::vector<policy::CheckedParameter>& parameters,
    const receipt::ActionDocument& original) {
  std::vector<receipt::ActionDocument::Input> inputs;
  for (const policy::CheckedParameter& parameter : parameters) {
    if (parameter.kind != policy::ParameterKind::file) continue;
    const auto pinned =
        std::ranges::find(original.inputs, parameter.name, &receipt::ActionDocument::Input::parameter);
    if (pinned == original.inputs.end()) return refuse("the request had no file " + parameter.name);
    if (pinned->size > action.find_parameter(parameter.name)->max)
      return refuse("input " + parameter.name + " is longer than action " + action.name + " takes");
    inputs.push_back(
        {parameter.name, parameter.value, pinned->sha256, pinned->size, policy::input_path(parameter)});
  }
  return inputs;
}

}  // namespace

// The action that pawl rollback would ask for; empty: none.
std::string Broker::rollback_of(const approval::Request& request) {
  if (!has_run(request) || !request.parameters) return "";
  const auto policy = policy_.current();
  const policy::Role* const role = policy ? (*policy)->find_role(request.binding.role) : nullptr;
  const policy::Action* const action = role != nullptr ? role->find_action(request.action) : nullptr;
  return action != nullptr ? action->rollback : "";
}

Result<Draft> Broker::draft_rollback(const approval::Request& original, const std::string& person,
                                     const std::string& why) {
  const std::string name = "request " + original.id().substr(0, 12);
  if (!has_run(original))
    return refuse(
        name + " is " + std::string(approval::word(original.state)) + ": there is nothing to take back",
        "what waits is ended with pawl deny");
  const policy::Policy& policy = *TRY(policy_.current());
  const policy::Role* const role = policy.find_role(original.binding.role);
  const policy::Action* const before = role != nullptr ? role->find_action(original.action) : nullptr;
  const policy::Action* const action = before != nullptr ? role->find_action(before->rollback) : nullptr;
  if (action == nullptr || !original.parameters)
    return refuse("nothing takes back action " + original.action + " of role " + original.binding.role +
                      (action != nullptr ? ", as it was when this was asked" : ""),
                  "roles/" + original.binding.role + ".toml: rollback = \"ACTION\"");
  TRY(may_be_asked(policy, *role, *action));

  const receipt::Document read = TRY_DURING(name, document_of(original));
  const auto* const document = std::get_if<receipt::ActionDocument>(&read);
  if (document == nullptr) return refuse(name + ": its document is of no action");
  const Bytes values = TRY_DURING(name, books_->blobs().get(*original.parameters, kMaxValues));
  std::vector<policy::GivenParameter> given = TRY_DURING(name, read_parameters(as_text(values)));
  for (const auto& input : document->inputs) given.push_back({input.parameter, input.name});
  std::erase_if(given, [&](const policy::GivenParameter& value) {
    return action->find_parameter(value.name) == nullptr;
  });
  Wanted wanted;
  wanted.person = person;
  wanted.why = why;
  wanted.rolls_back = original.id();
  wanted.parameters = TRY(policy::check_parameters(*action, given));
  wanted.inputs = TRY(inputs_of(*action, wanted.parameters, *document));
  return draft(policy, *role, *action, std::move(wanted), Adoption(books_->blobs(), unclaimed_));
}

void Broker::answer_propose_rollback(const ConnectionPtr& connection, const wire::ProposeRollback& ask,
                                     std::vector<UniqueFd>) {
  const auto person = person_of(*connection);
  if (!person || *person == nullptr) return refuse_stranger(*connection, person);
  const std::uint32_t uid = connection->identity.uid;
  if (!rollbacks_.try_emplace(uid, kRollbacks).first->second.admits(boot_clock()))
    return connection->refuse(FailureKind::busy, "too many rollbacks were asked for", "wait a minute");
  const auto found = books_->queue().find(ask.id);
  if (!found) return answer_error(*connection, FailureKind::not_found, found.error());
  auto drafted = draft_rollback(**found, (*person)->name, ask.why);
  if (!drafted) return answer_error(*connection, FailureKind::refused, drafted.error());
  submit(connection, *std::move(drafted), [this](Connection& caller, const Result<Filed>& filed) {
    if (!filed) return answer_error(caller, FailureKind::refused, filed.error());
    caller.answer(wire::RollbackProposed{info_of(**books_->queue().find(filed->id)), filed->joined});
  });
}

void Broker::answer_read_preview(const ConnectionPtr& connection, const wire::ReadPreview& ask,
                                 std::vector<UniqueFd>) {
  if (!admit_reviewer(*connection)) return;
  const auto found = books_->queue().find(ask.id);
  if (!found) return answer_error(*connection, FailureKind::not_found, found.error());
  const std::optional<Digest>& digest = (*found)->binding.preview;
  if (!digest)
    return connection->refuse(FailureKind::not_found,
                              "request " + (*found)->id().substr(0, 12) + " has no preview");
  const auto bytes = books_->blobs().get(*digest, receipt::kMaxPreviewBytes);
  if (!bytes) return answer_error(*connection, FailureKind::failed, bytes.error());
  connection->answer(wire::Preview{std::string(as_text(*bytes))});
}

}  // namespace pawl::broker
