#include "supervisor/receipt/allowed_signers.hpp"

#include <catch2/catch.hpp>

#include "tests/support/device.hpp"
#include "tests/support/signer.hpp"

using namespace pawl;
using receipt::allowed_signers_line;
using receipt::parse_allowed_signers;

TEST_CASE("an allowed signer's line names person, both verdicts' namespaces and the key") {
  const test::Signer alice(1);
  const std::string line = allowed_signers_line("alice", alice.key()).value();
  CHECK(line == "alice namespaces=\"approve.v1@pawl,deny.v1@pawl\" " + alice.line());
  const auto signers = parse_allowed_signers("# people\n\n" + line + "\n").value();
  REQUIRE(signers.size() == 1);
  CHECK(signers[0].person == "alice");
  CHECK(signers[0].namespaces == std::vector<std::string>{"approve.v1@pawl", "deny.v1@pawl"});
  CHECK(signers[0].credential.key == alice.key());
}

TEST_CASE("a person's name that ssh-keygen would read as a pattern is refused") {
  const test::Signer alice(1);
  for (const std::string name : {"*", "ali?e", "alice,bob", "!alice", "alice bob", "", "\"alice\"",
                                 "al\xc3\xaf"
                                 "ce"})
    CHECK_FALSE(allowed_signers_line(name, alice.key()));
}

TEST_CASE("any line that ssh-keygen could read otherwise is refused with its number") {
  const std::string key = test::Signer(1).line();
  const std::string good = "alice namespaces=\"approve.v1@pawl\" " + key;
  REQUIRE(parse_allowed_signers(good));
  for (const std::string& line : {
           "alice " + key,
           "* namespaces=\"approve.v1@pawl\" " + key,
           "alice namespaces=\"*\" " + key,
           "alice namespaces=\"approve.v1@pawl,\" " + key,
           "alice namespaces=approve.v1@pawl " + key,
           "alice namespaces=\"approve.v1@pawl\",cert-authority " + key,
           "alice namespaces=\"approve.v1@pawl\" cert-authority " + key,
           "alice cert-authority,cert-authority,namespaces=\"approve.v1@pawl\" " + key,
           "alice cert-authority " + key,
           "alice cert-authority, namespaces=\"approve.v1@pawl\" " + key,
           "alice namespaces=\"approve.v1@pawl\",valid-before=\"20300101\" " + key,
           std::string("alice namespaces=\"approve.v1@pawl\""),
           "alice namespaces=\"approve.v1@pawl\" " + key.substr(0, 30),
           std::string("alice"),
           " " + good,
           good + "\r",
       }) {
    CAPTURE(line);
    const auto signers = parse_allowed_signers("\n" + line + "\n");
    REQUIRE_FALSE(signers);
    CHECK(signers.error().trail.find("line 2") != std::string::npos);
  }
}

TEST_CASE("one key in two persons' hands is refused, one person with two keys is not") {
  const test::Signer one(1), two(2);
  const auto line = [](const std::string& person, const test::Signer& signer) {
    return allowed_signers_line(person, signer.key()).value() + "\n";
  };
  CHECK(parse_allowed_signers(line("alice", one) + line("alice", two)));
  CHECK_FALSE(parse_allowed_signers(line("alice", one) + line("bob", one)));
}

TEST_CASE("an authority's line says so, and many persons may have the same one") {
  const test::Signer one(1), authority(9);
  const receipt::Credential issuer{receipt::Credential::Kind::authority, authority.key(), {}};
  const auto line = [&](const std::string& person) {
    return allowed_signers_line(person, issuer).value() + "\n";
  };
  CHECK(line("alice") ==
        "alice cert-authority,namespaces=\"approve.v1@pawl,deny.v1@pawl\" " + authority.line() + "\n");
  const auto signers = parse_allowed_signers(line("alice") + line("bob")).value();
  REQUIRE(signers.size() == 2);
  CHECK(signers[1].person == "bob");
  CHECK(signers[1].credential == issuer);
  // Whoever signs with it as their own key could be everybody.
  const std::string own = allowed_signers_line("carol", authority.key()).value() + "\n";
  CHECK_FALSE(parse_allowed_signers(line("alice") + own));
  CHECK_FALSE(parse_allowed_signers(own + line("alice")));
}

TEST_CASE("a passkey's line carries its page behind the key, where ssh-keygen reads a comment") {
  const receipt::Credential passkey{receipt::Credential::Kind::passkey,
                                    test::Device(5, "example.com").key(),
                                    {"https://pawl.example.com", receipt::Backup::synced}};
  const std::string line = allowed_signers_line("alice", passkey).value();
  CHECK(line.ends_with(" origin=https://pawl.example.com backup=synced"));
  CHECK(parse_allowed_signers(line + "\n").value().at(0).credential == passkey);
  CHECK_FALSE(parse_allowed_signers(line.substr(0, line.find(" origin")) + "\n"));
}
