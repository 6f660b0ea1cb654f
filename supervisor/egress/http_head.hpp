// The head of an HTTP/1.1 message (RFC 9112 §2-6), read strictly: whatever two programs could read
// differently is refused, because that is how requests are smuggled. Pure. Runs in pawl-egress; the bytes are
// the agent's, or the upstream's.
//
// Own code where a library would do: Boost.Beast 1.81 unfolds and forgives where this must refuse, and its
// parser aborts on a last chunk that arrives in pieces.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/base/error.hpp"

namespace pawl::egress {

inline constexpr std::size_t kMaxHead = 64 * 1024;  // bytes, request or response
inline constexpr std::size_t kMaxFields = 256;

// What the agent is told instead of an upstream's answer.
struct Refusal {
  unsigned status = 400;
  std::string reason;
};

struct Field {
  std::string name;   // as sent
  std::string value;  // without the spaces around it
};

struct RequestHead {
  std::string method;
  std::string target;  // exactly as sent
  std::vector<Field> fields;
};

struct ResponseHead {
  unsigned status = 0;
  std::string reason;
  std::vector<Field> fields;
};

enum class HeadState : std::uint8_t { incomplete, complete, malformed };
struct HeadScan {
  HeadState state = HeadState::incomplete;
  std::size_t size = 0;  // bytes up to and with the empty line, when complete
};
// Looks for the end of a head. A line feed or carriage return by itself is malformed at once.
HeadScan scan_head(std::string_view bytes);

// `head` ends with its empty line.
std::expected<RequestHead, Refusal> parse_request_head(std::string_view head);
Result<ResponseHead> parse_response_head(std::string_view head);

// How long the body is.
struct Framing {
  enum class Kind : std::uint8_t { none, length, chunked, until_close };
  Kind kind = Kind::none;
  std::uint64_t length = 0;  // bytes
};
std::expected<Framing, Refusal> request_framing(const RequestHead& head);
// `method` is the request's: an answer to HEAD has no body.
Result<Framing> response_framing(const ResponseHead& head, std::string_view method);

bool same_name(std::string_view left, std::string_view right);  // ASCII, without regard to case
const std::string* find_field(const std::vector<Field>& fields, std::string_view name);
std::size_t count_fields(const std::vector<Field>& fields, std::string_view name);
// The comma-separated members of all fields of that name.
std::vector<std::string> list_members(const std::vector<Field>& fields, std::string_view name);

}  // namespace pawl::egress
