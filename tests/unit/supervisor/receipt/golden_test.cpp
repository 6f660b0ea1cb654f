// Byte for byte what was signed once with the real ssh-keygen (tests/golden/receipt/README.md): a change here
// breaks every receipt that exists.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <set>

#include "supervisor/receipt/allowed_signers.hpp"
#include "supervisor/receipt/bundle.hpp"
#include "supervisor/receipt/canonical_json.hpp"
#include "supervisor/receipt/digest.hpp"
#include "supervisor/receipt/dsse.hpp"
#include "supervisor/receipt/sshsig.hpp"
#include "tests/support/device.hpp"
#include "tests/support/golden_signatures.hpp"
#include "tests/support/sample_receipt.hpp"
#include "tests/support/ssh_keygen.hpp"
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

TEST_CASE("golden: signatures of every kind hold") {
  for (const std::string& kind : test::golden_kinds()) {
    for (const std::string verb : {"approve", "deny"}) {
      CAPTURE(kind, verb);
      const auto verdict = verb == "approve" ? receipt::Verdict::approve : receipt::Verdict::deny;
      const auto checked = receipt::check_signed(test::golden_decision(kind, verb), test::kSampleIssued + 60);
      REQUIRE(checked);
      CHECK(checked->statement.verdict == verdict);
      CHECK(checked->made.certificate.has_value() == kind.starts_with("cert-"));
      CHECK(checked->made.device.has_value() ==
            (kind == "passkey" || kind.starts_with("sk-") || kind.starts_with("cert-sk-")));
    }
  }
}

TEST_CASE("golden: certificates hold in their time only, other keys at any") {
  for (const std::string& kind : test::golden_kinds()) {
    CAPTURE(kind);
    const auto holds = [&](std::int64_t time) {
      return receipt::check_signed(test::golden_decision(kind, "approve"), time).has_value();
    };
    CHECK(holds(1'777'593'600));  // 2026-05-01
    CHECK(holds(1'782'863'999));  // the second before 2026-07-01
    CHECK(holds(1'777'593'599) != kind.starts_with("cert-"));
    CHECK(holds(1'782'864'000) != kind.starts_with("cert-"));
  }
}

TEST_CASE("golden: whole receipts verify against their allowed signers") {
  for (const std::string& kind : test::golden_kinds()) {
    CAPTURE(kind);
    const std::string name = kind == "ed25519" ? "receipt.json" : "receipt." + kind + ".json";
    const auto report =
        receipt::verify_bundle(receipt::read_bundle(golden(name)).value(), golden("allowed_signers"), 1);
    REQUIRE(report);
    CHECK(report->approvals.size() == 1);
    CHECK(report->approvals[0].reason == "rollout as planned");
    REQUIRE(report->signatures.size() == 1);
    if (kind.starts_with("cert-")) CHECK(report->signatures[0].certificate->serial == 1789);
  }
}

TEST_CASE("golden: stock ssh-keygen accepts every signature by the same allowed signers") {
  if (!test::SshKeygen::is_installed()) FAIL("ssh-keygen is missing: apt-get install openssh-client");
  test::SshKeygen keygen;
  for (const std::string verb : {"approve", "deny"}) {
    std::vector<test::SshKeygen::Check> checks;
    for (const std::string& kind : test::golden_kinds())
      checks.push_back({golden(verb + "." + kind + ".sig"), golden(verb + ".pae")});
    const std::vector<bool> all(checks.size(), true), none(checks.size(), false);
    const std::string signers = golden("allowed_signers");
    CHECK(keygen.verify(signers, "alice", verb + ".v1@pawl", checks, "20260528201000Z") == all);
    CHECK(keygen.verify(signers, "bob", verb + ".v1@pawl", checks, "20260528201000Z") == none);
  }
}

// Not a test: writes the passkey's signatures, every receipt and the allowed signers, after sign.sh and
// sign_more.sh.
TEST_CASE("the golden receipts are made anew where PAWL_GOLDEN_WRITE says so") {
  if (std::getenv("PAWL_GOLDEN_WRITE") == nullptr) return;
  const auto write = [](const std::string& name, const std::string& text) {
    test::write_file(PAWL_SOURCE_ROOT "/tests/golden/receipt/" + name, text);
  };
  const test::Device device(6, "example.com");
  const receipt::Credential passkey{receipt::Credential::Kind::passkey,
                                    device.key(),
                                    {"https://pawl.example.com:8443", receipt::Backup::eligible}};
  write("passkey.pub", receipt::credential_line(passkey) + "\n");
  for (const std::string verb : {"approve", "deny"})
    write(verb + ".passkey.sig", device.assertion(verb + ".v1@pawl", golden(verb + ".pae"),
                                                  {.flags = 0x0d,
                                                   .counter = 0,
                                                   .origin = passkey.passkey.origin,
                                                   .members = ",\"crossOrigin\":false"}));
  std::set<std::string> lines;
  for (const std::string& kind : test::golden_kinds()) {
    const receipt::Bundle bundle{.document = golden("document.json"),
                                 .decisions = {test::golden_decision(kind, "approve")},
                                 .consumed = std::nullopt};
    write(kind == "ed25519" ? "receipt.json" : "receipt." + kind + ".json",
          receipt::write_bundle(bundle).value());
    const auto credential = receipt::parse_credential(bundle.decisions[0].key).value();
    lines.insert(receipt::allowed_signers_line("alice", credential).value() + "\n");
  }
  std::string signers;
  for (const std::string& line : lines) signers += line;
  write("allowed_signers", signers);
}
