// One line from an MCP client to a message: JSON-RPC 2.0 as the Model Context Protocol narrows it (no
// batches, ids are strings or integers). Pure; the line is the agent's, and anything may stand in it. Source:
// modelcontextprotocol.io/specification/2026-07-28/basic, and 2025-11-25.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <expected>
#include <string>
#include <string_view>
#include <variant>

namespace pawl::agent::mcp {

inline constexpr std::size_t kMaxLine = 1024 * 1024;  // bytes, without the line break
inline constexpr std::size_t kMaxDepth = 32;

enum class ErrorCode : int {
  parse_error = -32700,
  invalid_request = -32600,
  method_not_found = -32601,
  invalid_params = -32602,
  internal_error = -32603,
  unsupported_version = -32022,
};

// What cannot be taken: answered with this error, and the id when it could be read (null: it could not).
struct Malformed {
  ErrorCode code = ErrorCode::invalid_request;
  std::string text;
  boost::json::value id;
};

struct Call {
  boost::json::value id;  // string or integer
  std::string method;
  boost::json::object params;  // empty when none were sent
};
struct Notice {
  std::string method;
  boost::json::object params;
};
struct Reply {};  // answers to requests, of which this server makes none: ignored

using Message = std::variant<Call, Notice, Reply>;

std::expected<Message, Malformed> decode(std::string_view line);

}  // namespace pawl::agent::mcp
