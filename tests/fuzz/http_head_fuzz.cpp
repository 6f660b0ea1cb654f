// The agent's HTTP, as pawl-egress reads it: head, body framing, and what would go up. Besides memory errors
// this finds a message that reads differently when it arrives in other pieces, and a head that we write and
// would refuse to read.
#include <algorithm>
#include <cstdint>
#include <string>

#include "supervisor/egress/body_decoder.hpp"
#include "supervisor/egress/rewrite.hpp"
#include "tests/fuzz/require.hpp"

using namespace pawl::egress;
using pawl::fuzz::require;

namespace {

struct Decoded {
  bool good = true;
  bool finished = false;
  std::size_t used = 0;
  std::string body;
};

Decoded decode(const Framing& framing, std::string_view input, std::size_t piece) {
  BodyDecoder decoder(framing);
  Decoded decoded;
  for (std::size_t at = 0; at < input.size() && !decoder.finished(); at += piece) {
    const auto used = decoder.feed(input.substr(at, piece), decoded.body);
    if (!used) return {.good = false};
    decoded.used += *used;
  }
  decoded.finished = decoder.finished();
  return decoded;
}

void check_body(const Framing& framing, std::string_view input) {
  const Decoded whole = decode(framing, input, input.size() + 1);
  const Decoded bytes = decode(framing, input, 1);
  require(whole.good == bytes.good);
  if (!whole.good) return;
  require(whole.finished == bytes.finished && whole.used == bytes.used && whole.body == bytes.body);
}

void check_sent_up(const RequestHead& head, const Framing& framing) {
  const pawl::wire::Route route{"anthropic", "https",     "api.example.com", 443,
                                "/base",     "x-api-key", "{secret}"};
  const auto text = upstream_head(upstream_lines(head, framing, route), route, "the-secret");
  require(text.has_value());
  require(scan_head(*text).size == text->size());
  const auto again = parse_request_head(*text);
  // The fields that are added may be the ones too many.
  if (!again && head.fields.size() + 5 > kMaxFields) return;
  require(again.has_value());
  require(again->method == head.method && !objection_to(*again));
  require(again->target.starts_with("/base/"));
  require(*find_field(again->fields, "host") == "api.example.com");
  require(count_fields(again->fields, "x-api-key") == 1 && count_fields(again->fields, "authorization") == 0);
  const auto framing_again = request_framing(*again);
  require(framing_again && framing_again->kind == framing.kind && framing_again->length == framing.length);
}

void check_request(std::string_view input) {
  const HeadScan scan = scan_head(input);
  if (scan.state != HeadState::complete || scan.size > kMaxHead) return;
  const auto head = parse_request_head(input.substr(0, scan.size));
  if (!head || objection_to(*head)) return;
  const auto framing = request_framing(*head);
  if (!framing) return;
  check_body(*framing, input.substr(scan.size));
  check_sent_up(*head, *framing);
}

void check_response(std::string_view input) {
  const HeadScan scan = scan_head(input);
  if (scan.state != HeadState::complete) return;
  const auto head = parse_response_head(input.substr(0, scan.size));
  if (!head || objection_to(*head)) return;
  const auto framing = response_framing(*head, "GET");
  if (!framing) return;
  check_body(*framing, input.substr(scan.size));
  const std::string text = agent_head(*head, *framing, AfterAnswer::keep_open);
  require(scan_head(text).size == text.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  check_request(input);
  check_response(input);
  check_body({.kind = Framing::Kind::chunked}, input);
  return 0;
}
