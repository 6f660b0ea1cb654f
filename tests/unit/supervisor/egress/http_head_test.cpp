#include "supervisor/egress/http_head.hpp"

#include <catch2/catch.hpp>

using namespace pawl::egress;
using namespace std::string_literals;

namespace {

// 0: taken; else the status it is refused with.
unsigned verdict(const std::string& head) {
  const HeadScan scan = scan_head(head);
  if (scan.state == HeadState::malformed) return 400;
  if (scan.state == HeadState::incomplete) return 1;
  const auto parsed = parse_request_head(std::string_view(head).substr(0, scan.size));
  if (!parsed) return parsed.error().status;
  const auto framing = request_framing(*parsed);
  return framing ? 0 : framing.error().status;
}

std::string with(const std::string& lines) {
  return "POST /v1/messages HTTP/1.1\r\nHost: h\r\n" + lines + "\r\n";
}

}  // namespace

TEST_CASE("a plain request head is read exactly", "[egress][http]") {
  const std::string text =
      "POST /v1/a?b=%2F HTTP/1.1\r\nHost: h\r\nX-One:  two words \t\r\nEmpty:\r\n\r\nbody";
  const HeadScan scan = scan_head(text);
  REQUIRE(scan.state == HeadState::complete);
  CHECK(text.substr(scan.size) == "body");
  const auto head = parse_request_head(std::string_view(text).substr(0, scan.size));
  REQUIRE(head);
  CHECK(head->method == "POST");
  CHECK(head->target == "/v1/a?b=%2F");
  REQUIRE(head->fields.size() == 3);
  CHECK(head->fields[1].name == "X-One");
  CHECK(head->fields[1].value == "two words");
  CHECK(head->fields[2].value.empty());
}

TEST_CASE("a head is complete only with its empty line, however it is cut", "[egress][http]") {
  const std::string text = with("Content-Length: 3\r\n");
  for (std::size_t cut = 0; cut < text.size(); ++cut)
    CHECK(scan_head(std::string_view(text).substr(0, cut)).state == HeadState::incomplete);
  CHECK(scan_head(text).size == text.size());
}

TEST_CASE("whatever two programs could read differently is refused", "[egress][http][smuggling]") {
  CHECK(verdict(with("")) == 0);
  CHECK(verdict(with("Content-Length: 3\r\n")) == 0);
  CHECK(verdict(with("Transfer-Encoding: chunked\r\n")) == 0);
  CHECK(verdict(with("Transfer-Encoding: Chunked\r\n")) == 0);

  const std::string refused[] = {
      with("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"),
      with("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n"),
      with("Content-Length: 3\r\nContent-Length: 3\r\n"),
      with("Content-Length: 3\r\nContent-Length: 4\r\n"),
      with("Content-Length: 3, 3\r\n"),
      with("Content-Length: +3\r\n"),
      with("Content-Length: -3\r\n"),
      with("Content-Length: 0x3\r\n"),
      with("Content-Length: 3 3\r\n"),
      with("Content-Length:\r\n"),
      with("Content-Length: 9999999999999999999\r\n"),
      with("Transfer-Encoding: gzip, chunked\r\n"),
      with("Transfer-Encoding: chunked, identity\r\n"),
      with("Transfer-Encoding: xchunked\r\n"),
      with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
      with("Transfer-Encoding: \x0b"
           "chunked\r\n"),
      with("Transfer-Encoding : chunked\r\n"),
      with(" Transfer-Encoding: chunked\r\n"),
      with("X: a\r\n folded\r\n"),
      with("X: a\r\n\tfolded\r\n"),
      with("X: a\nY: b\r\n"),
      with("X: a\rY: b\r\n"),
      with("X: a\r\r\n"),
      with("X: a\0b\r\n"s),
      with("X\0Y: b\r\n"s),
      with("X: \x7f\r\n"),
      with("X: \x1b[31m\r\n"),
      with("no colon\r\n"),
      with(": nameless\r\n"),
      with("X Y: b\r\n"),
      with("X(: b\r\n"),
      "GET / HTTP/1.1\nHost: h\n\n",
      "\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n",
      "GET /\r\nHost: h\r\n\r\n",
      "GET  / HTTP/1.1\r\nHost: h\r\n\r\n",
      "GET / x HTTP/1.1\r\nHost: h\r\n\r\n",
      "GET\t/ HTTP/1.1\r\nHost: h\r\n\r\n",
      "GET / HTTP/1.1 \r\nHost: h\r\n\r\n",
      " GET / HTTP/1.1\r\nHost: h\r\n\r\n",
      "G@T / HTTP/1.1\r\nHost: h\r\n\r\n",
      "GET /\xc3\xa9 HTTP/1.1\r\nHost: h\r\n\r\n",
      "GET / http/1.1\r\nHost: h\r\n\r\n",
      "\x16\x03\x01\x02\x00\x01\x00"s,
  };
  for (const std::string& head : refused) {
    INFO(head);
    CHECK(verdict(head) == 400);
  }
}

TEST_CASE("only HTTP/1.1 is spoken", "[egress][http]") {
  for (const char* version : {"HTTP/1.0", "HTTP/2.0", "HTTP/0.9", "HTTP/1.2", "HTTP/1.10"})
    CHECK(verdict("GET / " + std::string(version) + "\r\nHost: h\r\n\r\n") == 505);
  CHECK(verdict("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") == 505);
}

TEST_CASE("the number of headers is bounded", "[egress][http]") {
  std::string many;
  for (std::size_t i = 0; i < kMaxFields - 1; ++i) many += "X: y\r\n";
  CHECK(verdict(with(many)) == 0);
  CHECK(verdict(with(many + "X: y\r\n")) == 400);
}

TEST_CASE("an answer's head is read as strictly", "[egress][http]") {
  const auto head = parse_response_head("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n");
  REQUIRE(head);
  CHECK(head->status == 200);
  CHECK(head->reason == "OK");
  CHECK(parse_response_head("HTTP/1.1 204\r\n\r\n"));
  CHECK(parse_response_head("HTTP/1.0 200 \r\n\r\n"));
  for (const char* bad : {"HTTP/2 200 OK\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n",
                          "HTTP/1.1 099 OK\r\n\r\n", "HTTP/1.1 200 \x01\r\n\r\n", "SSH-2.0-x\r\n\r\n",
                          "HTTP/1.1 200 OK\r\nX : y\r\n\r\n"})
    CHECK_FALSE(parse_response_head(bad));
}

TEST_CASE("how an answer's body ends follows RFC 9112", "[egress][http]") {
  const auto kind = [](unsigned status, const char* method, std::vector<Field> fields) {
    return response_framing({.status = status, .reason = {}, .fields = std::move(fields)}, method)->kind;
  };
  CHECK(kind(200, "GET", {}) == Framing::Kind::until_close);
  CHECK(kind(200, "GET", {{"content-length", "5"}}) == Framing::Kind::length);
  CHECK(kind(200, "GET", {{"Transfer-Encoding", "chunked"}}) == Framing::Kind::chunked);
  CHECK(kind(200, "HEAD", {{"content-length", "5"}}) == Framing::Kind::none);
  CHECK(kind(204, "GET", {}) == Framing::Kind::none);
  CHECK(kind(304, "GET", {{"content-length", "5"}}) == Framing::Kind::none);
  CHECK_FALSE(response_framing(
      {.status = 200, .reason = {}, .fields = {{"Content-Length", "5"}, {"Transfer-Encoding", "chunked"}}},
      "GET"));
}
