#include "supervisor/receipt/public_key.hpp"

#include <catch2/catch.hpp>

#include "supervisor/receipt/ssh_wire.hpp"
#include "tests/support/signer.hpp"
#include "tests/support/ssh_keygen.hpp"

using namespace pawl;
using receipt::KeyKind;
using receipt::parse_key_blob;
using receipt::parse_public_key;
using receipt::SshWriter;

namespace {

Bytes blob_of(std::string_view type, std::initializer_list<Bytes> parts) {
  SshWriter writer;
  writer.string(type);
  for (const Bytes& part : parts) writer.string(part);
  return std::move(writer).take();
}

Bytes rsa_modulus(std::size_t bytes) {
  Bytes modulus(bytes, 0x7f);
  modulus.back() |= 1;
  return modulus;
}

}  // namespace

TEST_CASE("keys that ssh-keygen makes are read and printed unchanged") {
  if (!test::SshKeygen::is_installed()) FAIL("ssh-keygen is missing: apt-get install openssh-client");
  test::SshKeygen keygen;
  const auto check = [&](const std::string& type, const std::string& bits, KeyKind kind) {
    const std::string line = keygen.make_key(type, type, bits);
    const auto key = parse_public_key(line);
    REQUIRE(key);
    CHECK(key->kind == kind);
    CHECK(line == receipt::key_line(*key) + " " + type);
    CHECK(parse_key_blob(key->blob).value() == *key);
  };
  check("ed25519", "", KeyKind::ed25519);
  check("ecdsa", "256", KeyKind::ecdsa_p256);
  check("rsa", "2048", KeyKind::rsa);
}

TEST_CASE("a fingerprint is spelled as ssh-keygen -l spells it") {
  const auto key =
      parse_public_key("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE5yUiQuLp+4LmYcrGQXQCqncLQrbPuQ12elJTVlnceB");
  REQUIRE(key);
  CHECK(receipt::fingerprint(*key) == "SHA256:/iWCJ0GjaWIdLc9Q3T+utadYuWoy+YL7tJosV+giMnk");
}

TEST_CASE("kinds that are not taken are refused by name") {
  const auto says = [](const std::string& line, std::string_view what) {
    const auto key = parse_public_key(line);
    REQUIRE_FALSE(key);
    CHECK(key.error().text().find(what) != std::string::npos);
  };
  says("ssh-ed25519-cert-v01@openssh.com AAAA", "a certificate");
  says("webauthn-sk-ecdsa-sha2-nistp256@openssh.com AAAA", "not taken");
  says("ssh-dss AAAA", "not taken");
  says("ecdsa-sha2-nistp384 AAAA", "not taken");
  says("restrict ssh-ed25519 AAAA", "not taken");
}

TEST_CASE("a malformed key line is refused") {
  const std::string good = test::Signer(1).line();
  REQUIRE(parse_public_key(good));
  CHECK(parse_public_key(good + " alice@host"));
  CHECK_FALSE(parse_public_key(good + "\n"));
  CHECK_FALSE(parse_public_key(" " + good));
  CHECK_FALSE(parse_public_key("ssh-ed25519"));
  CHECK_FALSE(parse_public_key("ssh-ed25519  " + good.substr(12)));
  CHECK_FALSE(parse_public_key(good.substr(0, good.size() - 4)));
  CHECK_FALSE(parse_public_key(good + "AAAA"));
  CHECK_FALSE(parse_public_key("ssh-rsa " + good.substr(12)));
  CHECK_FALSE(parse_public_key(""));
}

TEST_CASE("a malformed key blob is refused") {
  const Bytes point(65, 4);
  CHECK_FALSE(parse_key_blob(blob_of("ssh-ed25519", {Bytes(31)})));
  CHECK_FALSE(parse_key_blob(blob_of("ssh-ed25519", {Bytes(33)})));
  CHECK_FALSE(parse_key_blob(blob_of("ssh-ed25519", {Bytes(32), {}})));
  CHECK_FALSE(
      parse_key_blob(blob_of("ecdsa-sha2-nistp256", {Bytes{'n', 'i', 's', 't', 'p', '2', '5', '6'}, point})));
  CHECK_FALSE(parse_key_blob({}));
}

TEST_CASE("a security key's blob ends with its application") {
  const auto taken = [](std::string_view application) {
    const Bytes name(application.begin(), application.end());
    return parse_key_blob(blob_of("sk-ssh-ed25519@openssh.com", {Bytes(32, 7), name})).has_value();
  };
  CHECK(taken("ssh:"));
  CHECK(taken("ssh:release"));
  CHECK(taken(std::string(253, 'a')));
  CHECK_FALSE(taken(""));
  CHECK_FALSE(taken("ssh: x"));
  CHECK_FALSE(taken("ssh:\n"));
  CHECK_FALSE(taken(std::string(254, 'a')));
  CHECK_FALSE(parse_key_blob(blob_of("sk-ssh-ed25519@openssh.com", {Bytes(32, 7)})));
  CHECK_FALSE(parse_key_blob(blob_of("sk-ssh-ed25519@openssh.com", {Bytes(32, 7), {'s'}, {'s'}})));
}

TEST_CASE("RSA keys below 2048 bits, or with padded or odd numbers, are refused") {
  const Bytes exponent{1, 0, 1};
  CHECK(parse_key_blob(blob_of("ssh-rsa", {exponent, rsa_modulus(257)})));
  const auto weak = parse_key_blob(blob_of("ssh-rsa", {exponent, rsa_modulus(128)}));
  REQUIRE_FALSE(weak);
  CHECK(weak.error().text().find("1023 bits") != std::string::npos);
  Bytes padded = rsa_modulus(257);
  padded.insert(padded.begin(), 0);
  CHECK_FALSE(parse_key_blob(blob_of("ssh-rsa", {exponent, padded})));
  Bytes negative = rsa_modulus(257);
  negative[0] = 0x80;
  CHECK_FALSE(parse_key_blob(blob_of("ssh-rsa", {exponent, negative})));
  CHECK_FALSE(parse_key_blob(blob_of("ssh-rsa", {Bytes{1}, rsa_modulus(257)})));
  CHECK_FALSE(parse_key_blob(blob_of("ssh-rsa", {Bytes{2}, rsa_modulus(257)})));
  CHECK_FALSE(parse_key_blob(blob_of("ssh-rsa", {Bytes{}, rsa_modulus(257)})));
  CHECK_FALSE(parse_key_blob(blob_of("ssh-rsa", {exponent, rsa_modulus(2100)})));
}
