// What an agent may ask for: enough to write the request without trying.
#include "tools/pawl-agent/actions_report.hpp"

#include <boost/json/serialize.hpp>
#include <catch2/catch.hpp>

#include "tests/unit/tools/pawl-agent/sample_actions.hpp"

using namespace pawl;

TEST_CASE("the list of actions says what each parameter takes, who approves and how long it runs") {
  CHECK(agent::describe(test::sample_welcome()) ==
        "deploy: Roll one service to a built image\n"
        "  service=value that matches [a-z][a-z0-9-]{0,30}\n"
        "  manifest=PATH of a file of at most 16 bytes\n"
        "  approval: two-person: 2 of @sre, within 15 minutes\n"
        "  may run for 600 s\n"
        "look: Look around\n"
        "  approval: solo: 1 of @self, within 15 minutes\n"
        "  may run for 60 s\n");
}

TEST_CASE("a role that asks for nothing says so by its name, and is an empty array in JSON") {
  wire::AgentWelcome welcome = test::sample_welcome();
  welcome.actions.clear();
  CHECK(agent::describe(welcome) == "role deployer has nothing to ask for\n");
  CHECK(agent::actions_json(welcome).empty());
}

TEST_CASE("in JSON a text parameter has its pattern, a file its limit, and neither the other's") {
  const auto list = agent::actions_json(test::sample_welcome());
  REQUIRE(list.size() == 2);
  CHECK(boost::json::serialize(list[0].at("parameters")) ==
        R"([{"name":"service","file":false,"match":"[a-z][a-z0-9-]{0,30}"},)"
        R"({"name":"manifest","file":true,"max":16}])");
  CHECK(list[0].at("timeout") == 600);
  CHECK(list[1].at("parameters").as_array().empty());
}
