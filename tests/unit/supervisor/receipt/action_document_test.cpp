#include "supervisor/receipt/action_document.hpp"

#include <catch2/catch.hpp>
#include <functional>

#include "tests/support/sample_receipt.hpp"

using namespace pawl;
using receipt::ActionDocument;
using receipt::read_document;
using receipt::write_document;

TEST_CASE("an action document is read back as it was written") {
  const std::string bytes = write_document(test::sample_document()).value();
  const ActionDocument document = read_document(bytes).value();
  CHECK(write_document(document).value() == bytes);
  CHECK(document.argv.at(2) == "web");
  CHECK(document.inputs.at(0).size == 12);
  CHECK(document.secrets.at(0).version == "v1-3f2a90");
}

TEST_CASE("an action document lacks no key and has no other") {
  const std::string bytes = write_document(test::sample_document()).value();
  std::string extra = bytes;
  extra.insert(extra.size() - 1, R"(,"zone":"eu")");
  CHECK_FALSE(read_document(extra));
  std::string lacking = bytes;
  lacking.replace(lacking.find(R"("preconditions":[],)"), 19, "");
  CHECK_FALSE(read_document(lacking));
  CHECK(read_document(lacking).error().trail.find("preconditions") != std::string::npos);
  std::string nested = bytes;
  nested.replace(nested.find(R"("parameter":)"), 0, R"("mode":420,)");
  CHECK_FALSE(read_document(nested));
}

TEST_CASE("another version or kind is refused, not guessed at") {
  std::string bytes = write_document(test::sample_document()).value();
  SECTION("version") { bytes.replace(bytes.find(R"("version":1,"write")"), 12, R"("version":2,)"); }
  SECTION("kind") { bytes.replace(bytes.find(R"("kind":"exec")"), 13, R"("kind":"http")"); }
  CHECK_FALSE(read_document(bytes));
}

TEST_CASE("an incoherent action document is neither written nor read") {
  using Damage = std::function<void(ActionDocument&)>;
  const Damage damages[] = {
      [](auto& d) { d.action = ""; },
      [](auto& d) { d.action = "de ploy"; },
      [](auto& d) { d.argv.clear(); },
      [](auto& d) { d.argv[1] = std::string("a\0b", 3); },
      [](auto& d) { d.argv[1] = "\xff"; },
      [](auto& d) { d.executable.path = "deployctl"; },
      [](auto& d) { d.executable.path = "/usr/../bin/sh"; },
      [](auto& d) { d.directory = ""; },
      [](auto& d) { d.directory = "/work/"; },
      [](auto& d) { d.inputs[0].path = "/etc/passwd"; },
      [](auto& d) { d.inputs[0].name = "../web.yaml"; },
      [](auto& d) { d.inputs[0].name = ".."; },
      [](auto& d) { d.inputs.push_back(d.inputs[0]); },
      [](auto& d) { d.environment.push_back({"LANG", "x"}); },
      [](auto& d) { d.environment.push_back({"A=B", "x"}); },
      [](auto& d) { d.environment.push_back({"DEPLOY_TOKEN", "mine"}); },
      [](auto& d) { d.secrets[0].environment = "PATH"; },
      [](auto& d) { d.secrets[0].version = ""; },
      [](auto& d) { d.read[0] = "relative"; },
      [](auto& d) { d.write = {"//"}; },
      [](auto& d) { d.timeout = 0; },
      [](auto& d) { d.executable.size = std::uint64_t{1} << 60; },
      [](auto& d) { d.preconditions = {"git:main"}; },
      [](auto& d) { d.argv.assign(100, std::string(4096, 'x')); },
  };
  for (const Damage& damage : damages) {
    ActionDocument document = test::sample_document();
    damage(document);
    CAPTURE(&damage - damages);
    CHECK_FALSE(write_document(document));
  }
}

TEST_CASE("every part of what would be executed is part of the digest") {
  using Change = std::function<void(ActionDocument&)>;
  const Change changes[] = {
      [](auto& d) { d.action = "undeploy"; },
      [](auto& d) { d.executable.path = "/usr/bin/deployctl"; },
      [](auto& d) { d.executable.sha256[0] ^= 1; },
      [](auto& d) { d.executable.size += 1; },
      [](auto& d) { d.argv[2] = "db"; },
      [](auto& d) { d.argv.push_back("--force"); },
      [](auto& d) { std::swap(d.argv[1], d.argv[2]); },
      [](auto& d) { d.directory = "/"; },
      [](auto& d) { d.inputs[0].sha256[31] ^= 1; },
      [](auto& d) { d.inputs[0].size += 1; },
      [](auto& d) { d.environment[1].value = "C"; },
      [](auto& d) { d.secrets[0].version = "v2"; },
      [](auto& d) { d.secrets[0].name = "deploy-test"; },
      [](auto& d) { d.read.clear(); },
      [](auto& d) { d.write = {"/srv"}; },
      [](auto& d) { d.hosts.push_back("evil.example:443"); },
      [](auto& d) { d.timeout = 601; },
  };
  const std::string original = write_document(test::sample_document()).value();
  for (const Change& change : changes) {
    ActionDocument document = test::sample_document();
    change(document);
    CAPTURE(&change - changes);
    CHECK(write_document(document).value() != original);
  }
}
