// Certificates of an SSH authority: one person, one while, nothing else.
#include "supervisor/receipt/certificate.hpp"

#include <catch2/catch.hpp>

#include "supervisor/receipt/allowed_signers.hpp"
#include "supervisor/receipt/provenance.hpp"
#include "supervisor/receipt/verdict.hpp"
#include "tests/support/device.hpp"
#include "tests/support/issuer.hpp"
#include "tests/support/signer.hpp"
#include "tests/support/ssh_keygen.hpp"

using namespace pawl;
using receipt::Credential;
using receipt::kApproveNamespace;
using test::Issue;
using test::Signer;
using test::SshKeygen;

namespace {

const std::string kMessage = "the message";
constexpr std::int64_t kNow = 1'780'000'000;

Result<receipt::Provenance> check(const std::string& armored, const receipt::PublicKey& authority,
                                  const std::string& person = "alice", std::int64_t now = kNow) {
  return receipt::check_provenance(armored, {Credential::Kind::authority, authority, {}}, kApproveNamespace,
                                   as_bytes(kMessage), {person, now, {}});
}

// alice's key with a certificate of these words.
std::string signed_with(const Issue& what, const Signer& authority = Signer(9)) {
  const Signer alice(1);
  return alice.sign_certified(issue(authority, alice.key(), what), kApproveNamespace, kMessage);
}

std::string complaint(const Issue& what) {
  const auto made = check(signed_with(what), Signer(9).key());
  return made ? std::string("taken") : made.error().trail;
}

}  // namespace

TEST_CASE("a certificate counts for the one person that it names, and says who issued it") {
  const Signer authority(9);
  const auto made = check(signed_with({}), authority.key());
  REQUIRE(made);
  CHECK(made->key == Signer(1).key());
  REQUIRE(made->certificate);
  CHECK(made->certificate->serial == 12);
  CHECK(made->certificate->key_id == "alice's laptop");
  CHECK(made->certificate->authority == authority.key());
  CHECK(made->certificate->expires == 1'780'090'000);
  CHECK_FALSE(check(signed_with({}), authority.key(), "bob"));
  CHECK_FALSE(check(signed_with({}), Signer(8).key()));
  CHECK_FALSE(check(signed_with({}, Signer(8)), authority.key()));
}

TEST_CASE("a certificate that ssh would take and pawl must not is refused") {
  using Catch::Matchers::Contains;
  CHECK(complaint({}) == "taken");
  CHECK(complaint({.extensions = {}}) == "taken");
  CHECK_THAT(complaint({.type = 2}), Contains("not one of a user"));
  CHECK_THAT(complaint({.principals = {}}), Contains("not for alice alone"));
  CHECK_THAT(complaint({.principals = {"alice", "bob"}}), Contains("not for alice alone"));
  CHECK_THAT(complaint({.principals = {"alice", "alice"}}), Contains("not for alice alone"));
  CHECK_THAT(complaint({.principals = {"ali*"}}), Contains("not for alice alone"));
  CHECK_THAT(complaint({.principals = {"alice "}}), Contains("not for alice alone"));
  CHECK_THAT(complaint({.critical_options = {{"force-command", "/bin/true"}}}), Contains("critical options"));
  CHECK_THAT(complaint({.critical_options = {{"verify-required", ""}}}), Contains("critical options"));
  CHECK_THAT(complaint({.valid_before = receipt::kForever}), Contains("for ever"));
  CHECK_THAT(complaint({.valid_after = 0, .valid_before = receipt::kForever}), Contains("for ever"));
  CHECK_THAT(complaint({.valid_before = static_cast<std::uint64_t>(kNow)}), Contains("expired"));
  CHECK_THAT(complaint({.valid_after = static_cast<std::uint64_t>(kNow) + 1}), Contains("not valid yet"));
  CHECK(complaint({.valid_after = static_cast<std::uint64_t>(kNow)}) == "taken");
  CHECK(complaint({.valid_after = 0}) == "taken");
}

TEST_CASE("a certificate holds from its first second to its last, by the time that the caller gives") {
  const std::string armored = signed_with({.valid_after = 1000, .valid_before = 2000});
  const receipt::PublicKey authority = Signer(9).key();
  CHECK_FALSE(check(armored, authority, "alice", 999));
  CHECK(check(armored, authority, "alice", 1000));
  CHECK(check(armored, authority, "alice", 1999));
  CHECK_FALSE(check(armored, authority, "alice", 2000));
  CHECK_FALSE(check(armored, authority, "alice", 0));
  CHECK_FALSE(check(signed_with({.valid_after = 0}), authority, "alice", -1));
}

TEST_CASE("malformed certificates are refused where they are read") {
  const Signer alice(1), authority(9);
  const Bytes good = issue(authority, alice.key());
  REQUIRE(receipt::parse_certificate(good));
  CHECK(receipt::is_certificate(good));
  CHECK_FALSE(receipt::is_certificate(alice.key().blob));
  CHECK_FALSE(receipt::parse_certificate(alice.key().blob));
  CHECK_FALSE(receipt::parse_certificate(issue(authority, alice.key(), {.reserved = "x"})));
  CHECK_FALSE(receipt::parse_certificate(issue(authority, alice.key(), {.key_id = std::string(1025, 'k')})));
  CHECK_FALSE(receipt::parse_certificate(issue(authority, alice.key(), {.key_id = "\xff"})));
  Bytes longer = good;
  longer.push_back(0);
  CHECK_FALSE(receipt::parse_certificate(longer));
  for (std::size_t size = 0; size < good.size(); ++size)
    CHECK_FALSE(receipt::parse_certificate(ByteSpan(good).first(size)));
}

TEST_CASE("no byte of a certificate can change under a signature") {
  const Signer alice(1), authority(9);
  const Bytes good = issue(authority, alice.key());
  std::vector<std::size_t> taken;
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (const int mask : {0x01, 0x80}) {
      Bytes changed = good;
      changed[at] = static_cast<std::uint8_t>(changed[at] ^ mask);
      const auto parsed = receipt::parse_certificate(changed);
      if (parsed && receipt::check_certificate(*parsed, {authority.key(), "alice", kNow}))
        taken.push_back(at);
    }
  }
  CHECK(taken.empty());
}

TEST_CASE("a certificate signed by nobody, or by another than it says, is refused") {
  const Signer alice(1), authority(9), other(8);
  const Bytes good = issue(authority, alice.key());
  const Bytes said(good.begin(), good.end() - 4 - 83);  // an ed25519 signature string has 83 bytes
  CHECK(check(signed_with({.signature = authority.sign_bytes(said)}), authority.key()));
  CHECK_FALSE(check(signed_with({.signature = other.sign_bytes(said)}), authority.key()));
  CHECK_FALSE(check(signed_with({.signature = Bytes(83)}), authority.key()));
}

TEST_CASE(
    "a key with a certificate does not sign under its own enrolment, nor without one under the authority's") {
  const Signer alice(1), authority(9);
  const auto as_key = [&](const std::string& armored) {
    return receipt::verify(armored, alice.key(), kApproveNamespace, as_bytes(kMessage)).has_value();
  };
  CHECK(as_key(alice.sign(kApproveNamespace, kMessage)));
  CHECK_FALSE(as_key(signed_with({})));
  CHECK_FALSE(check(alice.sign(kApproveNamespace, kMessage), authority.key()));
  CHECK_FALSE(check(authority.sign(kApproveNamespace, kMessage), authority.key()));
}

TEST_CASE("an authority that is a security key issues with a touch") {
  const test::Device device(5, "ssh:");
  const auto parsed = receipt::parse_credential("cert-authority " + receipt::key_line(device.key()));
  REQUIRE(parsed);
  CHECK(parsed->kind == Credential::Kind::authority);
  CHECK_FALSE(receipt::is_hardware(*parsed));
  CHECK_FALSE(receipt::parse_credential("cert-authority " +
                                        receipt::key_line(test::Device(5, "pawl.example.com").key())));
}

TEST_CASE("certificates of each kind by authorities of each kind, as ssh-keygen issues them") {
  if (!SshKeygen::is_installed()) FAIL("ssh-keygen is missing: apt-get install openssh-client");
  SshKeygen::use_security_key();
  SshKeygen keygen;
  const auto now = std::time(nullptr);
  const std::string authority_type = GENERATE("ed25519", "ecdsa", "rsa", "ed25519-sk", "ecdsa-sk");
  CAPTURE(authority_type);
  const auto bits = [](const std::string& type) {
    return type == "rsa" ? "2048" : type == "ecdsa" ? "256" : "";
  };
  const auto authority =
      receipt::parse_public_key(keygen.make_key("authority", authority_type, bits(authority_type))).value();
  const std::string signers =
      receipt::allowed_signers_line("alice", Credential{Credential::Kind::authority, authority, {}}).value() +
      "\n";
  CHECK(signers.starts_with("alice cert-authority,namespaces="));
  const auto stock = [&](const std::string& armored) -> bool {
    return keygen.verify(signers, "alice", std::string(kApproveNamespace), {{armored, kMessage}}).at(0);
  };
  std::vector<std::string> types = {"ed25519"};
  if (authority_type == "ed25519") types = {"ed25519", "ecdsa", "rsa", "ed25519-sk", "ecdsa-sk"};
  for (const std::string& type : types) {
    CAPTURE(type);
    const std::string name = "alice-" + type;
    keygen.make_key(name, type, bits(type));
    keygen.run({"-q", "-s", keygen.path("authority"), "-I", "an id", "-n", "alice", "-z", "77", "-V",
                "-1m:+5m", keygen.path(name + ".pub")});
    const std::string armored = keygen.sign(name + "-cert.pub", std::string(kApproveNamespace), kMessage);
    const auto made = check(armored, authority, "alice", now);
    REQUIRE(made);
    CHECK(made->certificate->serial == 77);
    CHECK(made->certificate->key_id == "an id");
    CHECK(made->device.has_value() == type.ends_with("-sk"));
    CHECK(stock(armored));
    CHECK_FALSE(check(armored, authority, "bob", now));
    CHECK_FALSE(check(armored, authority, "alice", now + 600));
  }
  // What the stock program accepts and pawl does not: two names, for ever, critical options.
  keygen.make_key("alice", "ed25519");
  const auto issued = [&](const std::vector<std::string>& words) {
    std::vector<std::string> arguments = {"-q", "-s", keygen.path("authority"), "-I", "an id"};
    arguments.insert(arguments.end(), words.begin(), words.end());
    arguments.push_back(keygen.path("alice.pub"));
    keygen.run(arguments);
    return keygen.sign("alice-cert.pub", std::string(kApproveNamespace), kMessage);
  };
  for (const auto& words : std::vector<std::vector<std::string>>{
           {"-n", "alice,bob", "-V", "-1m:+5m"},
           {"-n", "alice"},
           {"-n", "alice", "-V", "-1m:+5m", "-O", "force-command=/bin/true"},
       }) {
    CAPTURE(words);
    const std::string armored = issued(words);
    CHECK(stock(armored));
    CHECK_FALSE(check(armored, authority, "alice", now));
  }
}

TEST_CASE("an rsa authority signs by SHA-2, never by SHA-1") {
  SshKeygen keygen;
  const auto authority = receipt::parse_public_key(keygen.make_key("authority", "rsa", "2048")).value();
  keygen.make_key("alice", "ed25519");
  const std::string algorithm = GENERATE("rsa-sha2-256", "rsa-sha2-512", "ssh-rsa");
  CAPTURE(algorithm);
  keygen.run({"-q", "-s", keygen.path("authority"), "-t", algorithm, "-I", "an id", "-n", "alice", "-V",
              "-1m:+5m", keygen.path("alice.pub")});
  const auto made = check(keygen.sign("alice-cert.pub", std::string(kApproveNamespace), kMessage), authority,
                          "alice", std::time(nullptr));
  CHECK(made.has_value() == (algorithm != "ssh-rsa"));
}
