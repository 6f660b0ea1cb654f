#include "supervisor/receipt/gate_document.hpp"

#include <catch2/catch.hpp>
#include <functional>

#include "supervisor/receipt/allowed_signers.hpp"
#include "supervisor/receipt/document.hpp"
#include "supervisor/receipt/json_fields.hpp"
#include "tests/support/sample_gate.hpp"
#include "tests/support/signer.hpp"
#include "tests/support/temporary_directory.hpp"

using namespace pawl;
using receipt::GateDocument;
using receipt::read_gate_document;
using receipt::write_gate_document;

namespace {

std::string golden(const std::string& name) {
  return test::read_file(PAWL_SOURCE_ROOT "/tests/golden/receipt/" + name);
}

}  // namespace

TEST_CASE("golden: the sample gate's document and rendering") {
  CHECK(write_gate_document(test::sample_gate()).value() == golden("gate.json"));
  CHECK(receipt::render(read_gate_document(golden("gate.json")).value()) == golden("gate.txt"));
}

TEST_CASE("golden: a gate's receipt that ssh-keygen signed verifies against its allowed signers") {
  const auto bundle = receipt::read_bundle(golden("gate-receipt.json")).value();
  CHECK(bundle.document == golden("gate.json"));
  const auto report = receipt::verify_bundle(bundle, golden("gate-allowed_signers"), 2);
  REQUIRE(report);
  CHECK(report->approvals.size() == 2);
  CHECK(report->binding.session.empty());
  CHECK(report->binding == test::gate_binding(test::sample_gate()));
}

TEST_CASE("a gate document is read back as it was written") {
  const std::string bytes = write_gate_document(test::sample_gate()).value();
  const GateDocument document = read_gate_document(bytes).value();
  CHECK(write_gate_document(document).value() == bytes);
  CHECK(document.argv.at(2) == "--note=two words");
  CHECK(document.inputs.at(1).size == 12);
}

TEST_CASE("each kind of document is read by its own reader, and told apart in one place") {
  const std::string gate = write_gate_document(test::sample_gate()).value();
  const std::string action = receipt::write_document(test::sample_document()).value();
  CHECK(receipt::kind_of(receipt::read_any_document(gate).value()) == receipt::DocumentKind::gate);
  CHECK(receipt::kind_of(receipt::read_any_document(action).value()) == receipt::DocumentKind::exec);
  CHECK_FALSE(receipt::read_document(gate));
  CHECK_FALSE(read_gate_document(action));
  CHECK(receipt::inputs_of(receipt::read_any_document(gate).value()).size() == 2);
  CHECK(receipt::argv_of(receipt::read_any_document(gate).value()).front() == "./deploy.sh");
  // Words that look like the other kind's key are words.
  receipt::ActionDocument confusing = test::sample_document();
  confusing.argv[2] = R"("kind":"gate")";
  const std::string bytes = receipt::write_document(confusing).value();
  CHECK(receipt::kind_of(receipt::read_any_document(bytes).value()) == receipt::DocumentKind::exec);
}

TEST_CASE("a gate document lacks no key and has no other") {
  const std::string bytes = write_gate_document(test::sample_gate()).value();
  std::string extra = bytes;
  extra.insert(extra.size() - 1, R"(,"zone":"eu")");
  CHECK_FALSE(read_gate_document(extra));
  std::string lacking = bytes;
  lacking.replace(lacking.find(R"("action":"deploy",)"), 18, "");
  CHECK_FALSE(read_gate_document(lacking));
}

TEST_CASE("an incoherent gate document is neither written nor read") {
  using Damage = std::function<void(GateDocument&)>;
  const Damage damages[] = {
      [](auto& d) { d.version = 2; },
      [](auto& d) { d.kind = "exec"; },
      [](auto& d) { d.action = "a b"; },
      [](auto& d) { d.subject = "git:" + std::string(39, 'a'); },
      [](auto& d) { d.subject = "git:" + std::string(40, 'A'); },
      [](auto& d) { d.subject = "git:" + std::string(40, '0'); },
      [](auto& d) { d.subject = std::string(40, 'a'); },
      [](auto& d) { d.subject = "git:HEAD"; },
      [](auto& d) { d.argv.clear(); },
      [](auto& d) { d.argv[0].clear(); },
      [](auto& d) { d.argv[1] = std::string("a\0b", 3); },
      [](auto& d) { d.argv[1] = "\xff"; },
      [](auto& d) { std::swap(d.inputs[0], d.inputs[1]); },
      [](auto& d) { d.inputs[1] = d.inputs[0]; },
      [](auto& d) { d.inputs[0].name = "../deploy.sh"; },
      [](auto& d) { d.inputs[0].name = "./deploy.sh"; },
      [](auto& d) { d.inputs[0].name = "a//b"; },
      [](auto& d) { d.inputs[0].name = ""; },
      [](auto& d) { d.inputs[0].name = "/"; },
      [](auto& d) { d.inputs[0].name = std::string(1025, 'a'); },
      [](auto& d) { d.inputs[0].size = std::uint64_t{1} << 53; },
      [](auto& d) { d.argv.push_back(std::string(70'000, 'a')); },
      [](auto& d) {
        d.inputs.clear();
        for (char c = 'a'; c <= 'q'; ++c) d.inputs.push_back({std::string(1, c), {}, 0});
      },
  };
  for (std::size_t i = 0; i < std::size(damages); ++i) {
    CAPTURE(i);
    GateDocument document = test::sample_gate();
    damages[i](document);
    CHECK_FALSE(write_gate_document(document));
    CHECK_FALSE(read_gate_document(receipt::to_canonical(receipt::to_object(document)).value_or("")));
  }
}

TEST_CASE("the rendering of a gate shows every word and hides no character") {
  GateDocument document = test::sample_gate();
  document.argv = {"./deploy.sh", "a\x1b[2Jb", "\xe2\x80\xae", ""};
  document.inputs = {};
  const std::string text = receipt::render(document);
  CHECK(text.find("[1] 'a\\x1b[2Jb'") != std::string::npos);
  CHECK(text.find("[2] '\\u{202e}'") != std::string::npos);
  CHECK(text.find("[3] ''") != std::string::npos);
  CHECK(text.find(document.subject) != std::string::npos);
  CHECK(text.find("Input files, as they were when this was asked\n  none\n") != std::string::npos);
}

TEST_CASE("a commit in two lengths is a subject, and an input has one name however it is spelled") {
  CHECK(receipt::is_subject("git:" + std::string(40, 'a')));
  CHECK(receipt::is_subject("git:" + std::string(64, 'a')));
  CHECK_FALSE(receipt::is_subject("git:" + std::string(50, 'a')));
  CHECK_FALSE(receipt::is_subject("hg:" + std::string(40, 'a')));
  CHECK(receipt::input_name("./deploy.sh") == "deploy.sh");
  CHECK(receipt::input_name("././deploy.sh") == "deploy.sh");
  CHECK(receipt::input_name("/srv/app.tar") == "/srv/app.tar");
  CHECK(receipt::is_input_name("/srv/app.tar"));
  CHECK_FALSE(receipt::is_input_name("a/./b"));
}

TEST_CASE("a receipt of a gate is verified offline like any other") {
  const test::Signer alice(1), bob(2);
  receipt::Bundle bundle;
  bundle.document = write_gate_document(test::sample_gate()).value();
  bundle.decisions = {alice.decide(test::gate_statement(test::sample_gate(), "alice")),
                      bob.decide(test::gate_statement(test::sample_gate(), "bob"))};
  const std::string signers = receipt::allowed_signers_line("alice", alice.key()).value() + "\n" +
                              receipt::allowed_signers_line("bob", bob.key()).value() + "\n";
  const auto report = receipt::verify_bundle(bundle, signers, 2);
  REQUIRE(report);
  CHECK(receipt::action_of(report->document) == "deploy");
  CHECK(report->binding.launcher == "dave");
}
