// The agent's command line: everything wrong is exit code 2, with what would be right.
#include "tools/pawl-agent/arguments.hpp"

#include <catch2/catch.hpp>

using namespace pawl;
using namespace pawl::agent;
using std::chrono::milliseconds;
using tools::ExitCode;
using Words = std::vector<std::string>;

namespace {

template <class Wanted>
Wanted parsed(const Words& words) {
  auto command = parse_arguments(words);
  REQUIRE(command);
  REQUIRE(std::holds_alternative<Wanted>(*command));
  return std::get<Wanted>(*command);
}

std::string refused(const Words& words) {
  const auto command = parse_arguments(words);
  REQUIRE_FALSE(command);
  CHECK(command.error().code == ExitCode::usage);
  return command.error().line();
}

}  // namespace

TEST_CASE("a request takes its parameters, its reason and its options in any order") {
  const auto command = parsed<RequestCommand>({"request", "--wait", "5m", "deploy", "service=web",
                                               "--why=ships #12", "args=a=b --json", "empty=", "--json"});
  CHECK(command.action == "deploy");
  REQUIRE(command.parameters.size() == 3);
  CHECK(command.parameters[0].name == "service");
  CHECK(command.parameters[0].value == "web");
  CHECK(command.parameters[1].value == "a=b --json");
  CHECK(command.parameters[2].value.empty());
  CHECK(command.why == "ships #12");
  CHECK(command.wait == std::chrono::minutes(5));
  CHECK(command.format == Format::json);
}

TEST_CASE("a request waits 90 seconds by default, a status does not wait") {
  CHECK(parsed<RequestCommand>({"request", "deploy"}).wait == std::chrono::seconds(90));
  CHECK(parsed<StatusCommand>({"status", "abcdef12"}).wait == milliseconds(0));
  CHECK(parsed<StatusCommand>({"status", "--wait=10", "abcdef12"}).wait == std::chrono::seconds(10));
}

TEST_CASE("a parameter that is malformed or given twice is refused by its name") {
  CHECK_THAT(refused({"request", "deploy", "web"}), Catch::Contains("'web' is not a parameter"));
  CHECK_THAT(refused({"request", "deploy", "=web"}), Catch::Contains("'=web' is not a parameter"));
  CHECK_THAT(refused({"request", "deploy", "service=a", "service=b"}),
             Catch::Contains("'service' is given twice"));
}

TEST_CASE("a request or a status of nothing says where to look") {
  CHECK_THAT(refused({"request"}), Catch::Contains("which action?") && Catch::Contains("pawl-agent actions"));
  CHECK_THAT(refused({"status"}), Catch::Contains("which request?"));
  CHECK_THAT(refused({"status", "abcdef12", "abcdef13"}), Catch::Contains("one id"));
}

TEST_CASE("an unknown option of the agent's command is named with the one that was meant") {
  CHECK_THAT(refused({"request", "deploy", "--wiat", "5m"}), Catch::Contains("did you mean '--wait'?"));
  CHECK_THAT(refused({"request", "deploy", "--wiat=90s"}),
             Catch::Contains("'--wiat=90s' (did you mean '--wait'?)"));
  CHECK_THAT(refused({"actions", "--jsn"}), Catch::Contains("did you mean '--json'?"));
  CHECK_THAT(refused({"status", "abcdef12", "--why", "x"}), Catch::Contains("unknown option '--why'"));
}

TEST_CASE("an option at the end of the line lacks its value") {
  CHECK_THAT(refused({"request", "deploy", "--why"}), Catch::Contains("--why needs a value"));
  CHECK_THAT(refused({"status", "abcdef12", "--wait"}), Catch::Contains("--wait needs a value"));
}

TEST_CASE("a reason has at most 280 characters, however many bytes these are") {
  std::string umlauts;
  for (int i = 0; i < 280; ++i) umlauts += "ü";
  CHECK(parsed<RequestCommand>({"request", "deploy", "--why", umlauts}).why == umlauts);
  CHECK_THAT(refused({"request", "deploy", "--why", umlauts + "x"}), Catch::Contains("280 characters"));
}

TEST_CASE("characters are counted, not bytes") {
  CHECK(characters("") == 0);
  CHECK(characters("web") == 3);
  CHECK(characters("é€😀") == 3);
}

TEST_CASE("a time to wait is read in every unit") {
  CHECK(parse_wait("90").value() == std::chrono::seconds(90));
  CHECK(parse_wait("0").value() == milliseconds(0));
  CHECK(parse_wait("500ms").value() == milliseconds(500));
  CHECK(parse_wait("90s").value() == std::chrono::seconds(90));
  CHECK(parse_wait("2m").value() == std::chrono::minutes(2));
  CHECK(parse_wait("24h").value() == std::chrono::hours(24));
}

TEST_CASE("a time that makes no sense or lasts beyond a day is refused with examples") {
  for (const std::string text : {"", "s", "-1", "-1s", "+5", "1.5h", "5 m", "5d", "5sx", "0x10", "25h",
                                 "86401", "86400001ms", "9223372036854775807h", "99999999999999999999"}) {
    INFO(text);
    const auto wait = parse_wait(text);
    REQUIRE_FALSE(wait);
    CHECK(wait.error().code == ExitCode::usage);
    CHECK_THAT(wait.error().line(), Catch::Contains("'" + text + "'") && Catch::Contains("at most 24h"));
  }
}

TEST_CASE("every verb has a help of its own, and help is never an error") {
  for (const std::string verb : {"actions", "request", "status", "mcp"}) {
    CHECK(parsed<HelpCommand>({verb, "--help"}).verb == verb);
    CHECK(parsed<HelpCommand>({"help", verb}).verb == verb);
    CHECK_THAT(std::string(help_text(verb)), Catch::StartsWith("pawl-agent " + verb));
  }
  CHECK(parsed<HelpCommand>({"-h"}).verb.empty());
  CHECK(help_text("nonsense") == help_text(""));
}

TEST_CASE("an unknown verb, or none, names the known ones") {
  CHECK_THAT(refused({}), Catch::Contains("actions, request, status or mcp"));
  CHECK_THAT(refused({"requst"}), Catch::Contains("did you mean 'request'?"));
  CHECK_THAT(refused({"mcp", "--verbose"}), Catch::Contains("mcp takes no arguments"));
  CHECK_THAT(refused({"actions", "deploy"}), Catch::Contains("actions takes no arguments"));
}
