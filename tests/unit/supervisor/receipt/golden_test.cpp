// Byte for byte what was signed once with the real ssh-keygen (tests/golden/receipt/README.md): a change here
// breaks every receipt that exists.
#include <catch2/catch.hpp>

#include "supervisor/receipt/bundle.hpp"
#include "supervisor/receipt/canonical_json.hpp"
#include "supervisor/receipt/digest.hpp"
#include "supervisor/receipt/dsse.hpp"
#include "supervisor/receipt/sshsig.hpp"
#include "tests/support/sample_receipt.hpp"
#include "tests/support/temporary_directory.hpp"

using namespace pawl;

namespace {

std::string golden(const std::string& name) {
  return test::read_file(PAWL_SOURCE_ROOT "/tests/golden/receipt/" + name);
}

}  // namespace

TEST_CASE("golden: the sample action's document and rendering") {
  const std::string document = receipt::write_document(test::sample_document()).value();
  CHECK(document == golden("document.json"));
  CHECK(receipt::render(receipt::read_document(golden("document.json")).value()) == golden("document.txt"));
}

TEST_CASE("golden: statement and pre-authentication encoding for each verdict") {
  receipt::Statement statement = test::sample_statement("alice");
  CHECK(receipt::write_statement(statement).value() == golden("approve.json"));
  CHECK(receipt::pre_authentication_encoding(golden("approve.json")) == golden("approve.pae"));
  statement.verdict = receipt::Verdict::deny;
  statement.reason = "use a rolling update";
  CHECK(receipt::write_statement(statement).value() == golden("deny.json"));
  CHECK(receipt::pre_authentication_encoding(golden("deny.json")) == golden("deny.pae"));
}

TEST_CASE("golden: ssh-keygen's signatures of each key kind hold") {
  const std::string kind = GENERATE("ed25519", "ecdsa", "rsa");
  const std::string verb = GENERATE("approve", "deny");
  CAPTURE(kind, verb);
  std::string line = golden(kind + ".pub");
  line.pop_back();
  const auto verdict = verb == "approve" ? receipt::Verdict::approve : receipt::Verdict::deny;
  const receipt::SignedDecision decision{golden(verb + ".json"), golden(verb + "." + kind + ".sig"), "alice",
                                         line};
  const auto statement = receipt::check_signed(decision);
  REQUIRE(statement);
  CHECK(statement->verdict == verdict);
}

TEST_CASE("golden: a whole receipt verifies against its allowed signers") {
  const auto report = receipt::verify_bundle(receipt::read_bundle(golden("receipt.json")).value(),
                                             golden("allowed_signers"), 1);
  REQUIRE(report);
  CHECK(report->approvals.size() == 1);
  CHECK(report->approvals[0].reason == "rollout as planned");
}
