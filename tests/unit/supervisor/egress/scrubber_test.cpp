#include "supervisor/egress/scrubber.hpp"

#include <catch2/catch.hpp>

using namespace pawl::egress;

namespace {

constexpr std::string_view kSecret = "sk-ant-api03-Zm9v/bar+baz_QUX\"12";

std::string through(std::string_view secret, std::string_view text, std::size_t piece_size) {
  Scrubber scrubber(secret);
  std::string out;
  for (std::size_t at = 0; at < text.size(); at += piece_size) {
    std::string piece(text.substr(at, piece_size));
    scrubber.scrub_piece(piece);
    out += piece;
  }
  return out + scrubber.rest();
}

}  // namespace

TEST_CASE("the secret is masked however the text is cut, and lengths stay true", "[egress][scrub]") {
  const std::string text =
      "before " + std::string(kSecret) + " between " + std::string(kSecret) + std::string(kSecret);
  const std::string mask(kSecret.size(), '*');
  for (std::size_t size = 1; size <= text.size(); ++size)
    CHECK(through(kSecret, text, size) == "before " + mask + " between " + mask + mask);
}

TEST_CASE("encoded forms of the secret are masked", "[egress][scrub]") {
  const std::string percent = "sk-ant-api03-Zm9v%2Fbar%2Bbaz_QUX%2212";
  const std::string percent_lower = "sk-ant-api03-Zm9v%2fbar%2bbaz_QUX%2212";
  const std::string json = R"(sk-ant-api03-Zm9v\/bar+baz_QUX\"12)";
  for (const std::string& form : {percent, percent_lower, json})
    CHECK(through(kSecret, "<" + form + ">", 7) == "<" + std::string(form.size(), '*') + ">");
}

TEST_CASE("Base64 of the secret inside any text is masked to the few bits at its ends", "[egress][scrub]") {
  for (const char* before : {"", "x", "xy", "user:", "Bearer "})
    for (const char* after : {"", "z", "zz"}) {
      const std::string encoded = pawl::to_base64(pawl::as_bytes(before + std::string(kSecret) + after));
      const std::string scrubbed = through(kSecret, encoded, 5);
      INFO(encoded << " → " << scrubbed);
      CHECK(std::count(scrubbed.begin(), scrubbed.end(), '*') + 3 >=
            static_cast<long>(kSecret.size() * 8 / 6));
    }
}

TEST_CASE("only what could be the secret's start is held back", "[egress][scrub]") {
  Scrubber scrubber("sk-secret-value");
  std::string piece = "data: hello\n\n";
  scrubber.scrub_piece(piece);
  CHECK(piece == "data: hello\n\n");
  piece = "ends with sk-sec";
  scrubber.scrub_piece(piece);
  CHECK(piece == "ends with ");
  piece = "ond";
  scrubber.scrub_piece(piece);
  CHECK(piece == "sk-second");
  piece = "sk-secret-valu";
  scrubber.scrub_piece(piece);
  CHECK(piece.empty());
  CHECK(scrubber.rest() == "sk-secret-valu");
}

TEST_CASE("a secret that overlaps itself is found", "[egress][scrub]") {
  CHECK(through("abababab", "xababababy", 1) == "x********y");
  CHECK(through("aaab", "aaaaaab", 1) == "aaa****");
}

TEST_CASE("a whole text is scrubbed in place", "[egress][scrub]") {
  Scrubber scrubber(kSecret);
  std::string head = "HTTP/1.1 200 OK\r\nX-Echo: " + std::string(kSecret) + "\r\n\r\n";
  scrubber.scrub_whole(head);
  CHECK(head == "HTTP/1.1 200 OK\r\nX-Echo: " + std::string(kSecret.size(), '*') + "\r\n\r\n");
}
