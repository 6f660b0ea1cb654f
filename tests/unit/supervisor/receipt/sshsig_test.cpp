#include "supervisor/receipt/sshsig.hpp"

#include <catch2/catch.hpp>

#include "supervisor/receipt/ssh_wire.hpp"
#include "supervisor/receipt/verdict.hpp"
#include "tests/support/signer.hpp"
#include "tests/support/ssh_keygen.hpp"

using namespace pawl;
using receipt::kApproveNamespace;
using receipt::kDenyNamespace;
using receipt::parse_armored;
using receipt::SshSignature;
using receipt::SshWriter;
using receipt::verify;

namespace {

const std::string kMessage = "the message";

// The armor around any blob: what an attacker can send.
std::string armor(const Bytes& blob) {
  const std::string body = to_base64(blob);
  std::string text = "-----BEGIN SSH SIGNATURE-----\n";
  for (std::size_t i = 0; i < body.size(); i += 70) text += body.substr(i, 70) + "\n";
  return text + "-----END SSH SIGNATURE-----\n";
}

struct Parts {
  std::string magic = "SSHSIG";
  std::uint32_t version = 1;
  Bytes key;
  std::string name_space = std::string(kApproveNamespace);
  std::string reserved;
  std::string hash = "sha512";
  Bytes signature;

  std::string armored() const {
    SshWriter writer;
    writer.raw(as_bytes(magic));
    writer.number(version);
    writer.string(key);
    writer.string(name_space);
    writer.string(reserved);
    writer.string(hash);
    writer.string(signature);
    return armor(std::move(writer).take());
  }
};

Parts parts_of(const std::string& armored) {
  const SshSignature signature = parse_armored(armored).value();
  Parts parts;
  parts.key = signature.key.blob;
  parts.signature = signature.signature;
  return parts;
}

Bytes signature_string(std::string_view type, const Bytes& value) {
  SshWriter writer;
  writer.string(type);
  writer.string(value);
  return std::move(writer).take();
}

}  // namespace

TEST_CASE("a signature holds for its key, namespace and message only") {
  const test::Signer alice(1), bob(2);
  const std::string armored = alice.sign(kApproveNamespace, kMessage);
  CHECK(verify(armored, alice.key(), kApproveNamespace, as_bytes(kMessage)));
  CHECK_FALSE(verify(armored, bob.key(), kApproveNamespace, as_bytes(kMessage)));
  CHECK_FALSE(verify(armored, alice.key(), kDenyNamespace, as_bytes(kMessage)));
  CHECK_FALSE(verify(armored, alice.key(), kApproveNamespace, as_bytes("another message")));
}

TEST_CASE("a namespace rewritten without signing again is refused") {
  const test::Signer alice(1);
  Parts parts = parts_of(alice.sign(kDenyNamespace, kMessage));
  parts.name_space = kApproveNamespace;
  CHECK_FALSE(verify(parts.armored(), alice.key(), kApproveNamespace, as_bytes(kMessage)));
}

TEST_CASE("an enrolled key written over another's signature is refused") {
  const test::Signer alice(1), bob(2);
  Parts parts = parts_of(bob.sign(kApproveNamespace, kMessage));
  parts.key = alice.key().blob;
  CHECK_FALSE(verify(parts.armored(), alice.key(), kApproveNamespace, as_bytes(kMessage)));
}

TEST_CASE("a signature blob that stock verify may take and pawl must not is refused") {
  const test::Signer alice(1);
  const std::string good = alice.sign(kApproveNamespace, kMessage);
  Parts parts = parts_of(good);
  REQUIRE(parts.armored() == good);
  std::string_view why;
  SECTION("magic") { parts.magic = "SSHSIC", why = "SSH signature"; }
  SECTION("version") { parts.version = 2, why = "version"; }
  SECTION("reserved field") { parts.reserved = "x", why = "reserved"; }
  SECTION("sha256") { parts.hash = "sha256", why = "sha512"; }
  SECTION("unknown hash") { parts.hash = "md5", why = "sha512"; }
  SECTION("signature type of another kind") {
    parts.signature = signature_string("ecdsa-sha2-nistp256", Bytes(64)), why = "fits its key";
  }
  SECTION("signature type of a security key") {
    parts.signature = signature_string("sk-ssh-ed25519@openssh.com", Bytes(64)), why = "fits its key";
  }
  SECTION("signature goes on") { parts.signature.push_back(0), why = "after its end"; }
  SECTION("key goes on") { parts.key.push_back(0), why = "after its end"; }
  const auto parsed = parse_armored(parts.armored());
  REQUIRE_FALSE(parsed);
  CHECK(parsed.error().text().find(why) != std::string::npos);
}

TEST_CASE("armor has one spelling") {
  const test::Signer alice(1);
  const std::string good = alice.sign(kApproveNamespace, kMessage);
  REQUIRE(parse_armored(good));
  std::string other = good;
  SECTION("two signatures") { other = good + good; }
  SECTION("text before") { other = "approve\n" + good; }
  SECTION("text after") { other = good + "\n"; }
  SECTION("carriage returns") { other.replace(29, 1, "\r\n"); }
  SECTION("lines of another length") { other.insert(60, "\n"); }
  SECTION("spaces") { other.insert(60, " "); }
  SECTION("no last line break") { other.pop_back(); }
  SECTION("cut") { other.resize(other.size() / 2); }
  SECTION("empty") { other.clear(); }
  SECTION("no body") { other = "-----BEGIN SSH SIGNATURE-----\n-----END SSH SIGNATURE-----\n"; }
  SECTION("begin is also end") { other = "-----BEGIN SSH SIGNATURE-----\n"; }
  SECTION("huge") { other.insert(60, std::string(100'000, 'A')); }
  CHECK_FALSE(parse_armored(other));
}

TEST_CASE("an ed25519 signature whose scalar is not reduced is refused") {
  const test::Signer alice(1);
  Parts parts = parts_of(alice.sign(kApproveNamespace, kMessage));
  // S + L: the same point equation holds, so only a range check tells them apart.
  constexpr std::uint8_t order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7,
                                      0xa2, 0xde, 0xf9, 0xde, 0x14, 0,    0,    0,    0,    0,    0,
                                      0,    0,    0,    0,    0,    0,    0,    0,    0,    0x10};
  unsigned carry = 0;
  for (std::size_t i = 0; i < 32; ++i) {
    std::uint8_t& byte = parts.signature[parts.signature.size() - 32 + i];
    carry += byte + order[i];
    byte = static_cast<std::uint8_t>(carry);
    carry >>= 8;
  }
  CHECK_FALSE(verify(parts.armored(), alice.key(), kApproveNamespace, as_bytes(kMessage)));
}

TEST_CASE("signatures of each kind that ssh-keygen makes are accepted, and ours by ssh-keygen") {
  if (!test::SshKeygen::is_installed()) FAIL("ssh-keygen is missing: apt-get install openssh-client");
  test::SshKeygen keygen;
  const auto check = [&](const std::string& type, const std::string& bits) {
    CAPTURE(type);
    const auto key = receipt::parse_public_key(keygen.make_key(type, type, bits));
    REQUIRE(key);
    const std::string armored = keygen.sign(type, std::string(kApproveNamespace), kMessage);
    CHECK(verify(armored, *key, kApproveNamespace, as_bytes(kMessage)));
    CHECK_FALSE(verify(armored, *key, kApproveNamespace, as_bytes("other")));
    CHECK_FALSE(verify(armored, *key, kDenyNamespace, as_bytes(kMessage)));
    CHECK(receipt::write_armored(parse_armored(armored).value()) == armored);
  };
  check("ed25519", "");
  check("ecdsa", "256");
  check("rsa", "2048");
}

TEST_CASE("an ecdsa signature with padded, zero or overlong integers is refused") {
  test::SshKeygen keygen;
  const auto key = receipt::parse_public_key(keygen.make_key("ecdsa", "ecdsa", "256")).value();
  const std::string armored = keygen.sign("ecdsa", std::string(kApproveNamespace), kMessage);
  Parts parts = parts_of(armored);
  receipt::SshReader outer(parts.signature);
  REQUIRE(outer.string());
  const ByteSpan pair = outer.string().value();
  receipt::SshReader inner(pair);
  const ByteSpan r = inner.string().value();
  const ByteSpan s = inner.string().value();
  const auto with = [&](Bytes first, Bytes second, std::string_view extra) {
    SshWriter value;
    value.string(first);
    value.string(second);
    value.raw(as_bytes(extra));
    parts.signature = signature_string("ecdsa-sha2-nistp256", std::move(value).take());
    return verify(parts.armored(), key, kApproveNamespace, as_bytes(kMessage));
  };
  const auto padded = [](ByteSpan number) {
    Bytes longer(number.begin(), number.end());
    longer.insert(longer.begin(), 0);
    return longer;
  };
  const Bytes same_r(r.begin(), r.end()), same_s(s.begin(), s.end());
  REQUIRE(with(same_r, same_s, ""));
  CHECK_FALSE(with(padded(same_r), same_s, ""));
  CHECK_FALSE(with(same_r, padded(same_s), ""));
  CHECK_FALSE(with({}, same_s, ""));
  CHECK_FALSE(with({0}, same_s, ""));
  CHECK_FALSE(with(same_r, Bytes(40, 0x7f), ""));
  CHECK_FALSE(with(same_r, same_s, "x"));
  CHECK_FALSE(with(same_s, same_r, ""));
}

TEST_CASE("an rsa signature of another hash or length is refused") {
  test::SshKeygen keygen;
  const auto key = receipt::parse_public_key(keygen.make_key("rsa", "rsa", "2048")).value();
  Parts parts = parts_of(keygen.sign("rsa", std::string(kApproveNamespace), kMessage));
  receipt::SshReader reader(parts.signature);
  REQUIRE(reader.string());
  const ByteSpan value = reader.string().value();
  Bytes bytes(value.begin(), value.end());
  std::string type = "rsa-sha2-512";
  SECTION("sha256") { type = "rsa-sha2-256"; }
  SECTION("sha1") { type = "ssh-rsa"; }
  SECTION("longer") { bytes.insert(bytes.begin(), 0); }
  SECTION("shorter") { bytes.erase(bytes.begin()); }
  parts.signature = signature_string(type, bytes);
  CHECK_FALSE(verify(parts.armored(), key, kApproveNamespace, as_bytes(kMessage)));
}
