#include "supervisor/receipt/bundle.hpp"

#include <catch2/catch.hpp>

#include "supervisor/receipt/allowed_signers.hpp"
#include "supervisor/receipt/digest.hpp"
#include "tests/support/sample_proof.hpp"
#include "tests/support/sample_receipt.hpp"
#include "tests/support/signer.hpp"

using namespace pawl;
using receipt::Bundle;
using receipt::Verdict;
using receipt::verify_bundle;

namespace {

const test::Signer alice(1), bob(2), alice_other(3), mallory(9);

std::string signers() {
  return receipt::allowed_signers_line("alice", alice.key()).value() + "\n" +
         receipt::allowed_signers_line("alice", alice_other.key()).value() + "\n" +
         receipt::allowed_signers_line("bob", bob.key()).value() + "\n";
}

Bundle bundle_of(std::vector<receipt::SignedDecision> decisions) {
  Bundle bundle;
  bundle.document = receipt::write_document(test::sample_document()).value();
  bundle.decisions = std::move(decisions);
  return bundle;
}

}  // namespace

TEST_CASE("a receipt survives being written and read") {
  Bundle bundle = bundle_of({alice.decide(test::sample_statement("alice"))});
  bundle.consumed = test::sample_proof(test::sample_statement().binding);
  CHECK(receipt::read_bundle(receipt::write_bundle(bundle).value()).value() == bundle);
}

TEST_CASE("a receipt is verified offline against the allowed signers") {
  Bundle bundle =
      bundle_of({alice.decide(test::sample_statement("alice")), bob.decide(test::sample_statement("bob"))});
  bundle.consumed = test::sample_proof(test::sample_statement().binding);
  const auto report = verify_bundle(bundle, signers(), 2);
  REQUIRE(report);
  CHECK(report->approvals.size() == 2);
  CHECK(report->binding.launcher == "carol");
  CHECK(receipt::action_of(report->document) == "deploy");
  // Whose log it is, the key tells.
  REQUIRE(report->checkpoint);
  CHECK(test::log_signer().key().check(*report->checkpoint));
  CHECK_FALSE(receipt::LogSigner::generate("pawl/prod").value().key().check(*report->checkpoint));
  CHECK_FALSE(verify_bundle(bundle, signers(), 3));
  CHECK_FALSE(verify_bundle(bundle, signers(), 0));
  CHECK_FALSE(verify_bundle(bundle, "", 1));
}

TEST_CASE("where the signers' file names a log, that log must hold the entry which burned the receipt") {
  Bundle bundle =
      bundle_of({alice.decide(test::sample_statement("alice")), bob.decide(test::sample_statement("bob"))});
  bundle.consumed = test::sample_proof(test::sample_statement().binding);
  const std::string own = receipt::log_key_line(test::log_signer().key()) + "\n";
  const std::string other =
      receipt::log_key_line(receipt::LogSigner::generate("pawl/prod").value().key()) + "\n";
  CHECK(verify_bundle(bundle, own + signers(), 2));
  CHECK(verify_bundle(bundle, other + own + signers(), 2));
  CHECK_FALSE(verify_bundle(bundle, other + signers(), 2));
  CHECK_FALSE(verify_bundle(bundle, "# pawl-log-key nonsense\n" + signers(), 2));
}

TEST_CASE("two keys of one person are one approval") {
  CHECK_FALSE(verify_bundle(bundle_of({alice.decide(test::sample_statement("alice")),
                                       alice_other.decide(test::sample_statement("alice"))}),
                            signers(), 2));
}

TEST_CASE("a denial in a receipt ends it, however many approve") {
  receipt::Statement denial = test::sample_statement("bob");
  denial.verdict = Verdict::deny;
  denial.reason = "use a rolling update";
  const auto report = verify_bundle(
      bundle_of({alice.decide(test::sample_statement("alice")), bob.decide(denial)}), signers(), 1);
  REQUIRE_FALSE(report);
  CHECK(report.error().trail.find("use a rolling update") != std::string::npos);
}

TEST_CASE("a receipt whose parts do not belong together is refused") {
  Bundle bundle = bundle_of({alice.decide(test::sample_statement("alice"))});
  bundle.consumed = test::sample_proof(test::sample_statement().binding);
  REQUIRE(verify_bundle(bundle, signers(), 1));
  receipt::Statement other = test::sample_statement("bob");
  SECTION("another document") {
    receipt::ActionDocument document = test::sample_document();
    document.argv[2] = "db";
    bundle.document = receipt::write_document(document).value();
  }
  SECTION("decisions for two requests") {
    other.binding.request[0] = '0';
    bundle.decisions.push_back(bob.decide(other));
  }
  SECTION("another text was shown") {
    receipt::Statement statement = test::sample_statement("alice");
    statement.binding.rendered[0] ^= 1;
    bundle.decisions = {alice.decide(statement)};
  }
  SECTION("an unknown renderer") {
    receipt::Statement statement = test::sample_statement("alice");
    statement.binding.renderer = 2;
    bundle.decisions = {alice.decide(statement)};
  }
  SECTION("a key that is nobody's") { bundle.decisions = {mallory.decide(test::sample_statement("alice"))}; }
  SECTION("a person under another's key") {
    bundle.decisions = {bob.decide(test::sample_statement("alice"))};
  }
  SECTION("a person that the statement does not name") { bundle.decisions[0].person = "bob"; }
  SECTION("another key line") { bundle.decisions[0].key = bob.line(); }
  SECTION("a decision from outside the request's life") {
    receipt::Statement statement = test::sample_statement("alice");
    statement.time = statement.binding.expires + 400;
    bundle.decisions = {alice.decide(statement)};
  }
  SECTION("nobody decided") { bundle.decisions.clear(); }
  SECTION("a proof with another path") { bundle.consumed->path[1][0] ^= 1; }
  SECTION("a proof with a shorter path") { bundle.consumed->path.pop_back(); }
  SECTION("a proof with another checkpoint") {
    bundle.consumed->checkpoint = test::log_signer().sign({9, receipt::sha256("other")}).value();
  }
  SECTION("a proof with a checkpoint of before") {
    bundle.consumed->checkpoint = test::log_signer().sign({7, receipt::sha256("other")}).value();
  }
  SECTION("a proof with no checkpoint") { bundle.consumed->checkpoint = "none"; }
  SECTION("a proof with another index") { bundle.consumed->index = 8; }
  SECTION("a proof of another kind") { bundle.consumed = test::sample_proof(other.binding, "request"); }
  SECTION("a proof for another request") {
    other.binding.request[0] = '0';
    bundle.consumed = test::sample_proof(other.binding);
  }
  SECTION("a proof for another broker") {
    other.binding.audience = "other";
    bundle.consumed = test::sample_proof(other.binding);
  }
  SECTION("a proof that is no entry") { bundle.consumed->entry = "[]"; }
  CHECK_FALSE(verify_bundle(bundle, signers(), 1));
}

TEST_CASE("a key that may only deny cannot approve") {
  const std::string only_deny = "alice namespaces=\"deny.v1@pawl\" " + alice.line() + "\n";
  CHECK_FALSE(verify_bundle(bundle_of({alice.decide(test::sample_statement("alice"))}), only_deny, 1));
}

TEST_CASE("malformed receipts are refused") {
  const std::string good =
      receipt::write_bundle(bundle_of({alice.decide(test::sample_statement("alice"))})).value();
  REQUIRE(receipt::read_bundle(good));
  CHECK_FALSE(receipt::read_bundle(""));
  CHECK_FALSE(receipt::read_bundle("{}"));
  CHECK_FALSE(receipt::read_bundle(good + "\n"));
  CHECK_FALSE(receipt::read_bundle(good.substr(0, good.size() / 2)));
  std::string newer = good;
  newer.replace(newer.rfind("\"version\":1}"), 12, "\"version\":2}");
  CHECK_FALSE(receipt::read_bundle(newer));
}
