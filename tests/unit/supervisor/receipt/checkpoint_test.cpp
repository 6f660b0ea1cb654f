#include "supervisor/receipt/checkpoint.hpp"

#include <catch2/catch.hpp>

#include "supervisor/receipt/digest.hpp"
#include "tests/support/temporary_directory.hpp"

using namespace pawl;
using namespace pawl::receipt;

namespace {

std::string golden(const std::string& name) {
  return test::read_file(PAWL_SOURCE_ROOT "/tests/golden/merkle/" + name);
}

LogKey golden_key() {
  std::string text = golden("checkpoint.vkey");
  text.pop_back();
  return LogKey::parse(text).value();
}

// Of the seed that the golden note was signed with.
LogSigner golden_signer() {
  const std::string vkey = golden_key().text();
  const std::string id = vkey.substr(vkey.find('+') + 1, 8);
  Bytes seed{1};
  seed.resize(33, 0x2a);
  return LogSigner::parse("PRIVATE+KEY+pawl/prod.example.net+" + id + "+" + to_base64(seed)).value();
}

}  // namespace

TEST_CASE("golden: a checkpoint that openssl signed is read and checked, and written byte for byte") {
  const auto read = read_checkpoint(golden("checkpoint.txt"));
  REQUIRE(read);
  CHECK(read->checkpoint.origin == "pawl/prod.example.net");
  CHECK(read->checkpoint.tree.size == 8);
  CHECK(golden_key().check(*read));
  const LogSigner signer = golden_signer();
  CHECK(signer.key().text() == golden_key().text());
  CHECK(signer.sign(read->checkpoint.tree).value() == golden("checkpoint.txt"));  // Ed25519 is deterministic
}

TEST_CASE("each byte of a checkpoint counts") {
  const std::string whole = golden("checkpoint.txt");
  const LogKey key = golden_key();
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (const int bit : {1, 4, 128}) {
      std::string changed = whole;
      changed[at] = static_cast<char>(changed[at] ^ bit);
      const auto read = read_checkpoint(changed);
      CAPTURE(at, bit);
      CHECK_FALSE((read && key.check(*read)));
    }
    CHECK_FALSE(read_checkpoint(whole.substr(0, at)));
  }
}

TEST_CASE("a key that was generated signs, and survives being written") {
  const LogSigner made = LogSigner::generate("pawl/host").value();
  const LogSigner again = LogSigner::parse(made.text()).value();
  const std::string note = again.sign({3, sha256("root")}).value();
  const auto read = read_checkpoint(note).value();
  CHECK(LogKey::parse(made.key().text()).value().check(read));
  CHECK_FALSE(LogSigner::generate("pawl/host").value().key().check(read));
  CHECK_FALSE(golden_key().check(read));
}

TEST_CASE("notes of other forms are refused") {
  const std::string root = to_base64(sha256("root"));
  const std::string signature = "\xe2\x80\x94 log " + to_base64(Bytes(68, 7)) + "\n";
  REQUIRE(read_checkpoint("log\n1\n" + root + "\n\n" + signature));
  CHECK(read_checkpoint("log\n1\n" + root + "\nan extension\n\n" + signature));
  for (const std::string& text :
       {std::string(), std::string("\n\n"), "log\n1\n" + root + "\n",         // not signed
        "log\n1\n" + root + "\n\n", "log\n01\n" + root + "\n\n" + signature,  // spelled otherwise
        "log\n-1\n" + root + "\n\n" + signature, "log\n+1\n" + root + "\n\n" + signature,
        "log\n99999999999999999999\n" + root + "\n\n" + signature, "log\n1\n\n" + signature,
        "\n1\n" + root + "\n\n" + signature, "log\n1\n" + root + "=\n\n" + signature,
        "log\n1\n" + root + "\n\next\n\n" + signature, "log\r\n1\n" + root + "\n\n" + signature,
        "log\n1\n" + root + "\n\n" + signature + "x", "log\n1\n" + root + "\n\n" + signature + "x\n",
        "log\n1\n" + root + "\n\n- log AAAA\n", "l\xff\n1\n" + root + "\n\n" + signature,
        "log\n1\n" + root + "\n\n" + std::string(10'000, 'x') + "\n"}) {
    CAPTURE(text);
    CHECK_FALSE(read_checkpoint(text));
  }
  std::string many = "log\n1\n" + root + "\n\n";
  for (int i = 0; i < 17; ++i) many += signature;
  CHECK_FALSE(read_checkpoint(many));
}

TEST_CASE("a log's key is taken in one spelling only") {
  const std::string text = golden_key().text();
  CHECK(LogKey::parse(text).value().text() == text);
  std::string other_hash = text;
  other_hash[text.find('+') + 1] = text[text.find('+') + 1] == '0' ? '1' : '0';
  std::string other_kind = text;
  other_kind[text.rfind('+') + 1] = 'B';
  for (const std::string& bad : {std::string(), std::string("log"), std::string("log+00000000"), other_hash,
                                 "x" + text, text + "=", text.substr(0, text.size() - 4)})
    CHECK_FALSE(LogKey::parse(bad));
  CHECK_FALSE(LogKey::of("two words", Bytes(32)));
  CHECK_FALSE(LogKey::of("a+b", Bytes(32)));
  CHECK_FALSE(LogKey::of("log", Bytes(31)));
  CHECK_FALSE(LogSigner::parse(text));
  CHECK_FALSE(LogSigner::generate(std::string(200, 'x')));
}
