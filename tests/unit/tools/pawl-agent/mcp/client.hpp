// An MCP client and the broker on the two sides of one conversation, on a clock of the test's.
#pragma once

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <string>
#include <vector>

#include "tests/unit/tools/pawl-agent/fake_broker.hpp"
#include "tools/pawl-agent/mcp/conversation.hpp"

namespace pawl::test {

struct McpClient {
  FakeBroker broker;
  std::vector<boost::json::object> answers;
  agent::Clock::time_point now = agent::Clock::now();
  agent::mcp::Conversation conversation{
      broker.path(), [this](const boost::json::object& message) { answers.push_back(message); }};

  void line(std::string_view text) { conversation.take_line(text, now); }
  void call(int id, const std::string& method, const std::string& params = "{}") {
    line(R"({"jsonrpc":"2.0","id":)" + std::to_string(id) + R"(,"method":")" + method + R"(","params":)" +
         params + "}");
  }
  void initialize() {
    call(0, "initialize", R"({"protocolVersion":"2025-11-25"})");
    REQUIRE(answers.size() == 1);
    answers.clear();
  }
  // One turn of the server's loop, without waiting.
  void turn() {
    std::vector<pollfd> watched;
    conversation.watch(watched, now);
    ::poll(watched.data(), watched.size(), 0);
    conversation.advance(watched, now);
  }
  // A call's first steps, until the broker has told the role's actions.
  void greet() {
    turn();
    broker.accept();
    (void)broker.read<wire::AgentHello>();
    broker.answer(sample_welcome());
    turn();
  }
  // The one answer since the last time.
  boost::json::object answer() {
    REQUIRE(answers.size() == 1);
    boost::json::object message = std::move(answers[0]);
    answers.clear();
    return message;
  }
  std::int64_t error() { return answer().at("error").at("code").as_int64(); }
};

inline std::string text_of(const boost::json::object& answer) {
  return boost::json::value_to<std::string>(answer.at("result").at("content").at(0).at("text"));
}

}  // namespace pawl::test
