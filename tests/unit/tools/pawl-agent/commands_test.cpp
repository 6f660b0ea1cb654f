// The agent's verbs up to the exit code: results on stdout, notes on stderr, and the code that says the same.
#include "tools/pawl-agent/commands.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include <thread>

#include "tests/unit/tools/pawl-agent/fake_broker.hpp"

using namespace pawl;
using namespace pawl::agent;
using tools::ExitCode;
using wire::RequestState;

namespace {

struct Ran {
  ExitCode code;
  std::string out;
  std::string err;
};

Ran run(const std::string& socket, const Command& command) {
  const test::TemporaryDirectory directory;
  const auto open = [&](const char* name) {
    return UniqueFd(::open((directory / name).c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
  };
  const UniqueFd out = open("out"), err = open("err");
  const ExitCode code = run_command(command, {socket, out.get(), err.get()});
  return {code, test::read_file(directory / "out"), test::read_file(directory / "err")};
}

// A request whose first answer is `status`.
Ran run_answered(const RequestCommand& command, const wire::RequestStatus& status) {
  test::FakeBroker broker;
  Ran ran{};
  std::thread agent([&] { ran = run(broker.path(), command); });
  broker.accept();
  (void)broker.read<wire::AgentHello>();
  broker.answer(test::sample_welcome());
  (void)broker.read<wire::Propose>();
  broker.answer(status);
  agent.join();
  return ran;
}

}  // namespace

TEST_CASE("help and version are on standard output and succeed without a broker") {
  const Ran help = run("/nonexistent/agent.sock", HelpCommand{});
  CHECK(help.code == ExitCode::done);
  CHECK(help.out == help_text(""));
  CHECK(help.err.empty());
  CHECK_THAT(run("/nonexistent/agent.sock", VersionCommand{}).out, Catch::StartsWith("pawl-agent "));
}

TEST_CASE("without a broker a request fails with one line and the exit code 6") {
  const Ran ran = run("/nonexistent/agent.sock", RequestCommand{.action = "look", .wait = {}});
  CHECK(ran.code == ExitCode::unreachable);
  CHECK(ran.out.empty());
  CHECK_THAT(ran.err, Catch::StartsWith("pawl-agent: the broker cannot be reached"));
  CHECK(std::ranges::count(ran.err, '\n') == 1);
}

TEST_CASE("what an action printed comes out where it belongs, unchanged") {
  auto status = test::sample_status(RequestState::done);
  status.exit_code = 0;
  status.standard_output = "result\n";
  status.standard_error = "progress\n";
  status.output_truncated = true;
  const Ran ran = run_answered({.action = "look", .wait = {}}, status);
  CHECK(ran.code == ExitCode::done);
  CHECK(ran.out == "result\n");
  CHECK_THAT(ran.err, Catch::StartsWith("progress\n") && Catch::Contains("this is not all of it") &&
                          Catch::Contains("ran and succeeded"));
}

TEST_CASE("with --json a pending request is one object and the exit code 75") {
  const Ran ran = run_answered({.action = "look", .wait = {}, .format = Format::json},
                               test::sample_status(RequestState::pending));
  CHECK(ran.code == ExitCode::pending);
  CHECK(ran.err.empty());
  CHECK(boost::json::parse(ran.out).at("state") == "pending");
  CHECK(std::ranges::count(ran.out, '\n') == 1);
}

TEST_CASE("a result that cannot be written is a failure, whatever came of the request") {
  const test::TemporaryDirectory directory;
  test::write_file(directory / "err", "");
  const UniqueFd out(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  const UniqueFd err(::open((directory / "err").c_str(), O_WRONLY | O_CLOEXEC));
  CHECK(run_command(VersionCommand{}, {"", out.get(), err.get()}) == ExitCode::failed);
  CHECK_THAT(test::read_file(directory / "err"), Catch::Contains("No space left"));
}
