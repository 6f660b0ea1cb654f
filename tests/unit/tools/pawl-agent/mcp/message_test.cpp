// One line of an MCP client: a message, or the error that JSON-RPC has for it.
#include "tools/pawl-agent/mcp/message.hpp"

#include <catch2/catch.hpp>

using namespace pawl::agent::mcp;

namespace {

Malformed refused(std::string_view line) {
  auto message = decode(line);
  REQUIRE_FALSE(message);
  CHECK_FALSE(message.error().text.empty());
  return std::move(message).error();
}

template <class Wanted>
Wanted decoded(std::string_view line) {
  auto message = decode(line);
  REQUIRE(message);
  REQUIRE(std::holds_alternative<Wanted>(*message));
  return std::get<Wanted>(*std::move(message));
}

std::string nested(std::size_t depth) {
  return R"({"jsonrpc":"2.0","id":1,"method":"m","params":{"a":)" + std::string(depth, '[') +
         std::string(depth, ']') + "}}";
}

}  // namespace

TEST_CASE("a call keeps its id as it was sent, text or number") {
  CHECK(decoded<Call>(R"({"jsonrpc":"2.0","id":7,"method":"ping"})").id == 7);
  CHECK(decoded<Call>(R"({"jsonrpc":"2.0","id":"7","method":"ping"})").id == "7");
  CHECK(decoded<Call>(R"({"jsonrpc":"2.0","id":18446744073709551615,"method":"ping"})").id == UINT64_MAX);
  const Call call = decoded<Call>(R"({"jsonrpc":"2.0","id":-1,"method":"tools/call","params":{"name":"x"}})");
  CHECK(call.method == "tools/call");
  CHECK(call.params.at("name") == "x");
}

TEST_CASE("a message without an id is a notice") {
  const Notice notice = decoded<Notice>(R"({"jsonrpc":"2.0","method":"notifications/initialized"})");
  CHECK(notice.method == "notifications/initialized");
  CHECK(notice.params.empty());
}

TEST_CASE("a notice is never answered, so malformed parameters of one are no error") {
  CHECK(
      decoded<Notice>(R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":[1]})").params.empty());
}

TEST_CASE("an id that is neither text nor an integer is refused, without repeating it") {
  for (const char* id : {"null", "1.5", "true", "[]", "{}", "1e400"}) {
    INFO(id);
    const std::string line = R"({"jsonrpc":"2.0","method":"ping","id":)" + std::string(id) + "}";
    CHECK(refused(line).id.is_null());
  }
}

TEST_CASE("what is not JSON is a parse error") {
  for (const std::string_view line :
       {"", "{", "hello", "{}x", R"({"jsonrpc":"2.0",})", "{\"a\":\"\xff\"}", "nul", "'x'"}) {
    INFO(line);
    CHECK(refused(line).code == ErrorCode::parse_error);
  }
  CHECK(refused(std::string_view("{\"a\":\"\0\"}", 9)).code == ErrorCode::parse_error);
}

TEST_CASE("JSON that is no message is an invalid request") {
  for (const char* line : {"1", "null", "\"ping\"", "{}", R"({"jsonrpc":"1.0","id":1,"method":"ping"})",
                           R"({"jsonrpc":2.0,"id":1,"method":"ping"})", R"({"id":1,"method":"ping"})",
                           R"({"jsonrpc":"2.0","id":1})", R"({"jsonrpc":"2.0","id":1,"method":5})"}) {
    INFO(line);
    CHECK(refused(line).code == ErrorCode::invalid_request);
  }
}

TEST_CASE("an error answers to the id where that could be read") {
  CHECK(refused(R"({"jsonrpc":"2.0","id":"x","method":5})").id == "x");
  const Malformed params = refused(R"({"jsonrpc":"2.0","id":4,"method":"ping","params":[1]})");
  CHECK(params.code == ErrorCode::invalid_params);
  CHECK(params.id == 4);
}

TEST_CASE("a batch is refused in words, also an empty one") {
  for (const char* line : {"[]", R"([{"jsonrpc":"2.0","id":1,"method":"ping"}])"}) {
    CHECK(refused(line).code == ErrorCode::invalid_request);
    CHECK_THAT(refused(line).text, Catch::Contains("batches are not supported"));
  }
}

TEST_CASE("a client's answer is taken in silence, whatever its id: errors must not answer errors") {
  CHECK_NOTHROW(decoded<Reply>(R"({"jsonrpc":"2.0","id":1,"result":{}})"));
  CHECK_NOTHROW(decoded<Reply>(R"({"jsonrpc":"2.0","error":{"code":-32600,"message":"no"}})"));
  CHECK_NOTHROW(decoded<Reply>(R"({"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"no"}})"));
}

TEST_CASE("nesting is bounded: deep JSON is refused, and does not exhaust the stack") {
  CHECK(decode(nested(kMaxDepth - 2)));
  CHECK(refused(nested(kMaxDepth - 1)).code == ErrorCode::parse_error);
  CHECK(refused(nested(200'000)).code == ErrorCode::parse_error);
}

TEST_CASE("a message of more than a mebibyte is refused unread") {
  const std::string start = R"({"jsonrpc":"2.0","id":1,"method":")", end = "\"}";
  const std::string fits = start + std::string(kMaxLine - start.size() - end.size(), 'm') + end;
  CHECK(decode(fits));
  CHECK(refused(fits + " ").code == ErrorCode::invalid_request);
}
