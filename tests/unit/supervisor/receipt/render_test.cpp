#include "supervisor/receipt/render.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/support/sample_receipt.hpp"

using namespace pawl;
using receipt::fence_why;
using receipt::render;
using receipt::visible;
using receipt::visible_word;

namespace {

bool is_plain(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c == '\n' || (c >= 0x20 && c < 0x7f); });
}

}  // namespace

TEST_CASE("whatever could hide or redraw is shown as an escape") {
  CHECK(visible("plain text, 100%") == "plain text, 100%");
  CHECK(visible("\x1b[2J") == "\\x1b[2J");
  CHECK(visible("a\nb\rc\td") == "a\\nb\\rc\\td");
  CHECK(visible("\x7f\b") == "\\x7f\\x08");
  CHECK(visible(std::string_view("\0", 1)) == "\\x00");
  CHECK(visible("\xe2\x80\xae") == "\\u{202e}");                       // right-to-left override
  CHECK(visible("\xe2\x80\x8b\xef\xbb\xbf") == "\\u{200b}\\u{feff}");  // zero width
  CHECK(visible("\xd0\xb0") == "\\u{430}");                            // Cyrillic a
  CHECK(visible("\xc2\x9b"
                "2J") == "\\u{9b}2J");  // C1 control sequence introducer
  CHECK(visible("\xf0\x9f\x92\xa3") == "\\u{1f4a3}");
}

TEST_CASE("bytes that are no UTF-8 are shown one by one") {
  CHECK(visible("\xff\xc0\xaf") == "\\xff\\xc0\\xaf");
  CHECK(visible("\xed\xa0\x80") == "\\xed\\xa0\\x80");
  CHECK(visible("\xe2\x80") == "\\xe2\\x80");
}

TEST_CASE("no text can imitate an escape") {
  CHECK(visible("\\x1b") == "\\\\x1b");
  CHECK(visible("\\u{202e}") != visible("\xe2\x80\xae"));
  CHECK(visible_word("a' 'b") == "'a\\' \\'b'");
  CHECK(visible_word("a' 'b") != visible_word("a b"));
}

TEST_CASE("words that are more than one to a shell are quoted") {
  CHECK(visible_word("--image=x:1@sha256") == "--image=x:1@sha256");
  CHECK(visible_word("") == "''");
  CHECK(visible_word("a b") == "'a b'");
  CHECK(visible_word("$(id)") == "'$(id)'");
  CHECK(visible_word("~") == "'~'");
}

TEST_CASE("the rendering shows every part of the action, and that it is not all pinned") {
  const std::string text = render(test::sample_document());
  for (const std::string_view part :
       {"ACTION deploy", "/usr/local/bin/deployctl", "18344 bytes", "[2] web", "--manifest", "/work",
        "web.yaml", "/run/pawl/inputs/manifest/web.yaml", "12 bytes", "LANG=C.UTF-8",
        "deploy-prod as $DEPLOY_TOKEN", "v1-3f2a90", "/opt/deploy/profiles", "deploy.example.com:443",
        "600 seconds", "NOT pinned", "libraries", "what the hosts answer"})
    CHECK(text.find(part) != std::string::npos);
  for (const Digest& digest :
       {test::sample_document().executable.sha256, test::sample_document().inputs[0].sha256})
    CHECK(text.find(to_hex(digest)) != std::string::npos);
}

TEST_CASE("the rendering is plain ASCII whatever the document holds, and each argument stays on its line") {
  receipt::ActionDocument document = test::sample_document();
  document.argv = {"deployctl", "a\nACTION harmless", "\x1b[1A\x1b[2K",
                   "\xe2\x80\xae"
                   "txt.exe",
                   std::string(4096, 'x')};
  document.environment = {{"A", "x\n[9] forged"}};
  const std::string text = render(document);
  CHECK(is_plain(text));
  CHECK(text.find("\nACTION harmless") == std::string::npos);
  CHECK(text.find("[1] 'a\\nACTION harmless'\n") != std::string::npos);
  CHECK(text.find(std::string(4096, 'x')) != std::string::npos);  // nothing is cut
}

TEST_CASE("documents that differ render differently") {
  const std::string original = render(test::sample_document());
  receipt::ActionDocument document = test::sample_document();
  SECTION("argument") { document.argv[2] = "web "; }
  SECTION("two arguments or one") { document.argv = {"a", "b c"}; }
  SECTION("homoglyph") {
    document.argv[2] =
        "w\xd0\xb5"
        "b";
  }
  SECTION("write") { document.write = document.read; }
  SECTION("secret version") { document.secrets[0].version = "v1-3f2a91"; }
  SECTION("directory") { document.directory = "/"; }
  CHECK(render(document) != original);
}

TEST_CASE("the agent's words are fenced, line by line, and capped") {
  CHECK(fence_why("") == "  (the agent gave no reason)\n");
  CHECK(fence_why("please\nACTION ok\x1b[2J") == "  agent says | please\n  agent says | ACTION ok\\x1b[2J\n");
  const std::string exact = fence_why(std::string(280, 'y'));
  CHECK(exact.find("cut") == std::string::npos);
  const std::string longer = fence_why(std::string(281, 'y'));
  CHECK(longer.find(std::string(280, 'y') + "\n") != std::string::npos);
  CHECK(longer.find("(the rest is cut") != std::string::npos);
  CHECK(is_plain(fence_why("\xff\xe2\x80\xae\n\r\t")));
}
