// Actions as MCP tools, and a tool's arguments as a wish.
#include "tools/pawl-agent/mcp/tools.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <catch2/catch.hpp>

#include "tests/unit/tools/pawl-agent/sample_actions.hpp"

using namespace pawl;
using namespace pawl::agent;
using namespace pawl::agent::mcp;

namespace {

boost::json::object arguments(std::string_view text) { return boost::json::parse(text).as_object(); }

Wish wished(const wire::ActionInfo& action, std::string_view text) {
  auto use = action_use(action, arguments(text));
  REQUIRE(use);
  return std::get<Wish>(use->goal);
}

std::string refused(std::string_view text) {
  const auto use = action_use(test::deploy_action(), arguments(text));
  REQUIRE_FALSE(use);
  return use.error();
}

}  // namespace

TEST_CASE("each action is a tool, and asking for a request's status is one more") {
  const auto tools = describe_tools(test::sample_actions());
  REQUIRE(tools.size() == 3);
  CHECK(tools[0].at("name") == "deploy");
  CHECK(tools[1].at("name") == "look");
  CHECK(tools[2].at("name") == "pawl_request_status");
  CHECK(describe_tools({}).size() == 1);
}

TEST_CASE("a tool's schema asks for exactly the action's parameters and refuses others") {
  const auto tool = describe_tools(test::sample_actions())[0];
  const auto& schema = tool.at("inputSchema");
  CHECK(boost::json::serialize(schema.at("required")) == R"(["service","manifest"])");
  CHECK(schema.at("additionalProperties") == false);
  const auto& properties = schema.at("properties").as_object();
  CHECK(properties.at("service").at("pattern") == "^(?:[a-z][a-z0-9-]{0,30})$");
  CHECK_FALSE(properties.at("manifest").as_object().contains("pattern"));
  CHECK(properties.contains("why"));
  CHECK(properties.at("wait_seconds").at("default") == 90);
  CHECK_THAT(boost::json::value_to<std::string>(tool.at("description")), Catch::Contains("two-person"));
}

TEST_CASE("a pattern that clients may read otherwise stands in the description only") {
  wire::ActionInfo action = test::deploy_action();
  action.parameters[0].match = R"(\pL+)";
  const auto tool = describe_tools({action})[0];
  const auto& service = tool.at("inputSchema").at("properties").at("service").as_object();
  CHECK_FALSE(service.contains("pattern"));
  CHECK_THAT(boost::json::value_to<std::string>(service.at("description")), Catch::Contains(R"(\pL+)"));
}

TEST_CASE("an action's tool is marked as destructive, the status tool as read-only") {
  const auto tools = describe_tools(test::sample_actions());
  CHECK(tools[0].at("annotations").at("destructiveHint") == true);
  CHECK(tools[0].at("annotations").at("readOnlyHint") == false);
  CHECK(tools[2].at("annotations").at("readOnlyHint") == true);
}

TEST_CASE("arguments become the wish, with pawl's own taken out") {
  const auto use = action_use(
      test::deploy_action(), arguments(R"({"service":"web","why":"ships","wait_seconds":0,"manifest":"a"})"));
  REQUIRE(use);
  CHECK(use->wait == std::chrono::seconds(0));
  const Wish& wish = std::get<Wish>(use->goal);
  CHECK(wish.action == "deploy");
  CHECK(wish.why == "ships");
  REQUIRE(wish.parameters.size() == 2);
  CHECK(wish.parameters[0].name == "service");
  CHECK(wish.parameters[1].value == "a");
  CHECK(action_use(test::deploy_action(), {})->wait == std::chrono::seconds(90));
}

TEST_CASE("a parameter named why is the action's own, and pawl's is pawl_why") {
  wire::ActionInfo action = test::deploy_action();
  action.parameters.push_back({"why", ".*", false, 0});
  const Wish wish = wished(action, R"({"why":"theirs","pawl_why":"ours"})");
  CHECK(wish.why == "ours");
  REQUIRE(wish.parameters.size() == 1);
  CHECK(wish.parameters[0].value == "theirs");
  const auto tool = describe_tools({action})[0];
  CHECK(tool.at("inputSchema").at("properties").as_object().contains("pawl_why"));
}

TEST_CASE("an argument that is not text is refused by its name, not turned into text") {
  for (const char* value : {"1", "true", "null", "[\"web\"]", "{}"})
    CHECK(refused(R"({"service":)" + std::string(value) + "}") == "'service' must be a string");
}

TEST_CASE("a wait is a whole number of seconds of at most ten minutes") {
  CHECK(action_use(test::deploy_action(), arguments(R"({"wait_seconds":600})")));
  for (const char* value : {"601", "-1", "\"90\"", "1.5", "null", "18446744073709551615"})
    CHECK(refused(R"({"wait_seconds":)" + std::string(value) + "}") ==
          "'wait_seconds' must be an integer from 0 to 600");
}

TEST_CASE("a reason beyond 280 characters is refused, not cut") {
  CHECK(wished(test::deploy_action(), R"({"why":")" + std::string(280, 'w') + "\"}").why.size() == 280);
  CHECK_THAT(refused(R"({"why":")" + std::string(281, 'w') + "\"}"), Catch::Contains("280 characters"));
}

TEST_CASE("the status tool takes an id and a wait, and nothing else") {
  const auto use = status_use(arguments(R"({"id":"abcdef12","wait_seconds":30})"));
  REQUIRE(use);
  CHECK(std::get<Follow>(use->goal).id == "abcdef12");
  CHECK(use->wait == std::chrono::seconds(30));
  CHECK(status_use(arguments(R"({"id":"abcdef12"})"))->wait == std::chrono::seconds(0));
  CHECK(status_use({}).error() == "'id' is missing");
  CHECK(status_use(arguments(R"({"id":5})")).error() == "'id' must be a string");
  CHECK_THAT(status_use(arguments(R"({"id":"abcdef12","why":"x"})")).error(),
             Catch::Contains("no argument 'why'"));
}
