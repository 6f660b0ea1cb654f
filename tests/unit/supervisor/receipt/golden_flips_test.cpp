// Every byte of every golden signature, changed in turn: refused by pawl, and, for a sample, by the stock
// program.
#include <catch2/catch.hpp>

#include "supervisor/receipt/dsse.hpp"
#include "supervisor/receipt/provenance.hpp"
#include "supervisor/receipt/verdict.hpp"
#include "tests/support/golden_signatures.hpp"
#include "tests/support/sample_receipt.hpp"
#include "tests/support/ssh_keygen.hpp"

using namespace pawl;
using receipt::kApproveNamespace;
using test::SshKeygen;

namespace {

constexpr std::int64_t kReceived = test::kSampleIssued + 60;

std::string flipped(std::string bytes, std::size_t at, int mask) {
  bytes[at] = static_cast<char>(bytes[at] ^ mask);
  return bytes;
}

constexpr std::string_view kBegin = "-----BEGIN SSH SIGNATURE-----\n";
constexpr std::string_view kEnd = "-----END SSH SIGNATURE-----\n";

// What the armor holds, and the armor around it as ssh-keygen folds it.
std::string dearmored(std::string text) {
  text = text.substr(kBegin.size(), text.size() - kBegin.size() - kEnd.size());
  std::erase(text, '\n');
  const Bytes bytes = from_base64(text).value();
  return {bytes.begin(), bytes.end()};
}

std::string armored(const std::string& held) {
  const std::string body = to_base64(as_bytes(held));
  std::string text(kBegin);
  for (std::size_t i = 0; i < body.size(); i += 70) text += body.substr(i, 70) + "\n";
  return text + std::string(kEnd);
}

struct Golden {
  receipt::SignedDecision decision;
  receipt::Credential credential;
  std::string pae;

  explicit Golden(const std::string& kind)
      : decision(test::golden_decision(kind, "approve")),
        credential(receipt::parse_credential(decision.key).value()),
        pae(receipt::pre_authentication_encoding(decision.statement)) {}

  bool holds(const std::string& signature, const std::string& message) const {
    return receipt::check_provenance(signature, credential, kApproveNamespace, as_bytes(message),
                                     {"alice", kReceived, {}})
        .has_value();
  }
};

}  // namespace

TEST_CASE("no byte of a golden signature, statement or key can change, whatever the kind", "[flips][pure]") {
  for (const std::string& kind : test::golden_kinds()) {
    CAPTURE(kind);
    const Golden golden(kind);
    REQUIRE(golden.holds(golden.decision.signature, golden.pae));
    const std::string held = dearmored(golden.decision.signature);
    REQUIRE(armored(held) == golden.decision.signature);
    std::vector<std::size_t> taken;
    for (std::size_t at = 0; at < held.size(); ++at)
      for (const int mask : {0x01, 0x04, 0x80})
        if (golden.holds(armored(flipped(held, at, mask)), golden.pae)) taken.push_back(at);
    for (std::size_t at = 0; at < golden.decision.signature.size(); ++at)
      for (const int mask : {0x01, 0x20})
        if (golden.holds(flipped(golden.decision.signature, at, mask), golden.pae)) taken.push_back(at);
    CHECK(taken.empty());
    for (std::size_t at = 0; at < golden.pae.size(); ++at)
      if (golden.holds(golden.decision.signature, flipped(golden.pae, at, 0x01))) taken.push_back(at);
    CHECK(taken.empty());
    receipt::SignedDecision changed = golden.decision;
    for (std::size_t at = 0; at < changed.statement.size(); ++at) {
      changed.statement = flipped(golden.decision.statement, at, 0x01);
      if (receipt::check_signed(changed, kReceived)) taken.push_back(at);
    }
    CHECK(taken.empty());
    changed = golden.decision;
    for (std::size_t at = 0; at < changed.key.size(); ++at) {
      changed.key = flipped(golden.decision.key, at, 0x01);
      if (receipt::check_signed(changed, kReceived)) taken.push_back(at);
    }
    CHECK(taken.empty());
  }
}

TEST_CASE("the stock ssh-keygen refuses the same changes of golden signatures", "[flips][pure]") {
  if (!SshKeygen::is_installed()) FAIL("ssh-keygen is missing: apt-get install openssh-client");
  SshKeygen keygen;
  const std::string signers = test::read_file(PAWL_SOURCE_ROOT "/tests/golden/receipt/allowed_signers");
  constexpr std::size_t kApart = 23;  // bytes between two changes: each costs a process
  for (const std::string& kind : test::golden_kinds()) {
    CAPTURE(kind);
    const Golden golden(kind);
    const std::string held = dearmored(golden.decision.signature);
    std::vector<SshKeygen::Check> checks = {{golden.decision.signature, golden.pae}};
    for (std::size_t at = kApart; at < held.size(); at += kApart)
      checks.push_back({armored(flipped(held, at, 0x01)), golden.pae});
    for (std::size_t at = 0; at < golden.pae.size(); at += 4 * kApart)
      checks.push_back({golden.decision.signature, flipped(golden.pae, at, 0x01)});
    const std::vector<bool> accepted =
        keygen.verify(signers, "alice", std::string(kApproveNamespace), checks, "20260528201000Z");
    std::vector<bool> expected(checks.size(), false);
    expected[0] = true;
    CHECK(accepted == expected);
  }
}
