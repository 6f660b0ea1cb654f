// MCP calls against the broker: side by side, waiting, cancelled, and with the broker gone.
#include <catch2/catch.hpp>

#include "tests/unit/tools/pawl-agent/mcp/client.hpp"

using namespace pawl;
using std::chrono::milliseconds;
using std::chrono::seconds;
using test::McpClient;
using wire::RequestState;

namespace {

McpClient& greeted(McpClient& client) {
  client.initialize();
  return client;
}

}  // namespace

TEST_CASE("the list of tools is what the broker says the role may ask for") {
  McpClient client;
  greeted(client).call(1, "tools/list");
  client.greet();
  const auto listed = client.answer();
  CHECK(listed.at("id") == 1);
  CHECK(listed.at("result").at("tools").as_array().size() == 3);
  CHECK(client.conversation.idle());
}

TEST_CASE("a call that does not wait answers with the pending request and its id") {
  McpClient client;
  greeted(client).call(1, "tools/call", R"({"name":"look","arguments":{"why":"curious","wait_seconds":0}})");
  client.greet();  // learns the actions
  client.greet();  // and then asks
  CHECK(client.broker.read<wire::Propose>().why == "curious");
  client.broker.answer(test::sample_status(RequestState::pending));
  client.turn();
  const auto told = client.answer();
  CHECK(told.at("result").at("isError") == false);
  CHECK(told.at("result").at("structuredContent").at("state") == "pending");
  CHECK_THAT(test::text_of(told), Catch::Contains(std::string(12, 'a')));
}

TEST_CASE("an unknown tool is an error of the protocol, unusable arguments are told to the model") {
  McpClient client;
  greeted(client).call(1, "tools/call", R"({"name":"destroy"})");
  client.greet();
  CHECK(client.error() == -32602);
  client.call(2, "tools/call", R"({"name":"look","arguments":{"why":5}})");
  CHECK(test::text_of(client.answer()) == "'why' must be a string");
  client.call(3, "tools/call", R"({"name":"look","arguments":{"extra":"x"}})");
  client.greet();
  const auto told = client.answer();
  CHECK(told.at("result").at("isError") == true);
  CHECK_THAT(test::text_of(told), Catch::Contains("no parameter 'extra'"));
}

TEST_CASE("a client that wants progress is told every few seconds, one that does not is left alone") {
  for (const bool wanted : {true, false}) {
    McpClient client;
    const std::string meta = wanted ? R"(,"_meta":{"progressToken":"p"})" : "";
    greeted(client).call(1, "tools/call",
                         R"({"name":"pawl_request_status","arguments":)"
                         R"({"id":"aaaaaaaa","wait_seconds":60})" +
                             meta + "}");
    client.greet();
    (void)client.broker.read<wire::AwaitRequest>();
    auto status = test::sample_status(RequestState::pending);
    status.detail = "1 of 2 approvals";
    client.broker.answer(status);
    for (int second = 0; second < 11; ++second, client.now += seconds(1)) client.turn();
    if (!wanted) {
      CHECK(client.answers.empty());
      continue;
    }
    REQUIRE(client.answers.size() == 3);
    std::int64_t last = 0;
    for (const auto& notice : client.answers) {
      CHECK(notice.at("params").at("progressToken") == "p");
      CHECK(notice.at("params").at("message") == "request aaaaaaaaaaaa is pending: 1 of 2 approvals");
      CHECK(notice.at("params").at("progress").as_int64() > last);
      last = notice.at("params").at("progress").as_int64();
    }
  }
}

TEST_CASE("cancelling ends the wait without an answer, and frees the id") {
  McpClient client;
  greeted(client).call(1, "tools/call",
                       R"({"name":"pawl_request_status","arguments":{"id":"aaaaaaaa","wait_seconds":60}})");
  client.greet();
  client.line(R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"1"}})");
  CHECK_FALSE(client.conversation.idle());  // the id is the number 1
  client.line(R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}})");
  CHECK(client.conversation.idle());
  client.turn();
  CHECK(client.answers.empty());
  client.call(1, "ping");
  CHECK(client.answer().at("id") == 1);
}

TEST_CASE("a call that waits does not hold up the next one") {
  McpClient client;
  greeted(client).call(1, "tools/call",
                       R"({"name":"pawl_request_status","arguments":{"id":"aaaaaaaa","wait_seconds":60}})");
  client.greet();
  (void)client.broker.read<wire::AwaitRequest>();
  client.call(2, "tools/list");
  client.greet();
  CHECK(client.answer().at("id") == 2);
  CHECK_FALSE(client.conversation.idle());
}

TEST_CASE("without a broker a listing is an error and a call tells the model, both after five seconds") {
  McpClient client;
  client.broker.stop();
  greeted(client).call(1, "tools/list");
  client.call(2, "tools/call", R"({"name":"look"})");
  client.turn();
  for (const auto end = client.now + milliseconds(4900); client.now < end; client.now += milliseconds(100))
    client.turn();
  CHECK(client.answers.empty());
  client.now += milliseconds(200);
  client.turn();
  REQUIRE(client.answers.size() == 2);
  CHECK(client.answers[0].at("error").at("code") == -32603);
  CHECK(client.answers[1].at("result").at("isError") == true);
  CHECK_THAT(test::text_of(client.answers[1]), Catch::Contains("cannot be reached"));
  CHECK(client.conversation.idle());
}
