// What an action's preview was, and what it printed, in documents, on reviewers' terminals and in receipts.
#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>

#include "supervisor/receipt/allowed_signers.hpp"
#include "supervisor/receipt/bundle.hpp"
#include "supervisor/receipt/digest.hpp"
#include "tests/support/sample_receipt.hpp"
#include "tests/support/signer.hpp"

using namespace pawl;
using receipt::ActionDocument;
using receipt::read_document;
using receipt::write_document;

namespace {

ActionDocument previewed() {
  ActionDocument document = test::sample_document();
  document.preview = {{"/usr/local/bin/deployctl", receipt::sha256("the program"), 18344},
                      {"deployctl", "plan", "web"},
                      {{"LOOK_TOKEN", "deploy-look", "v1-77"}},
                      60,
                      true};
  return document;
}

const std::string kOutput = "- replicas: 2\n+ replicas: 3\n";

receipt::Bundle bundle_of(const ActionDocument& document, std::optional<Digest> preview) {
  const test::Signer alice(1);
  receipt::Statement statement = test::sample_statement();
  receipt::Bundle bundle;
  bundle.document = write_document(document).value();
  statement.binding.document = receipt::sha256(bundle.document);
  statement.binding.rendered = receipt::sha256(receipt::render(document));
  statement.binding.preview = preview;
  bundle.decisions = {alice.decide(statement)};
  return bundle;
}

std::string verdict(const receipt::Bundle& bundle) {
  const std::string signers = receipt::allowed_signers_line("alice", test::Signer(1).key()).value() + "\n";
  const auto report = receipt::verify_bundle(bundle, signers, 1);
  return report ? "holds" : report.error().trail;
}

}  // namespace

TEST_CASE("a document has a preview's key exactly where its action has one") {
  const std::string plain = write_document(test::sample_document()).value();
  CHECK(plain.find("preview") == std::string::npos);
  CHECK_FALSE(read_document(plain).value().preview);
  const std::string bytes = write_document(previewed()).value();
  const ActionDocument document = read_document(bytes).value();
  REQUIRE(document.preview);
  CHECK(write_document(document).value() == bytes);
  CHECK(document.preview->argv.at(1) == "plan");
  CHECK(document.preview->recheck);
  // One spelling for "none".
  std::string null = plain;
  null.insert(null.find("\"read\":"), "\"preview\":null,");
  CHECK_FALSE(read_document(null));
  std::string lacking = bytes;
  lacking.replace(lacking.find("\"recheck\":true,"), 15, "");
  CHECK_FALSE(read_document(lacking));
}

TEST_CASE("an incoherent preview is neither written nor read") {
  using Damage = std::function<void(ActionDocument::Preview&)>;
  const Damage damages[] = {
      [](auto& p) { p.executable.path = "deployctl"; },    [](auto& p) { p.argv.clear(); },
      [](auto& p) { p.argv[1] = std::string("a\0b", 3); }, [](auto& p) { p.timeout = 0; },
      [](auto& p) { p.secrets[0].environment = "HOME"; },  [](auto& p) { p.secrets[0].environment = "A=B"; },
      [](auto& p) { p.secrets[0].version = ""; },          [](auto& p) { p.secrets.push_back(p.secrets[0]); },
  };
  for (const Damage& damage : damages) {
    ActionDocument document = previewed();
    damage(*document.preview);
    INFO(&damage - damages);
    CHECK_FALSE(write_document(document));
  }
  // The preview's own token in the variable in which the action has its.
  ActionDocument document = previewed();
  document.preview->secrets[0].environment = "DEPLOY_TOKEN";
  CHECK(write_document(document));
}

TEST_CASE("reviewers see which program previews, with what, and whether it is made again") {
  ActionDocument document = previewed();
  const std::string text = receipt::render(document);
  for (const std::string& shown :
       {std::string("Preview: made of the same input files"), std::string("[1] plan"),
        to_hex(document.preview->executable.sha256), std::string("deploy-look as $LOOK_TOKEN, version v1-77"),
        std::string("another output voids the approval"), std::string("at most 60 seconds")})
    CHECK(text.find(shown) != std::string::npos);
  document.preview->recheck = false;
  CHECK(receipt::render(document).find("not made again") != std::string::npos);
  document.preview.reset();
  CHECK(receipt::render(document).find("review") == std::string::npos);
}

TEST_CASE("a preview is shown whole, line by line, and nothing in it draws on a terminal") {
  CHECK(receipt::fence_preview("") == "  (it printed nothing)\n");
  CHECK(receipt::fence_preview("a\nb\n") == "  preview | a\n  preview | b\n");
  CHECK(receipt::fence_preview("a") == "  preview | a\n  (its last line has no end)\n");
  CHECK(receipt::fence_preview("\n\n") == "  preview | \n  preview | \n");
  const std::string attack = "\x1b[2J\x1b[1mApprove? [y/N] \r\u202egnp.exe\u200b\x07\xff\nAGENT says | x\n";
  const std::string shown = receipt::fence_preview(attack);
  CHECK(std::ranges::all_of(shown, [](char c) { return c == '\n' || (c >= 0x20 && c < 0x7f); }));
  for (const char* escape : {"\\x1b[2J", "\\r", "\\u{202e}", "\\u{200b}", "\\x07", "\\xff"})
    CHECK(shown.find(escape) != std::string::npos);
  // Every line is marked.
  for (std::size_t at = 0; at < shown.size(); at = shown.find('\n', at) + 1)
    CHECK(shown.compare(at, 12, "  preview | ") == 0);
  const std::string many(receipt::kMaxPreviewBytes, '\n');
  CHECK(std::ranges::count(receipt::fence_preview(many), '|') == static_cast<long>(many.size()));
}

TEST_CASE("a receipt holds what its preview printed, exactly that, and nothing where there was none") {
  const Digest digest = receipt::sha256(kOutput);
  receipt::Bundle bundle = bundle_of(previewed(), digest);
  CHECK(verdict(bundle).find("what the preview printed is missing") != std::string::npos);
  bundle.preview = kOutput;
  CHECK(verdict(bundle) == "holds");
  const std::string text = receipt::write_bundle(bundle).value();
  CHECK(receipt::read_bundle(text).value() == bundle);
  for (std::size_t i = 0; i < kOutput.size(); ++i) {
    bundle.preview->at(i) ^= 1;
    CHECK(verdict(bundle).find("another preview") != std::string::npos);
    bundle.preview->at(i) ^= 1;
  }
  bundle.preview = "";
  CHECK(verdict(bundle).find("another preview") != std::string::npos);

  receipt::Bundle plain = bundle_of(test::sample_document(), std::nullopt);
  CHECK(receipt::write_bundle(plain).value().find("\"preview\":\"") == std::string::npos);
  CHECK(verdict(plain) == "holds");
  plain.preview = kOutput;
  CHECK(verdict(plain).find("a preview that nobody was shown") != std::string::npos);
}

TEST_CASE("a preview that was signed belongs to an action that has one, and the other way round") {
  receipt::Bundle unsigned_one = bundle_of(previewed(), std::nullopt);
  CHECK(verdict(unsigned_one).find("none was signed") != std::string::npos);
  receipt::Bundle stray = bundle_of(test::sample_document(), receipt::sha256(kOutput));
  stray.preview = kOutput;
  CHECK(verdict(stray).find("the action has none") != std::string::npos);
}
