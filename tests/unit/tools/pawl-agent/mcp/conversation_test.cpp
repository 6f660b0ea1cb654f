// An MCP conversation before any broker is asked: greetings, revisions, and everything malformed.
#include "tools/pawl-agent/mcp/conversation.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/tools/pawl-agent/mcp/client.hpp"

using namespace pawl;
using test::McpClient;

namespace {

constexpr int kInvalidRequest = -32600, kMethodNotFound = -32601, kInvalidParams = -32602,
              kParseError = -32700;
const std::string kModern = R"({"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",)"
                            R"("io.modelcontextprotocol/clientCapabilities":{}}})";

}  // namespace

TEST_CASE("a line that is no message is answered with an error and the conversation goes on") {
  McpClient client;
  client.line("{oops");
  CHECK(client.error() == kParseError);
  client.line("[]");
  CHECK(client.error() == kInvalidRequest);
  client.conversation.take_overlong_line();
  CHECK(client.error() == kInvalidRequest);
  client.call(1, "ping");
  CHECK(client.answer().at("id") == 1);
}

TEST_CASE("blank lines, notices and a client's answers are passed over in silence") {
  McpClient client;
  for (const char* line : {"", " \t ", R"({"jsonrpc":"2.0","method":"notifications/initialized"})",
                           R"({"jsonrpc":"2.0","method":"notifications/cancelled"})",
                           R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":9}})",
                           R"({"jsonrpc":"2.0","id":1,"result":{}})",
                           R"({"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"no"}})"})
    client.line(line);
  CHECK(client.answers.empty());
  CHECK(client.conversation.idle());
}

TEST_CASE("an old client greets first, a new one says its revision with each call") {
  McpClient client;
  client.call(1, "tools/list");
  CHECK(client.error() == kInvalidParams);
  client.call(2, "server/discover", kModern);
  CHECK(client.answer().at("result").at("supportedVersions").at(0) == "2026-07-28");
  client.initialize();
  client.call(3, "tools/list");
  CHECK(client.answers.empty());
  CHECK_FALSE(client.conversation.idle());
}

TEST_CASE("a revision that is not spoken is refused with those that are") {
  McpClient client;
  client.initialize();
  client.call(1, "tools/list", R"({"_meta":{"io.modelcontextprotocol/protocolVersion":"2031-01-01"}})");
  const auto refused = client.answer();
  CHECK(refused.at("error").at("code") == -32022);
  CHECK(refused.at("error").at("data").at("supported").at(0) == "2026-07-28");
  CHECK(refused.at("error").at("data").at("requested") == "2031-01-01");
  client.call(2, "tools/list", R"({"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}})");
  CHECK(client.error() == kInvalidParams);  // without its capabilities
}

TEST_CASE("methods belong to their revision, and an unknown one is named") {
  McpClient client;
  client.initialize();
  client.call(1, "server/discover");
  CHECK(client.error() == kMethodNotFound);
  client.call(2, "ping", kModern);
  CHECK(client.error() == kMethodNotFound);
  client.call(3, "resources/list");
  CHECK_THAT(boost::json::value_to<std::string>(client.answer().at("error").at("message")),
             Catch::Contains("'resources/list'"));
}

TEST_CASE("a tool call that is malformed is told what is wrong, and asks the broker nothing") {
  McpClient client;
  client.initialize();
  for (const char* params : {"{}", R"({"name":5})", R"({"name":""})", R"({"name":"look","arguments":[]})",
                             R"({"name":"look","arguments":"x"})"}) {
    INFO(params);
    client.call(1, "tools/call", params);
    CHECK(client.error() == kInvalidParams);
  }
  client.call(2, "tools/list", R"({"cursor":"next"})");
  CHECK(client.error() == kInvalidParams);
  client.call(3, "tools/call", R"({"name":"pawl_request_status","arguments":{"id":5}})");
  CHECK(test::text_of(client.answer()) == "'id' must be a string");
  CHECK(client.conversation.idle());
  CHECK_FALSE(client.broker.anybody_connects());
}

TEST_CASE("an id in use is refused, and 1 is another id than \"1\"") {
  McpClient client;
  client.initialize();
  client.call(1, "tools/list");
  client.line(R"({"jsonrpc":"2.0","id":"1","method":"tools/list"})");
  CHECK(client.answers.empty());
  client.call(1, "ping");
  CHECK(client.error() == kInvalidRequest);
}

TEST_CASE("calls under way are bounded, and the one too many is told so") {
  McpClient client;
  client.initialize();
  for (int id = 1; id <= static_cast<int>(agent::mcp::kMaxJobs); ++id) client.call(id, "tools/list");
  CHECK(client.answers.empty());
  client.call(1000, "tools/list");
  CHECK_THAT(boost::json::value_to<std::string>(client.answer().at("error").at("message")),
             Catch::Contains("too many calls"));
  client.call(1001, "ping");
  CHECK(client.answer().at("id") == 1001);
}
