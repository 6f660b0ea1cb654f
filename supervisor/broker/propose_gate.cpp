// Gates: a person asks, without a session, that a pipeline may start one command for one commit. The broker
// pins the inputs, lets people decide and burns the receipt at once; it runs nothing. Runs in pawld; the ask
// is a person's bytes, its inputs are files that the person opened.
#include <algorithm>

#include "supervisor/broker/adoption.hpp"
#include "supervisor/broker/broker.hpp"
#include "supervisor/broker/failure.hpp"
#include "supervisor/broker/lowered_rule.hpp"
#include "supervisor/policy/digest.hpp"
#include "supervisor/policy/gate_authority.hpp"
#include "supervisor/receipt/digest.hpp"
#include "supervisor/receipt/render.hpp"

namespace pawl::broker {

using wire::FailureKind;

namespace {

constexpr std::uint32_t kLongestWait = 60'000;  // ms
constexpr std::size_t kMaxWords = 256;          // bytes of an asker's words in the ledger

Result<const policy::Gate*> gate_of(const policy::Role* role, const std::string& name) {
  const policy::Gate* const gate = role != nullptr ? role->find_gate(name) : nullptr;
  if (gate == nullptr)
    return refuse("there is no gate " + receipt::visible(name) + " in that role",
                  "see: pawl policy explain --role ROLE");
  return gate;
}

Result<std::vector<receipt::GateDocument::Input>> pin_inputs(Adoption& adoption, const policy::Gate& gate,
                                                             const wire::ProposeGate& ask,
                                                             const std::vector<UniqueFd>& files,
                                                             Rate& quota) {
  if (ask.inputs.size() != files.size()) return refuse("each input needs its descriptor");
  std::vector<receipt::GateDocument::Input> inputs;
  for (std::size_t i = 0; i < files.size(); ++i) {
    const auto copied = TRY_DURING("input " + receipt::visible(ask.inputs[i]),
                                   adopt_input(adoption, files[i].get(), gate.inputs_max, quota));
    inputs.push_back({ask.inputs[i], copied.sha256, copied.size});
  }
  return inputs;
}

}  // namespace

Result<Filed> Broker::propose_gate(const policy::Person& person, const wire::ProposeGate& ask,
                                   std::vector<UniqueFd>& files) {
  const policy::Policy& policy = *TRY(policy_.current());
  const policy::Role* const role = policy.find_role(ask.role);
  if (role == nullptr) return refuse("there is no role " + receipt::visible(ask.role), "--role ROLE");
  const policy::Gate& gate = *TRY(gate_of(role, ask.gate));
  TRY(policy::may_propose(policy, *role, gate, &person));
  TRY(policy::check_gate_command(gate, ask.argv));
  TRY(policy::check_gate_inputs(gate, ask.inputs));
  // Before files are copied for it; without files, asking for the same joins, however much waits.
  if (!files.empty()) TRY(books_->queue().has_room({"", person.name}, wall_clock()));

  Adoption adoption(books_->blobs(), unclaimed_);
  receipt::GateDocument document;
  document.action = gate.name;
  document.subject = ask.subject;
  document.argv = ask.argv;
  document.inputs = TRY(pin_inputs(adoption, gate, ask, files, asking_[person.name].pinned));

  approval::Proposal proposal;
  proposal.id = random_id();
  proposal.role = role->name;
  proposal.launcher = person.name;
  proposal.action = gate.name;
  proposal.kind = receipt::DocumentKind::gate;
  proposal.document = TRY(adopt_document(adoption, TRY(receipt::write_gate_document(document))));
  proposal.rendered = receipt::sha256(receipt::render(document));
  proposal.policy = TRY(policy::policy_digest(policy, *role, gate, person.name));
  proposal.rule = rule_of(TRY(policy::effective_rule(policy, *role, gate, person.name)));
  proposal.why = ask.why;
  Draft draft{std::move(proposal), std::move(adoption), std::nullopt};
  return file(draft);
}

// Also whether the proposer may still propose: who lost that has nothing released.
Result<approval::Current> Broker::current_for_gate(const policy::Policy& policy, const policy::Role* role,
                                                   const approval::Request& request) const {
  const policy::Gate* const gate = role != nullptr ? role->find_gate(request.action) : nullptr;
  if (gate == nullptr) return refuse("role and gate are not in the policy any more");
  const std::string& proposer = request.binding.launcher;
  TRY(policy::may_propose(policy, *role, *gate, policy.find_person(proposer)));
  const Digest digest = TRY(policy::policy_digest(policy, *role, *gate, proposer));
  return approval::Current{digest, rule_of(TRY(policy::effective_rule(policy, *role, *gate, proposer)))};
}

// Burned is released: what happens with it happens elsewhere.
Result<> Broker::release(const approval::Request& request, const approval::Current& current) {
  const std::string id = request.id();
  TRY(commit(TRY(books_->queue().consume(id, current, wall_clock()))));
  changed();
  return {};
}

void Broker::answer_propose_gate(const ConnectionPtr& connection, const wire::ProposeGate& ask,
                                 std::vector<UniqueFd> files) {
  const auto known = person_of(*connection);
  if (!known || *known == nullptr) return refuse_stranger(*connection, known);
  const policy::Person person = **known;  // a copy: asking for the policy again may bring another
  if (!asking_[person.name].proposals.admits(boot_clock()))
    return connection->refuse(FailureKind::busy, person.name + " asks too often", "wait a minute");
  const auto filed = propose_gate(person, ask, files);
  if (!filed) {
    // An error here is the ledger's own affair: the answer is a refusal in any case.
    (void)note(ledger::Kind::deny,
               {{"session", ""},
                {"person", person.name},
                {"action", receipt::visible(ask.gate.substr(0, kMaxWords))},
                {"reason", receipt::visible(filed.error().text().substr(0, 4 * kMaxWords))}});
    return answer_error(*connection, FailureKind::refused, filed.error());
  }
  changed();
  connection->answer(wire::Proposal{info_of(**books_->queue().find(filed->id)), filed->joined});
}

void Broker::answer_await_proposal(const ConnectionPtr& connection, const wire::AwaitProposal& ask,
                                   std::vector<UniqueFd>) {
  const auto known = person_of(*connection);
  if (!known || *known == nullptr) return refuse_stranger(*connection, known);
  const std::string person = (*known)->name;
  if (!asking_[person].awaits.admits(boot_clock()))
    return connection->refuse(FailureKind::busy, person + " asks too often", "wait a minute");
  const auto found = books_->queue().find(ask.id);
  if (!found) return answer_error(*connection, FailureKind::not_found, found.error());
  const std::string id = (*found)->id();
  waiting_.wait(
      connection, std::chrono::milliseconds(std::min(ask.wait, kLongestWait)),
      [this, id](Connection& waiter) {
        const auto request = books_->queue().find(id);
        if (!request || !approval::is_final((*request)->state)) return false;
        waiter.answer(wire::Proposal{info_of(**request), false});
        return true;
      },
      [this, id](Connection& waiter) {
        if (const auto request = books_->queue().find(id))
          waiter.answer(wire::Proposal{info_of(**request), false});
      });
}

}  // namespace pawl::broker
