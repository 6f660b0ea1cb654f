#include "supervisor/egress/http_head.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace pawl::egress {
namespace {

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

constexpr bool is_token(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("!#$%&'*+-.^_`|~").contains(c);
}
constexpr bool is_target(char c) { return c > 0x20 && c < 0x7f; }
constexpr bool is_text(char c) {  // VCHAR, obs-text, space, tab
  const auto byte = static_cast<unsigned char>(c);
  return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
}

bool is_all(std::string_view text, bool (*allowed)(char)) { return std::ranges::all_of(text, allowed); }

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// Cuts the next line off; its CRLF is there, scan_head() saw to that.
std::string_view next_line(std::string_view& rest) {
  const std::size_t end = rest.find("\r\n");
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 2);
  return line;
}

Result<std::vector<Field>> parse_fields(std::string_view rest) {
  std::vector<Field> fields;
  while (!rest.empty()) {
    const std::string_view line = next_line(rest);
    if (line.empty())
      return rest.empty() ? Result<std::vector<Field>>(std::move(fields))
                          : Result<std::vector<Field>>(refuse("text after the empty line"));
    if (line.front() == ' ' || line.front() == '\t') return refuse("a folded header line");
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return refuse("a header line without a colon");
    const std::string_view name = line.substr(0, colon);
    if (name.empty() || !is_all(name, is_token))
      return refuse("a header name with a space or another character that no name has");
    const std::string_view value = trim(line.substr(colon + 1));
    if (!is_all(value, is_text)) return refuse("a control character in a header");
    if (fields.size() == kMaxFields) return refuse("more than " + std::to_string(kMaxFields) + " headers");
    fields.push_back({std::string(name), std::string(value)});
  }
  return refuse("no empty line after the headers");
}

std::optional<std::uint64_t> parse_length(std::string_view text) {
  std::uint64_t length = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
  if (error != std::errc() || end != text.data() + text.size() || text.size() > 18) return std::nullopt;
  return length;
}

// nullopt: neither header; the caller knows what that means.
Result<std::optional<Framing>> declared_framing(const std::vector<Field>& fields) {
  const std::size_t lengths = count_fields(fields, "content-length");
  const std::size_t encodings = count_fields(fields, "transfer-encoding");
  if (lengths > 0 && encodings > 0) return refuse("both Content-Length and Transfer-Encoding");
  if (lengths > 1) return refuse("more than one Content-Length");
  if (encodings > 1) return refuse("more than one Transfer-Encoding");
  if (encodings == 1) {
    if (!same_name(*find_field(fields, "transfer-encoding"), "chunked"))
      return refuse("a Transfer-Encoding other than chunked");
    return Framing{.kind = Framing::Kind::chunked};
  }
  if (lengths == 1) {
    const auto length = parse_length(*find_field(fields, "content-length"));
    if (!length) return refuse("a Content-Length that is not a plain number");
    return Framing{.kind = Framing::Kind::length, .length = *length};
  }
  return std::nullopt;
}

std::unexpected<Refusal> bad_request(std::string reason) {
  return std::unexpected(Refusal{400, std::move(reason)});
}

}  // namespace

HeadScan scan_head(std::string_view bytes) {
  std::size_t line = 0;  // where the current line starts
  for (std::size_t at = bytes.find_first_of(std::string_view("\r\n\0", 3)); at != std::string_view::npos;
       at = bytes.find_first_of(std::string_view("\r\n\0", 3), line)) {
    if (bytes[at] != '\r') return {.state = HeadState::malformed};
    if (at + 1 == bytes.size()) return {};
    if (bytes[at + 1] != '\n') return {.state = HeadState::malformed};
    // An empty line first of all: some clients send one after a body, and some tricks start with it.
    if (at == line)
      return at == 0 ? HeadScan{.state = HeadState::malformed}
                     : HeadScan{.state = HeadState::complete, .size = at + 2};
    line = at + 2;
  }
  return {};
}

std::expected<RequestHead, Refusal> parse_request_head(std::string_view head) {
  std::string_view rest = head;
  const std::string_view line = next_line(rest);
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last)
    return bad_request("the request line is not METHOD TARGET VERSION");
  RequestHead request{.method = std::string(line.substr(0, first)),
                      .target = std::string(line.substr(first + 1, last - first - 1)),
                      .fields = {}};
  const std::string_view version = line.substr(last + 1);
  if (request.method.empty() || !is_all(request.method, is_token))
    return bad_request("the method is not a plain word");
  if (request.target.empty() || !is_all(request.target, is_target))
    return bad_request("the target has a space, a control or a non-ASCII character");
  if (version != "HTTP/1.1") {
    if (version.starts_with("HTTP/") && is_all(version, is_target))
      return std::unexpected(Refusal{505, "only HTTP/1.1 is spoken here"});
    return bad_request("the request line does not end with HTTP/1.1");
  }
  Result<std::vector<Field>> fields = parse_fields(rest);
  if (!fields) return bad_request(std::move(fields).error().trail);
  request.fields = *std::move(fields);
  return request;
}

Result<ResponseHead> parse_response_head(std::string_view head) {
  std::string_view rest = head;
  const std::string_view line = next_line(rest);
  // HTTP/1.x SP 3DIGIT [SP reason]
  const bool shaped = (line.starts_with("HTTP/1.1 ") || line.starts_with("HTTP/1.0 ")) && line.size() >= 12 &&
                      (line.size() == 12 || line[12] == ' ');
  unsigned status = 0;
  if (!shaped || std::from_chars(line.data() + 9, line.data() + 12, status).ptr != line.data() + 12 ||
      status < 100 || status > 599)
    return refuse("no HTTP/1.x status line");
  const std::string_view reason = line.size() > 13 ? line.substr(13) : std::string_view();
  if (!is_all(reason, is_text)) return refuse("a control character in the status line");
  return ResponseHead{.status = status, .reason = std::string(reason), .fields = TRY(parse_fields(rest))};
}

std::expected<Framing, Refusal> request_framing(const RequestHead& head) {
  Result<std::optional<Framing>> declared = declared_framing(head.fields);
  if (!declared) return bad_request(std::move(declared).error().trail);
  return declared->value_or(Framing{.kind = Framing::Kind::none});
}

Result<Framing> response_framing(const ResponseHead& head, std::string_view method) {
  const std::optional<Framing> declared = TRY(declared_framing(head.fields));
  if (method == "HEAD" || head.status < 200 || head.status == 204 || head.status == 304)
    return Framing{.kind = Framing::Kind::none};
  return declared.value_or(Framing{.kind = Framing::Kind::until_close});
}

bool same_name(std::string_view left, std::string_view right) {
  return std::ranges::equal(left, right, {}, lower, lower);
}

const std::string* find_field(const std::vector<Field>& fields, std::string_view name) {
  for (const Field& field : fields)
    if (same_name(field.name, name)) return &field.value;
  return nullptr;
}

std::size_t count_fields(const std::vector<Field>& fields, std::string_view name) {
  return static_cast<std::size_t>(
      std::ranges::count_if(fields, [&](const Field& field) { return same_name(field.name, name); }));
}

std::vector<std::string> list_members(const std::vector<Field>& fields, std::string_view name) {
  std::vector<std::string> members;
  for (const Field& field : fields) {
    if (!same_name(field.name, name)) continue;
    std::string_view rest = field.value;
    while (!rest.empty()) {
      const std::size_t comma = rest.find(',');
      const std::string_view member = trim(rest.substr(0, comma));
      if (!member.empty()) members.emplace_back(member);
      rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
    }
  }
  return members;
}

}  // namespace pawl::egress
