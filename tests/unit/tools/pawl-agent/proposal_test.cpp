// From the agent's words to a proposal: names are checked here, files are opened here, values by the broker.
#include "tools/pawl-agent/proposal.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>

#include <algorithm>

#include "tests/support/temporary_directory.hpp"
#include "tests/unit/tools/pawl-agent/sample_actions.hpp"

using namespace pawl;
using tools::ExitCode;

namespace {

tools::Trouble refused(const agent::Wish& wish) {
  auto proposal = agent::make_proposal(test::sample_actions(), wish);
  REQUIRE_FALSE(proposal);
  return std::move(proposal).error();
}

}  // namespace

TEST_CASE("a proposal carries text as it was given and files by descriptor and name") {
  const test::TemporaryDirectory directory;
  test::write_file(directory / "web.yaml", "kind: Web\n");
  const auto proposal = agent::make_proposal(
      test::sample_actions(),
      {"deploy", {{"manifest", directory / "web.yaml"}, {"service", "Not checked here"}}, "ships #12"});
  REQUIRE(proposal);
  CHECK(proposal->message.action == "deploy");
  CHECK(proposal->message.why == "ships #12");
  REQUIRE(proposal->message.parameters.size() == 1);
  CHECK(proposal->message.parameters[0].name == "service");
  CHECK(proposal->message.parameters[0].value == "Not checked here");
  REQUIRE(proposal->message.files.size() == 1);
  CHECK(proposal->message.files[0].parameter == "manifest");
  CHECK(proposal->message.files[0].basename == "web.yaml");
  REQUIRE(proposal->files.size() == 1);
  char bytes[16] = {};
  CHECK(::read(proposal->files[0].get(), bytes, sizeof(bytes)) == 10);
  CHECK(std::string(bytes) == "kind: Web\n");
}

TEST_CASE("an action without parameters needs none") {
  const auto proposal = agent::make_proposal(test::sample_actions(), {"look", {}, ""});
  REQUIRE(proposal);
  CHECK(proposal->message.parameters.empty());
  CHECK(proposal->files.empty());
}

TEST_CASE("an action that the role does not have is refused, with the one that was meant") {
  const auto trouble = refused({"deply", {}, ""});
  CHECK(trouble.code == ExitCode::refused);
  CHECK_THAT(trouble.line(),
             Catch::Contains("no action 'deply' (did you mean 'deploy'?)") && Catch::Contains("actions"));
}

TEST_CASE("an unknown parameter is a matter of usage, told before any file is opened") {
  const auto trouble = refused({"deploy", {{"manifest", "/nonexistent"}, {"servce", "web"}}, ""});
  CHECK(trouble.code == ExitCode::usage);
  CHECK_THAT(trouble.line(), Catch::Contains("no parameter 'servce' (did you mean 'service'?)"));
}

TEST_CASE("a missing parameter is named with what it takes") {
  const auto text = refused({"deploy", {}, ""});
  CHECK(text.code == ExitCode::usage);
  CHECK_THAT(text.line(),
             Catch::Contains("needs the parameter 'service'") && Catch::Contains("[a-z][a-z0-9-]{0,30}"));
  const auto file = refused({"deploy", {{"service", "web"}}, ""});
  CHECK(file.code == ExitCode::usage);
  CHECK_THAT(file.line(), Catch::Contains("manifest=PATH"));
}

TEST_CASE("a file that cannot be one is a matter of usage, one beyond the role's limit is refused") {
  const test::TemporaryDirectory directory;
  for (const std::string& path : {directory / "none", directory.path(), std::string("/dev/null")}) {
    const auto trouble = refused({"deploy", {{"service", "web"}, {"manifest", path}}, ""});
    CHECK(trouble.code == ExitCode::usage);
    CHECK_THAT(trouble.line(), Catch::Contains("parameter manifest") && Catch::Contains(path));
  }
  test::write_file(directory / "big", std::string(17, 'x'));
  const auto trouble = refused({"deploy", {{"service", "web"}, {"manifest", directory / "big"}}, ""});
  CHECK(trouble.code == ExitCode::refused);
  CHECK_THAT(trouble.line(), Catch::Contains("has 17 bytes; at most 16 are allowed"));
  test::write_file(directory / "big", std::string(16, 'x'));
  CHECK(agent::make_proposal(test::sample_actions(),
                             {"deploy", {{"service", "web"}, {"manifest", directory / "big"}}, ""}));
}
