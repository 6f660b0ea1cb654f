#include "tools/pawl/run_arguments.hpp"

#include <catch2/catch.hpp>

using namespace pawl::run;

namespace {

using Words = std::vector<std::string>;

RunCommand run_command(const Words& words) {
  return std::get<RunCommand>(std::move(parse_run(words)).value());
}
AttachCommand attach_command(const Words& words) {
  return std::get<AttachCommand>(std::move(parse_attach(words)).value());
}
std::string complaint(const Words& words) { return parse_run(words).error().line(); }
std::string attach_complaint(const Words& words) { return parse_attach(words).error().line(); }

}  // namespace

TEST_CASE("pawl run is attached unless it is told otherwise") {
  CHECK(run_command({"ls"}).front == RunCommand::Front::attached);
  const RunCommand command = run_command({"--role", "deployer", "--detach", "--workspace=/x", "--detach-keys",
                                          "ctrl-a,d", "--", "ls", "--detach"});
  CHECK(command.front == RunCommand::Front::detached);
  CHECK(command.role == "deployer");
  CHECK(command.workspace == "/x");
  CHECK(command.detach_keys == "ctrl-a,d");
  CHECK(command.argv == Words{"ls", "--detach"});
}

TEST_CASE("what pawl run does not understand is told with the nearest that it does") {
  CHECK(complaint({"--detatch", "ls"}).find("--detach") != std::string::npos);
  CHECK(complaint({"--detach-keys"}).find("needs a value") != std::string::npos);
  CHECK(complaint({"--detach"}).find("which command") != std::string::npos);
  CHECK(complaint({"--role", "a", "--policy", "b", "ls"}).find("exclude") != std::string::npos);
  CHECK(std::holds_alternative<RunHelp>(parse_run(Words{"--detach", "--help"}).value()));
}

TEST_CASE("pawl attach takes one session") {
  CHECK(attach_command({"9d41b6e2"}).session == "9d41b6e2");
  CHECK(attach_command({"9d41b6e2"}).seat == AttachCommand::Seat::free);
  const AttachCommand command = attach_command({"--steal", "9d41b6e2", "--detach-keys=none"});
  CHECK(command.seat == AttachCommand::Seat::any);
  CHECK(command.detach_keys == "none");
  CHECK(attach_complaint({}).find("which session") != std::string::npos);
  CHECK(attach_complaint({"a", "b"}).find("one session") != std::string::npos);
  CHECK(attach_complaint({"--stael", "a"}).find("--steal") != std::string::npos);
}
