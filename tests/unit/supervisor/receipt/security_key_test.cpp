// Security keys: a touch is demanded whatever the file says, and what stock ssh-keygen lets pass is refused.
#include <catch2/catch.hpp>

#include "supervisor/receipt/allowed_signers.hpp"
#include "supervisor/receipt/provenance.hpp"
#include "supervisor/receipt/verdict.hpp"
#include "tests/support/device.hpp"
#include "tests/support/signer.hpp"
#include "tests/support/ssh_keygen.hpp"

using namespace pawl;
using receipt::check_provenance;
using receipt::Credential;
using receipt::kApproveNamespace;
using test::Device;
using test::SshKeygen;

namespace {

const std::string kMessage = "the message";

Result<receipt::Provenance> check(const std::string& armored, const receipt::PublicKey& key,
                                  receipt::UserVerification verification = {}) {
  return check_provenance(armored, {Credential::Kind::key, key, {}}, kApproveNamespace, as_bytes(kMessage),
                          {"alice", 0, {verification}});
}

// The environment of the middleware, for the next ssh-keygen.
struct Reported {
  Reported(const char* flags, const char* counter) {
    ::setenv("PAWL_TEST_SK_FLAGS", flags, 1);
    ::setenv("PAWL_TEST_SK_COUNTER", counter, 1);
  }
  ~Reported() {
    ::unsetenv("PAWL_TEST_SK_FLAGS");
    ::unsetenv("PAWL_TEST_SK_COUNTER");
  }
};

}  // namespace

TEST_CASE("a touched security key's signature holds, with its counter and whether it verified its user") {
  const Device device(5, "ssh:");
  const auto touched =
      check(device.touch(kApproveNamespace, kMessage, {.flags = 0x01, .counter = 9}), device.key());
  REQUIRE(touched);
  REQUIRE(touched->device);
  CHECK(*touched->device == receipt::Provenance::Device{false, 9});
  CHECK(touched->key == device.key());
  CHECK_FALSE(touched->certificate);
  // A counter that falls, or that is not kept at all, is reported and refuses nothing.
  const auto verified =
      check(device.touch(kApproveNamespace, kMessage, {.flags = 0x05, .counter = 0}), device.key());
  REQUIRE(verified);
  CHECK(*verified->device == receipt::Provenance::Device{true, 0});
  CHECK_FALSE(check(test::Signer(1).sign(kApproveNamespace, kMessage), test::Signer(1).key())->device);
}

TEST_CASE("without a touch, or with flags that have no place there, a security key's signature is refused") {
  const Device device(5, "ssh:");
  for (unsigned flags = 0; flags < 256; ++flags) {
    CAPTURE(flags);
    const std::string armored =
        device.touch(kApproveNamespace, kMessage, {.flags = static_cast<std::uint8_t>(flags)});
    CHECK(check(armored, device.key()).has_value() == (flags == 0x01 || flags == 0x05));
  }
}

TEST_CASE("who has to be verified is refused without it") {
  const Device device(5, "ssh:");
  using enum receipt::UserVerification;
  CHECK(check(device.touch(kApproveNamespace, kMessage, {.flags = 0x05}), device.key(), required));
  const auto touched =
      check(device.touch(kApproveNamespace, kMessage, {.flags = 0x01}), device.key(), required);
  REQUIRE_FALSE(touched);
  CHECK(touched.error().trail.find("did not verify") != std::string::npos);
  // A key in a file verifies nobody.
  const test::Signer file(1);
  CHECK(check(file.sign(kApproveNamespace, kMessage), file.key(), optional));
  CHECK_FALSE(check(file.sign(kApproveNamespace, kMessage), file.key(), required));
}

TEST_CASE("a key for a host's name is a passkey: a plain signature of it is worth nothing") {
  const Device device(5, "pawl.example.com");
  const std::string plain = device.touch(kApproveNamespace, kMessage, {});
  CHECK_FALSE(check(plain, device.key()));
  CHECK_FALSE(receipt::verify(plain, device.key(), kApproveNamespace, as_bytes(kMessage)));
}

TEST_CASE("hardware is told from files by the key alone") {
  CHECK(receipt::is_hardware(Device(5, "ssh:").key()));
  CHECK_FALSE(receipt::is_hardware(test::Signer(1).key()));
  CHECK(receipt::application_of(Device(5, "ssh:release").key()) == "ssh:release");
  CHECK(receipt::application_of(test::Signer(1).key()).empty());
}

TEST_CASE(
    "security keys as ssh-keygen drives them: taken where touched, refused where the stock program accepts") {
  if (!SshKeygen::is_installed()) FAIL("ssh-keygen is missing: apt-get install openssh-client");
  SshKeygen::use_security_key();
  SshKeygen keygen;
  const std::string type = GENERATE("ed25519-sk", "ecdsa-sk");
  CAPTURE(type);
  const auto key = receipt::parse_public_key(keygen.make_key("key", type)).value();
  CHECK(receipt::is_hardware(key));
  const std::string signers = receipt::allowed_signers_line("alice", key).value() + "\n";
  const auto accepted_by_stock = [&](const std::string& armored) -> bool {
    return keygen.verify(signers, "alice", std::string(kApproveNamespace), {{armored, kMessage}}).at(0);
  };
  const auto sign = [&] { return keygen.sign("key", std::string(kApproveNamespace), kMessage); };

  const std::string touched = sign();
  REQUIRE(check(touched, key));
  CHECK(check(touched, key)->device == receipt::Provenance::Device{false, 1});
  CHECK(accepted_by_stock(touched));
  CHECK_FALSE(check_provenance(touched, {Credential::Kind::key, key, {}}, receipt::kDenyNamespace,
                               as_bytes(kMessage), {"alice", 0, {}}));
  {
    const Reported reported("05", "4294967295");
    const std::string verified = sign();
    REQUIRE(check(verified, key, receipt::UserVerification::required));
    CHECK(check(verified, key)->device == receipt::Provenance::Device{true, 4294967295U});
  }
  for (const char* flags : {"00", "04", "41", "81", "03", "21", "09", "19"}) {
    CAPTURE(flags);
    const Reported reported(flags, "2");
    const std::string odd = sign();
    CHECK(accepted_by_stock(odd));
    CHECK_FALSE(check(odd, key));
  }
}
