#include "supervisor/egress/body_decoder.hpp"

#include <catch2/catch.hpp>

using namespace pawl::egress;

namespace {

constexpr Framing kChunked{.kind = Framing::Kind::chunked};

struct Outcome {
  bool good = false;
  bool finished = false;
  std::string body;
  std::size_t used = 0;
};

Outcome decode(const Framing& framing, std::string_view input, std::size_t piece) {
  BodyDecoder decoder(framing);
  Outcome outcome;
  for (std::size_t at = 0; at < input.size() && !decoder.finished(); at += piece) {
    const auto used = decoder.feed(input.substr(at, piece), outcome.body);
    if (!used) return outcome;
    outcome.used += *used;
  }
  outcome.good = true;
  outcome.finished = decoder.finished();
  return outcome;
}

}  // namespace

TEST_CASE("a chunked body is the same however it arrives", "[egress][http]") {
  const std::string input =
      "5\r\nhello\r\n1;name=\"v\"\r\n,\r\n00A\r\n wide worl\r\n0\r\nX-Trailer: t\r\n\r\nNEXT";
  for (std::size_t piece = 1; piece <= input.size(); ++piece) {
    const Outcome outcome = decode(kChunked, input, piece);
    CHECK(outcome.good);
    CHECK(outcome.finished);
    CHECK(outcome.body == "hello, wide worl");
    CHECK(input.substr(outcome.used) == "NEXT");
  }
}

TEST_CASE("a last chunk that arrives in pieces ends the body", "[egress][http]") {
  const Outcome outcome = decode(kChunked, "0\r\n\r\n", 1);
  CHECK(outcome.finished);
  CHECK(outcome.body.empty());
}

TEST_CASE("each byte of a chunk is given out as soon as it is there", "[egress][http]") {
  BodyDecoder decoder(kChunked);
  std::string body;
  REQUIRE(decoder.feed("a\r\nda", body));
  CHECK(body == "da");
  REQUIRE(decoder.feed("ta", body));
  CHECK(body == "data");
}

TEST_CASE("a chunk that could be read in two ways is refused", "[egress][http][smuggling]") {
  for (const char* input : {"\r\nhello", "x\r\n", "-1\r\n", "+1\r\na\r\n", " 5\r\nhello\r\n",
                            "5 \r\nhello\r\n", "0x5\r\nhello\r\n", "5\nhello\r\n", "5\rhello",
                            "5\r\nhelloX\r\n", "5\r\nhello\n", "5\r\nhello\r5", "1000000000000000\r\n",
                            "5;\x01\r\nhello\r\n", "0\r\nX: \x01\r\n\r\n", "0\r\nX\nY\r\n\r\n", "0\r\n\rX"}) {
    INFO(input);
    for (std::size_t piece : {std::size_t{1}, std::size_t{100}})
      CHECK_FALSE(decode(kChunked, input, piece).good);
  }
}

TEST_CASE("extensions and trailers are bounded", "[egress][http]") {
  CHECK_FALSE(decode(kChunked, "1;" + std::string(300, 'x') + "\r\na\r\n", 4096).good);
  CHECK_FALSE(decode(kChunked, "0\r\nX: " + std::string(9000, 'x') + "\r\n\r\n", 4096).good);
}

TEST_CASE("a body of known length takes exactly that", "[egress][http]") {
  const Framing framing{.kind = Framing::Kind::length, .length = 5};
  const Outcome outcome = decode(framing, "helloNEXT", 3);
  CHECK(outcome.finished);
  CHECK(outcome.body == "hello");
  CHECK(outcome.used == 5);
  CHECK(BodyDecoder({.kind = Framing::Kind::length, .length = 0}).finished());
  CHECK(BodyDecoder({.kind = Framing::Kind::none}).finished());
}

TEST_CASE("the end of the connection ends only a body that lasts until then", "[egress][http]") {
  std::string body;
  BodyDecoder until_close({.kind = Framing::Kind::until_close});
  REQUIRE(until_close.feed("all of it", body));
  CHECK_FALSE(until_close.finished());
  CHECK(until_close.end_of_stream());
  CHECK(until_close.finished());
  BodyDecoder short_one({.kind = Framing::Kind::length, .length = 5});
  REQUIRE(short_one.feed("hell", body));
  CHECK_FALSE(short_one.end_of_stream());
  BodyDecoder chunked(kChunked);
  REQUIRE(chunked.feed("4\r\nbody\r\n", body));
  CHECK_FALSE(chunked.end_of_stream());
}
