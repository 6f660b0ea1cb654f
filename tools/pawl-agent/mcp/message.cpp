#include "tools/pawl-agent/mcp/message.hpp"

#include <boost/json/parse.hpp>

namespace pawl::agent::mcp {
namespace {

namespace json = boost::json;

std::unexpected<Malformed> malformed(ErrorCode code, std::string text, json::value id = nullptr) {
  return std::unexpected(Malformed{code, std::move(text), std::move(id)});
}

bool may_be_id(const json::value& value) {
  return value.is_string() || value.is_int64() || value.is_uint64();
}

}  // namespace

std::expected<Message, Malformed> decode(std::string_view line) {
  if (line.size() > kMaxLine) return malformed(ErrorCode::invalid_request, "a message has at most 1 MiB");
  json::parse_options options;
  options.max_depth = kMaxDepth;
  boost::system::error_code error;
  json::value value = json::parse(json::string_view(line.data(), line.size()), error, {}, options);
  if (error) return malformed(ErrorCode::parse_error, "not JSON: " + error.message());
  if (value.is_array())
    return malformed(ErrorCode::invalid_request, "batches are not supported: one message a line");
  if (!value.is_object()) return malformed(ErrorCode::invalid_request, "a message is a JSON object");
  json::object& object = value.get_object();

  json::value* method = object.if_contains("method");
  // First of all: an error that answers an error (its id may be null) would go to and fro for ever.
  if (method == nullptr && (object.contains("result") || object.contains("error"))) return Reply{};
  const json::value* id = object.if_contains("id");
  if (id != nullptr && !may_be_id(*id))
    return malformed(ErrorCode::invalid_request, "an id is a string or an integer");
  const json::value known_id = id != nullptr ? *id : json::value(nullptr);
  const json::value* version = object.if_contains("jsonrpc");
  if (version == nullptr || *version != "2.0")
    return malformed(ErrorCode::invalid_request, "\"jsonrpc\" must be \"2.0\"", known_id);
  if (method == nullptr)
    return malformed(ErrorCode::invalid_request, "a message needs a \"method\"", known_id);
  if (!method->is_string())
    return malformed(ErrorCode::invalid_request, "\"method\" must be a string", known_id);
  json::object params;
  if (json::value* given = object.if_contains("params")) {
    if (given->is_object())
      params = std::move(given->get_object());
    else if (id != nullptr)  // a notice is never answered, not with an error either
      return malformed(ErrorCode::invalid_params, "\"params\" must be an object", known_id);
  }
  std::string name(method->get_string());
  if (id == nullptr) return Notice{std::move(name), std::move(params)};
  return Call{known_id, std::move(name), std::move(params)};
}

}  // namespace pawl::agent::mcp
