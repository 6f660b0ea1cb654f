#include "supervisor/receipt/credential.hpp"

#include <catch2/catch.hpp>

#include "tests/support/device.hpp"
#include "tests/support/signer.hpp"

using namespace pawl;
using receipt::Credential;
using receipt::credential_line;
using receipt::parse_credential;
using test::Device;
using test::Signer;

TEST_CASE("a person is enrolled with a key, an authority or a passkey, each in one spelling") {
  const std::string key = Signer(1).line();
  const auto own = parse_credential(key + " alice@laptop");
  REQUIRE(own);
  CHECK(own->kind == Credential::Kind::key);
  CHECK(credential_line(*own) == key);

  const auto authority = parse_credential("cert-authority " + key + " our authority");
  REQUIRE(authority);
  CHECK(authority->kind == Credential::Kind::authority);
  CHECK(authority->key == own->key);
  CHECK(credential_line(*authority) == "cert-authority " + key);
  CHECK(describe(*authority).starts_with("authority SHA256:"));

  const std::string passkey = receipt::key_line(Device(5, "example.com").key()) +
                              " origin=https://pawl.example.com:8443 backup=eligible";
  const auto page = parse_credential(passkey);
  REQUIRE(page);
  CHECK(page->kind == Credential::Kind::passkey);
  CHECK(page->passkey == receipt::Passkey{"https://pawl.example.com:8443", receipt::Backup::eligible});
  CHECK(credential_line(*page) == passkey);
}

TEST_CASE("hardware is what cannot be copied") {
  CHECK(is_hardware(parse_credential(receipt::key_line(Device(5, "ssh:").key())).value()));
  CHECK_FALSE(is_hardware(parse_credential(Signer(1).line()).value()));
  const std::string passkey =
      receipt::key_line(Device(5, "example.com").key()) + " origin=https://example.com";
  CHECK(is_hardware(parse_credential(passkey + " backup=none").value()));
  CHECK_FALSE(is_hardware(parse_credential(passkey + " backup=eligible").value()));
  CHECK_FALSE(is_hardware(parse_credential(passkey + " backup=synced").value()));
}

TEST_CASE("a malformed enrolment is refused") {
  const std::string key = Signer(1).line();
  for (const std::string& line : {
           "cert-authority  " + key,
           "cert-authority cert-authority " + key,
           "Cert-Authority " + key,
           "cert-authority,namespaces=\"approve.v1@pawl\" " + key,
           std::string("cert-authority"),
           std::string("cert-authority "),
           std::string(),
       }) {
    CAPTURE(line);
    CHECK_FALSE(parse_credential(line));
  }
}

TEST_CASE("a passkey is taken with its page and backup state only, and the page must be the key's") {
  const std::string key = receipt::key_line(Device(5, "example.com").key());
  const auto taken = [&](const std::string& rest) { return parse_credential(key + rest).has_value(); };
  CHECK(taken(" origin=https://example.com backup=none"));
  CHECK(taken(" origin=https://a.b.example.com:8443 backup=synced"));
  for (const std::string rest : {
           "",
           " alice",
           " origin=https://example.com",
           " backup=none",
           " origin= backup=none",
           " origin=https://example.com backup=no",
           " origin=https://example.com backup=none more",
           " origin=https://example.com  backup=none",
           " backup=none origin=https://example.com",
           // Not as browsers write it.
           " origin=https://example.com/ backup=none",
           " origin=https://example.com:443 backup=none",
           " origin=https://example.com:0443 backup=none",
           " origin=https://example.com:65536 backup=none",
           " origin=https://example.com: backup=none",
           " origin=https://Example.com backup=none",
           " origin=https://.example.com backup=none",
           " origin=https://a..example.com backup=none",
           " origin=https://user@example.com backup=none",
           " origin=http://example.com backup=none",
           " origin=https:// backup=none",
           // Another host's.
           " origin=https://badexample.com backup=none",
           " origin=https://example.com.evil.net backup=none",
           " origin=https://com backup=none",
           " origin=http://localhost backup=none",
       }) {
    CAPTURE(rest);
    CHECK_FALSE(taken(rest));
  }
  const std::string local = receipt::key_line(Device(5, "localhost").key());
  CHECK(parse_credential(local + " origin=http://localhost:8080 backup=none"));
  CHECK_FALSE(parse_credential(local + " origin=http://localhost:80 backup=none"));
}
