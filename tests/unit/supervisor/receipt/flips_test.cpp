// Every byte that is signed or hashed, changed in turn: refused by pawl and by the stock ssh-keygen.
#include <catch2/catch.hpp>

#include "supervisor/receipt/allowed_signers.hpp"
#include "supervisor/receipt/bundle.hpp"
#include "supervisor/receipt/digest.hpp"
#include "supervisor/receipt/dsse.hpp"
#include "supervisor/receipt/sshsig.hpp"
#include "tests/support/sample_receipt.hpp"
#include "tests/support/signer.hpp"
#include "tests/support/ssh_keygen.hpp"

using namespace pawl;
using receipt::kApproveNamespace;
using test::SshKeygen;

namespace {

std::string flipped(std::string bytes, std::size_t at, int mask) {
  bytes[at] = static_cast<char>(bytes[at] ^ mask);
  return bytes;
}

constexpr std::string_view kBegin = "-----BEGIN SSH SIGNATURE-----\n";
constexpr std::string_view kEnd = "-----END SSH SIGNATURE-----\n";

std::string dearmored(std::string text) {
  text = text.substr(kBegin.size(), text.size() - kBegin.size() - kEnd.size());
  std::erase(text, '\n');
  const Bytes bytes = from_base64(text).value();
  return {bytes.begin(), bytes.end()};
}

std::string armored(const std::string& held) {
  return std::string(kBegin) + to_base64(as_bytes(held)) + "\n" + std::string(kEnd);
}

struct Receipt {
  SshKeygen keygen;
  std::string signers;
  receipt::Bundle bundle;

  explicit Receipt(const std::string& type, const std::string& bits) {
    const auto key = receipt::parse_public_key(keygen.make_key("alice", type, bits)).value();
    signers = receipt::allowed_signers_line("alice", key).value() + "\n";
    bundle.document = receipt::write_document(test::sample_document()).value();
    const std::string statement = receipt::write_statement(test::sample_statement("alice")).value();
    const std::string message = receipt::pre_authentication_encoding(statement);
    bundle.decisions = {{statement, keygen.sign("alice", std::string(kApproveNamespace), message), "alice",
                         receipt::key_line(key)}};
  }
  bool holds(const receipt::Bundle& changed) const {
    return receipt::verify_bundle(changed, signers, 1).has_value();
  }
};

// Positions whose change pawl takes.
std::vector<std::size_t> taken_by_pawl(const Receipt& receipt, std::string& (*part)(receipt::Bundle&)) {
  std::vector<std::size_t> taken;
  receipt::Bundle bundle = receipt.bundle;
  const std::string original = part(bundle);
  for (std::size_t at = 0; at < original.size(); ++at) {
    for (const int mask : {0x01, 0x20, 0x80}) {
      part(bundle) = flipped(original, at, mask);
      if (receipt.holds(bundle)) taken.push_back(at);
    }
  }
  return taken;
}

std::vector<std::size_t> indexes_of(const std::vector<bool>& accepted) {
  std::vector<std::size_t> indexes;
  for (std::size_t i = 0; i < accepted.size(); ++i)
    if (accepted[i]) indexes.push_back(i);
  return indexes;
}

}  // namespace

TEST_CASE("no byte of document, statement or signature can change under a receipt", "[flips]") {
  if (!SshKeygen::is_installed()) FAIL("ssh-keygen is missing: apt-get install openssh-client");
  const auto [type, bits] =
      GENERATE(std::pair("ed25519", ""), std::pair("ecdsa", "256"), std::pair("rsa", "2048"));
  CAPTURE(type);
  const Receipt receipt(type, bits);
  REQUIRE(receipt.holds(receipt.bundle));
  CHECK(taken_by_pawl(receipt, [](receipt::Bundle& b) -> std::string& { return b.document; }).empty());
  CHECK(taken_by_pawl(receipt, [](receipt::Bundle& b) -> std::string& {
          return b.decisions[0].statement;
        }).empty());
  CHECK(taken_by_pawl(receipt, [](receipt::Bundle& b) -> std::string& {
          return b.decisions[0].signature;
        }).empty());
  CHECK(
      taken_by_pawl(receipt, [](receipt::Bundle& b) -> std::string& { return b.decisions[0].key; }).empty());
}

TEST_CASE("the stock ssh-keygen refuses the same changes", "[flips][pure]") {
  if (!SshKeygen::is_installed()) FAIL("ssh-keygen is missing: apt-get install openssh-client");
  Receipt receipt("ed25519", "");
  const receipt::SignedDecision& decision = receipt.bundle.decisions[0];
  const std::string message = receipt::pre_authentication_encoding(decision.statement);
  const auto run = [&](const std::vector<SshKeygen::Check>& checks) {
    return indexes_of(
        receipt.keygen.verify(receipt.signers, "alice", std::string(kApproveNamespace), checks));
  };
  REQUIRE(run({{decision.signature, message}}).size() == 1);

  std::vector<SshKeygen::Check> statements;
  for (std::size_t at = 0; at < decision.statement.size(); ++at)
    statements.push_back(
        {decision.signature, receipt::pre_authentication_encoding(flipped(decision.statement, at, 0x01))});
  CHECK(run(statements).empty());

  // A changed document has another digest, and the statement that names it is not the signed one.
  std::vector<SshKeygen::Check> documents;
  for (std::size_t at = 0; at < receipt.bundle.document.size(); ++at) {
    receipt::Statement statement = test::sample_statement("alice");
    statement.binding.document = receipt::sha256(flipped(receipt.bundle.document, at, 0x01));
    documents.push_back(
        {decision.signature, receipt::pre_authentication_encoding(write_statement(statement).value())});
  }
  CHECK(run(documents).empty());

  // ssh-keygen reads nothing after the END line, so that the line break there may be anything: pawl does not
  // take it.
  std::vector<SshKeygen::Check> signatures;
  for (std::size_t at = 0; at < decision.signature.size(); ++at)
    signatures.push_back({flipped(decision.signature, at, 0x80), message});
  CHECK(run(signatures) == std::vector<std::size_t>{decision.signature.size() - 1});

  // What the armor holds: magic, version, key, namespace, hash and the signature itself.
  const std::string held = dearmored(decision.signature);
  REQUIRE(held.starts_with("SSHSIG"));
  REQUIRE(run({{armored(held), message}}).size() == 1);
  std::vector<SshKeygen::Check> inner;
  for (std::size_t at = 0; at < held.size(); ++at)
    for (const int mask : {0x01, 0x80}) inner.push_back({armored(flipped(held, at, mask)), message});
  // ssh-keygen takes a version below 1, too, which is no part of what is signed: pawl does not.
  constexpr std::size_t kVersion = 9;
  CHECK(run(inner) == std::vector<std::size_t>{2 * kVersion});
  receipt::Bundle older = receipt.bundle;
  older.decisions[0].signature = armored(flipped(held, kVersion, 0x01));
  CHECK_FALSE(receipt.holds(older));
}

TEST_CASE("the stock ssh-keygen accepts what pawl's reviewers sign, and only under the verdict's namespace") {
  SshKeygen keygen;
  const test::Signer alice(1);
  const std::string signers = receipt::allowed_signers_line("alice", alice.key()).value() + "\n";
  receipt::Statement statement = test::sample_statement("alice");
  statement.verdict = GENERATE(receipt::Verdict::approve, receipt::Verdict::deny);
  const receipt::SignedDecision decision = alice.decide(statement);
  const SshKeygen::Check check{decision.signature, receipt::pre_authentication_encoding(decision.statement)};
  const std::string right(receipt::namespace_of(statement.verdict));
  const std::string wrong(right == kApproveNamespace ? receipt::kDenyNamespace : kApproveNamespace);
  CHECK(keygen.verify(signers, "alice", right, {check}) == std::vector{true});
  CHECK(keygen.verify(signers, "alice", wrong, {check}) == std::vector{false});
  CHECK(keygen.verify(signers, "bob", right, {check}) == std::vector{false});
}
