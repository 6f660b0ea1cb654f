// The command line of `pawl run`: what is pawl's ends where the command begins, and every failure is 125.
#include "tools/pawl/run_arguments.hpp"

#include <catch2/catch.hpp>

using namespace pawl;
using tools::ExitCode;
using Words = std::vector<std::string>;

namespace {

run::RunCommand parsed(const Words& words) {
  auto command = run::parse_run(words);
  REQUIRE(command);
  REQUIRE(std::holds_alternative<run::RunCommand>(*command));
  return std::get<run::RunCommand>(*command);
}

std::string refused(const Words& words) {
  const auto command = run::parse_run(words);
  REQUIRE_FALSE(command);
  CHECK(command.error().code == ExitCode::pawl_failed);
  return command.error().line();
}

}  // namespace

TEST_CASE("a bare command runs under the role coder in the current directory") {
  const run::RunCommand command = parsed({"claude"});
  CHECK(command.role == "coder");
  CHECK(command.policy_file.empty());
  CHECK(command.workspace == ".");
  CHECK(command.argv == Words{"claude"});
}

TEST_CASE("options take their value as the next word or behind an equals sign") {
  const run::RunCommand spaced = parsed({"--role", "deployer", "--workspace", "/src", "--", "true"});
  CHECK(spaced.role == "deployer");
  CHECK(spaced.workspace == "/src");
  const run::RunCommand joined = parsed({"--policy=a=b.toml", "--workspace=/src", "true"});
  CHECK(joined.policy_file == "a=b.toml");
  CHECK(joined.workspace == "/src");
}

TEST_CASE("words behind the command are the command's own, also those that look like pawl's") {
  CHECK(parsed({"claude", "--role", "root", "--help"}).argv == Words{"claude", "--role", "root", "--help"});
  CHECK(parsed({"claude", "--role", "root"}).role == "coder");
  CHECK(parsed({"--", "--role", "--"}).argv == Words{"--role", "--"});
}

TEST_CASE("help is given before anything is checked") {
  for (const Words& words : {Words{"--help"}, Words{"-h"}, Words{"--role", "x", "--help", "--nonsense"}}) {
    const auto command = run::parse_run(words);
    REQUIRE(command);
    CHECK(std::holds_alternative<run::RunHelp>(*command));
  }
}

TEST_CASE("an unknown option of pawl run is named, with the one that was meant") {
  CHECK_THAT(refused({"--rol", "deployer", "true"}), Catch::Contains("'--rol' (did you mean '--role'?)"));
  CHECK_THAT(refused({"--worspace=/src", "true"}), Catch::Contains("did you mean '--workspace'?"));
  CHECK_THAT(refused({"-x", "true"}), Catch::Contains("unknown option '-x'"));
}

TEST_CASE("an option without a value is refused, not given the command as its value") {
  CHECK_THAT(refused({"--role"}), Catch::Contains("--role needs a value"));
  CHECK_THAT(refused({"--role=", "true"}), Catch::Contains("--role needs a value"));
  CHECK_THAT(refused({"--workspace", "", "true"}), Catch::Contains("--workspace needs a value"));
}

TEST_CASE("a role and a policy file exclude each other in either order") {
  CHECK_THAT(refused({"--role", "a", "--policy", "b", "true"}), Catch::Contains("exclude each other"));
  CHECK_THAT(refused({"--policy", "b", "--role", "coder", "true"}), Catch::Contains("exclude each other"));
}

TEST_CASE("pawl run without a command says so instead of starting a shell") {
  CHECK_THAT(refused({}), Catch::Contains("which command?"));
  CHECK_THAT(refused({"--role", "coder", "--"}), Catch::Contains("which command?"));
  CHECK_THAT(refused({"", "x"}), Catch::Contains("the command is empty"));
}

TEST_CASE("a command that no message could carry is refused with a way out") {
  CHECK(parsed(Words(4096, "x")).argv.size() == 4096);
  CHECK_THAT(refused(Words(4097, "x")), Catch::Contains("4097 words") && Catch::Contains("on stdin"));
  CHECK(parsed({"x", std::string(98'000, 'a')}).argv.size() == 2);
  CHECK_THAT(refused({"x", std::string(99'000, 'a')}), Catch::Contains("a session takes 98304"));
}
