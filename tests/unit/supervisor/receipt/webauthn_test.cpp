// Passkeys: the browser wraps what is signed, and nearly everything in its wrapping can lie.
#include "supervisor/receipt/webauthn.hpp"

#include <catch2/catch.hpp>

#include "supervisor/receipt/allowed_signers.hpp"
#include "supervisor/receipt/client_data.hpp"
#include "supervisor/receipt/provenance.hpp"
#include "supervisor/receipt/verdict.hpp"
#include "tests/support/device.hpp"
#include "tests/support/ssh_keygen.hpp"

using namespace pawl;
using receipt::Backup;
using receipt::Credential;
using receipt::kApproveNamespace;
using test::Device;
using test::SshKeygen;
using Report = Device::Report;

namespace {

const std::string kMessage = "the message";
const std::string kHost = "pawl.example.com";
const std::string kOrigin = "https://pawl.example.com";
constexpr std::string_view kNotCrossed = R"(,"crossOrigin":false)";

Credential enrolled(Backup backup = Backup::none) {
  return {Credential::Kind::passkey, Device(6, kHost).key(), {kOrigin, backup}};
}

Result<receipt::Provenance> check(const std::string& armored, const Credential& credential = enrolled(),
                                  receipt::UserVerification verification = {}) {
  return receipt::check_provenance(armored, credential, kApproveNamespace, as_bytes(kMessage),
                                   {"alice", 0, {verification}});
}

std::string assertion(const Report& report) {
  return Device(6, kHost).assertion(kApproveNamespace, kMessage, report);
}

std::string challenge() {
  return receipt::to_base64url(receipt::to_be_signed(kApproveNamespace, as_bytes(kMessage)));
}

std::string client_data(const std::string& rest) {
  return R"({"type":"webauthn.get","challenge":")" + challenge() + R"(","origin":")" + kOrigin + "\"" + rest;
}

}  // namespace

TEST_CASE("a passkey's assertion over the to-be-signed bytes holds, and says from which page it came") {
  const auto made = check(assertion({.flags = 0x05, .counter = 3, .members = std::string(kNotCrossed)}));
  REQUIRE(made);
  CHECK(made->origin == kOrigin);
  CHECK(made->device == receipt::Provenance::Device{true, 3});
  CHECK(check(assertion({})));  // browsers may leave crossOrigin out
  CHECK(check(
      assertion({.members = R"(,"crossOrigin":false,"other_keys_can_be_added_here":"do not compare")"})));
  CHECK(check(assertion({.members = R"(,"nested":{"a":[1,2.5,null],"b":{"a":true}})"})));
}

TEST_CASE("of another message, namespace, key, page or enrolment a passkey's assertion is refused") {
  const std::string good = assertion({});
  REQUIRE(check(good));
  const Device device(6, kHost);
  CHECK_FALSE(check(device.assertion(kApproveNamespace, "another", {})));
  CHECK_FALSE(check(device.assertion(receipt::kDenyNamespace, kMessage, {})));
  CHECK_FALSE(check(Device(7, kHost).assertion(kApproveNamespace, kMessage, {})));
  CHECK_FALSE(check(Device(6, "example.com").assertion(kApproveNamespace, kMessage, {})));
  Credential elsewhere = enrolled();
  elsewhere.passkey.origin = kOrigin + ":8443";
  CHECK_FALSE(check(good, elsewhere));
}

TEST_CASE("a plain signature under a passkey, and an assertion under a plain enrolment, are refused") {
  const Device device(6, kHost);
  CHECK_FALSE(check(device.touch(kApproveNamespace, kMessage, {})));
  const Credential plain{Credential::Kind::key, device.key(), {}};
  CHECK_FALSE(check(assertion({}), plain));
  CHECK_FALSE(receipt::verify(assertion({}), device.key(), kApproveNamespace, as_bytes(kMessage)));
  // The same of a key that is an ssh one indeed.
  const Device ssh(6, "ssh:");
  CHECK_FALSE(check(ssh.assertion(kApproveNamespace, kMessage, {}), {Credential::Kind::key, ssh.key(), {}}));
}

TEST_CASE(
    "a passkey's flags: touched, verified where asked, no attested data, no extensions, backup as enrolled") {
  for (unsigned flags = 0; flags < 256; ++flags) {
    CAPTURE(flags);
    const std::string armored = assertion({.flags = static_cast<std::uint8_t>(flags)});
    const unsigned rest = flags & ~0x04U;  // verified or not
    CHECK(check(armored, enrolled(Backup::none)).has_value() == (rest == 0x01));
    CHECK(check(armored, enrolled(Backup::eligible)).has_value() == (rest == 0x09));
    CHECK(check(armored, enrolled(Backup::synced)).has_value() == (rest == 0x19));
  }
  using enum receipt::UserVerification;
  CHECK_FALSE(check(assertion({.flags = 0x01}), enrolled(), required));
  CHECK(check(assertion({.flags = 0x05}), enrolled(), required));
  CHECK_FALSE(check(assertion({.flags = 0x81, .extensions = "\xa0"})));
  CHECK_FALSE(check(assertion({.flags = 0x01, .extensions = "\xa0"})));
}

TEST_CASE("clientDataJSON is one strict object for this challenge and page, not embedded elsewhere") {
  const auto taken = [](const std::string& data) {
    return check(assertion({.client_data = data})).has_value();
  };
  REQUIRE(taken(client_data("}")));
  REQUIRE(taken(client_data(R"(,"crossOrigin":false})")));
  for (const std::string& data : {
           client_data(R"(,"crossOrigin":true})"),
           client_data(R"(,"crossOrigin":null})"),
           client_data(R"(,"crossOrigin":"false"})"),
           client_data(R"(,"topOrigin":"https://evil.example.net"})"),
           client_data(R"(,"crossOrigin":false,"topOrigin":null})"),
           // Another key than it looks, or one twice.
           client_data(R"(,"crossOrigin":true,"crossOrigin":false})"),
           client_data(R"(,"crossOrig\u0069n":true})"),
           client_data(R"(,"top\u004frigin":"x"})"),
           client_data(R"(,"origin":"https://evil.example.net"})"),
           client_data(R"(,"orig\u0069n":"https://evil.example.net"})"),
           client_data(R"(,"type":"webauthn.create"})"),
           client_data(R"(,"challenge":"AAAA"})"),
           client_data(R"(,"a":1,"a":1})"),
           client_data(R"(,"a":{"b":1,"b":1}})"),
           // Not one object.
           client_data("} "),
           client_data("}{}"),
           client_data(",}"),
           client_data(""),
           client_data(R"(,"a":tru})"),
           client_data(",\"a\":\"\xff\"}"),
           client_data(",\"a\":\"\n\"}"),
           client_data(R"(,"a":[[[[[[[[[1]]]]]]]]]})"),
           client_data(R"(,"a":")" + std::string(4096, 'a') + R"("})"),
           " " + client_data("}"),
           "[" + client_data("}") + "]",
           // Spelled in another way than browsers do.
           R"({"type":"webauthn.get", "challenge":")" + challenge() + R"(","origin":")" + kOrigin + R"("})",
           R"({"challenge":")" + challenge() + R"(","type":"webauthn.get","origin":")" + kOrigin + R"("})",
           R"({"type":"webauthn.get","challenge":")" + challenge() + R"(=","origin":")" + kOrigin + R"("})",
           R"({"type":"webauthn.create","challenge":")" + challenge() + R"(","origin":")" + kOrigin + R"("})",
           R"({"type":"webauthn.get","challenge":")" + challenge() +
               R"(","origin":"https://pawl.example.com.evil.net"})",
           R"({"type":"webauthn.get","challenge":")" + challenge() +
               R"(","origin":"https:\/\/pawl.example.com"})",
           std::string(),
           std::string("{}"),
       }) {
    CAPTURE(data);
    CHECK_FALSE(taken(data));
  }
}

TEST_CASE("OpenSSH's own WebAuthn vector holds, and for its page alone") {
  // From its regression tests (unittests/sshsig/testdata/ecdsa_sk_webauthn.*): made by a browser.
  const std::string golden = PAWL_SOURCE_ROOT "/tests/golden/receipt/openssh-webauthn";
  const std::string armored = test::read_file(golden + ".sig");
  std::string line = test::read_file(golden + ".pub");
  line.pop_back();
  constexpr std::string_view message = "This is a test, this is only a test";
  const auto holds = [&](const std::string& rest) {
    const auto credential = receipt::parse_credential(line + rest);
    return credential &&
           receipt::check_provenance(armored, *credential, "unittest", as_bytes(message), {"alice", 0, {}});
  };
  CHECK(holds(" origin=https://www.mindrot.org backup=none"));
  CHECK_FALSE(holds(" origin=https://mindrot.org backup=none"));
  CHECK_FALSE(holds(" origin=https://www.mindrot.org backup=synced"));
  CHECK_FALSE(holds(""));
}

TEST_CASE("stock ssh-keygen accepts a passkey's assertion, and more than pawl does") {
  if (!SshKeygen::is_installed()) FAIL("ssh-keygen is missing: apt-get install openssh-client");
  SshKeygen keygen;
  const std::string signers = receipt::allowed_signers_line("alice", enrolled()).value() + "\n";
  const auto stock = [&](const std::string& armored) -> bool {
    return keygen.verify(signers, "alice", std::string(kApproveNamespace), {{armored, kMessage}}).at(0);
  };
  CHECK(stock(assertion({})));
  CHECK(stock(assertion({.flags = 0x05, .members = std::string(kNotCrossed)})));
  for (const Report& report : std::vector<Report>{
           {.flags = 0x00},
           {.flags = 0x19},
           {.flags = 0x81, .extensions = "\xa0"},
           {.origin = "https://evil.example.net"},
           {.members = R"(,"crossOrigin":true)"},
           {.members = R"(,"topOrigin":"https://evil.example.net")"},
           {.members = R"(,"crossOrigin":false,"crossOrigin":false)"},
           {.client_data = client_data(",not JSON at all")},
       }) {
    const std::string armored = assertion(report);
    CHECK(stock(armored));
    CHECK_FALSE(check(armored));
  }
}
