// Each thing that a gate looks at, altered on its own, is refused with a reason of its own.
#include "tools/pawl/gate/check.hpp"

#include <catch2/catch.hpp>
#include <functional>
#include <set>

#include "supervisor/receipt/allowed_signers.hpp"
#include "supervisor/receipt/bundle.hpp"
#include "tests/support/sample_gate.hpp"
#include "tests/support/sample_proof.hpp"
#include "tests/support/signer.hpp"

using namespace pawl;
using Catch::Contains;
using gate::GateCommand;
using receipt::GateDocument;

namespace {

const test::Signer alice(1), bob(2), dave(4), mallory(9);

// A receipt, what the runner believes, and what it is about to do: all of it fits together.
struct Scene {
  GateDocument document = test::sample_gate();
  std::vector<receipt::SignedDecision> decisions;
  bool released = true;
  std::string signers, text;  // text: instead of the receipt's
  GateCommand command;
  std::vector<GateDocument::Input> inputs = test::sample_gate().inputs;
  std::int64_t now = test::kSampleIssued + 60;

  Scene() {
    for (const auto& [person, signer] :
         {std::pair("alice", &alice), std::pair("bob", &bob), std::pair("dave", &dave)})
      signers += receipt::allowed_signers_line(person, signer->key()).value() + "\n";
    command.subject = document.subject;
    command.argv = document.argv;
    approve({{"alice", &alice}, {"bob", &bob}});
  }
  void approve(const std::vector<std::pair<const char*, const test::Signer*>>& persons) {
    decisions.clear();
    for (const auto& [person, signer] : persons)
      decisions.push_back(signer->decide(test::gate_statement(document, person)));
  }
  Result<gate::Released> check() const {
    receipt::Bundle bundle;
    bundle.document = receipt::write_gate_document(document).value();
    bundle.decisions = decisions;
    if (released) bundle.consumed = test::sample_proof(test::gate_binding(document));
    return gate::check_receipt(text.empty() ? receipt::write_bundle(bundle).value() : text, signers, command,
                               inputs, now);
  }
  std::string refusal() const {
    const auto checked = check();
    return checked ? "" : checked.error().trail;
  }
};

}  // namespace

TEST_CASE("a receipt for exactly this lets the command through, and tells who approved it") {
  const auto released = Scene().check();
  REQUIRE(released);
  CHECK(released->persons == std::vector<std::string>{"alice", "bob"});
  CHECK(released->audience == "prod-broker");
  CHECK(released->launcher == "dave");
}

TEST_CASE("each altered field is refused, and each says what it is") {
  using Alter = std::function<void(Scene&)>;
  const std::pair<Alter, std::string> cases[] = {
      {[](Scene& s) { s.command.subject.back() = '2'; }, "the receipt is for the commit git:"},
      {[](Scene& s) { s.command.argv[0] = "deploy.sh"; },
       "word 0 of the command is deploy.sh, but ./deploy.sh was approved"},
      {[](Scene& s) { s.command.argv[1] = "staging"; },
       "word 1 of the command is staging, but production was approved"},
      {[](Scene& s) { s.command.argv.emplace_back(); }, "the command has 4 words, but 3 were approved"},
      {[](Scene& s) { s.command.argv.pop_back(); }, "the command has 2 words, but 3 were approved"},
      {[](Scene& s) { s.inputs[0].sha256[0] ^= 1; }, "the input deploy.sh is not the file that was approved"},
      {[](Scene& s) { ++s.inputs[1].size; }, "the input k8s/web.yaml is not the file that was approved"},
      {[](Scene& s) { s.inputs.pop_back(); }, "the receipt pins the input k8s/web.yaml, which was not given"},
      {[](Scene& s) { s.inputs.push_back({"z", {}, 1}); }, "the receipt does not pin the input z"},
      {[](Scene& s) { s.command.role = "deployer"; },
       "the receipt is for the role pipeline, not for deployer"},
      {[](Scene& s) { s.command.action = "push"; }, "the receipt is for the action deploy, not for push"},
      {[](Scene& s) { s.command.audience = "other"; },
       "the receipt is for the broker prod-broker, not for other"},
      {[](Scene& s) { s.now = test::kSampleIssued + 900; }, "the receipt expired 0 seconds ago"},
      {[](Scene& s) { s.now = test::kSampleIssued - 301; }, "the receipt is from the future"},
      {[](Scene& s) { s.released = false; }, "the receipt was approved, but never released"},
      {[](Scene& s) { s.command.quorum = 3; }, "approved by 2 of 3 persons"},
      {[](Scene& s) { s.approve({{"alice", &alice}}); }, "approved by 1 of 2 persons"},
      {[](Scene& s) { s.approve({{"alice", &alice}, {"dave", &dave}}); },
       "approved by 1 of 2 persons, without dave, who asked for it"},
      {[](Scene& s) { s.approve({{"alice", &alice}, {"bob", &mallory}}); },
       "the key is not an allowed one of bob"},
      {[](Scene& s) { s.signers = receipt::allowed_signers_line("alice", alice.key()).value() + "\n"; },
       "the key is not an allowed one of bob"},
      {[](Scene& s) { s.signers.clear(); }, "the key is not an allowed one of alice"},
      {[](Scene& s) { s.signers = "* ssh-ed25519 AAAA\n"; }, "allowed signers"},
      {[](Scene& s) { s.text = "{}"; }, "receipt: "},
      {[](Scene& s) { s.text = "not JSON"; }, "receipt: "},
      {[](Scene& s) { s.text = std::string(100'000, '['); }, "receipt: "},
      {[](Scene& s) { s.document.argv[1] = "staging"; }, "the document is not the one that was decided on"},
      {[](Scene& s) {
         receipt::Statement denial = test::gate_statement(s.document, "bob");
         denial.verdict = receipt::Verdict::deny;
         denial.reason = "not on a Friday";
         s.decisions[1] = bob.decide(denial);
       },
       "bob denied it: not on a Friday"},
  };
  std::set<std::string> reasons;
  for (const auto& [alter, reason] : cases) {
    CAPTURE(reason);
    Scene scene;
    alter(scene);
    CHECK_THAT(scene.refusal(), Contains(reason));
  }
}

TEST_CASE("named broker, role and action let a receipt for them through") {
  Scene scene;
  scene.command.role = "pipeline";
  scene.command.action = "deploy";
  scene.command.audience = "prod-broker";
  CHECK(scene.check());
}

TEST_CASE("who asked for it counts only where the runner says so") {
  Scene scene;
  scene.approve({{"dave", &dave}});
  scene.command.quorum = 1;
  CHECK_FALSE(scene.check());
  scene.command.requester = gate::Requester::counts;
  CHECK(scene.check());
}

TEST_CASE("a receipt for an action that the broker ran opens no gate") {
  Scene scene;
  receipt::Bundle bundle;
  bundle.document = receipt::write_document(test::sample_document()).value();
  bundle.decisions = {alice.decide(test::sample_statement("alice")),
                      bob.decide(test::sample_statement("bob"))};
  bundle.consumed = test::sample_proof(test::sample_statement().binding);
  scene.text = receipt::write_bundle(bundle).value();
  CHECK_THAT(scene.refusal(), Contains("of an action that its broker runs, not of a gate"));
}
