// How a request stands: the words, the JSON and the exit code say the same.
#include "tools/pawl-agent/status_report.hpp"

#include <catch2/catch.hpp>

using namespace pawl;
using namespace pawl::agent;
using tools::ExitCode;
using wire::RequestState;

namespace {

wire::RequestStatus status_in(RequestState state) {
  wire::RequestStatus status;
  status.id = std::string(12, 'a') + std::string(52, 'b');
  status.action = "deploy";
  status.state = state;
  return status;
}

wire::RequestStatus ran(std::optional<std::int32_t> exit_code) {
  auto status = status_in(RequestState::done);
  status.exit_code = exit_code;
  return status;
}

}  // namespace

TEST_CASE("each state has the exit code that scripts rely on") {
  CHECK(exit_code_of(status_in(RequestState::pending)) == ExitCode::pending);
  CHECK(exit_code_of(status_in(RequestState::approved)) == ExitCode::pending);
  CHECK(exit_code_of(status_in(RequestState::executing)) == ExitCode::pending);
  CHECK(exit_code_of(status_in(RequestState::denied)) == ExitCode::refused);
  CHECK(exit_code_of(status_in(RequestState::voided)) == ExitCode::refused);
  CHECK(exit_code_of(status_in(RequestState::expired)) == ExitCode::expired);
  CHECK(exit_code_of(status_in(RequestState::indeterminate)) == ExitCode::indeterminate);
  CHECK(exit_code_of(status_in(RequestState::released)) == ExitCode::done);
}

TEST_CASE("only an action that ran to its end with exit code 0 has succeeded") {
  CHECK(exit_code_of(ran(0)) == ExitCode::done);
  CHECK(exit_code_of(ran(1)) == ExitCode::failed);
  CHECK(exit_code_of(ran(143)) == ExitCode::failed);
  CHECK(exit_code_of(ran(std::nullopt)) == ExitCode::failed);
  auto late = ran(0);
  late.timed_out = true;
  CHECK(exit_code_of(late) == ExitCode::failed);
  CHECK_THAT(describe(late), Catch::Contains("its time was up"));
}

TEST_CASE("a pending request says what it waits for, until when, and how to ask again") {
  auto status = status_in(RequestState::pending);
  status.detail = "1 of 2 approvals";
  status.expires = 1'767'225'600'999;
  CHECK(describe(status) ==
        "request aaaaaaaaaaaa (deploy) is still pending: 1 of 2 approvals; it expires at "
        "2026-01-01T00:00:00Z. It goes on without you: ask again with pawl-agent status aaaaaaaaaaaa "
        "--wait 90s");
}

TEST_CASE("a denial names who and why") {
  auto status = status_in(RequestState::denied);
  status.decided_by = "alice";
  status.detail = "use a rolling update";
  CHECK(describe(status) == "denied by alice: use a rolling update");
  CHECK(describe(status_in(RequestState::denied)) == "denied");
}

TEST_CASE("how an action ended is told apart from that it never started") {
  CHECK_THAT(describe(ran(0)), Catch::EndsWith("ran and succeeded"));
  CHECK_THAT(describe(ran(3)), Catch::EndsWith("ran and failed with exit code 3"));
  auto never = ran(std::nullopt);
  never.detail = "no such program";
  CHECK_THAT(describe(never), Catch::EndsWith("could not be started: no such program"));
}

TEST_CASE("an outcome that nobody knows warns against asking again") {
  CHECK_THAT(describe(status_in(RequestState::indeterminate)),
             Catch::Contains("may or may not have run") && Catch::Contains("Do not ask again"));
}

TEST_CASE("the JSON holds the whole id, the sentence and the output") {
  auto status = ran(0);
  status.joined = true;
  status.standard_output = "rolled out";
  status.output_truncated = true;
  const auto object = to_json(status);
  CHECK(object.at("id") == boost::json::value(status.id));
  CHECK(object.at("state") == "done");
  CHECK(object.at("message") == boost::json::value(describe(status)));
  CHECK(object.at("exit_code") == 0);
  CHECK(object.at("joined") == true);
  CHECK(object.at("stdout") == "rolled out");
  CHECK(object.at("output_truncated") == true);
}

TEST_CASE("the exit code in the JSON is null while there is none") {
  CHECK(to_json(status_in(RequestState::pending)).at("exit_code").is_null());
  CHECK(to_json(ran(std::nullopt)).at("exit_code").is_null());
}

TEST_CASE("every state has a word and a sentence of its own") {
  std::vector<std::string> words, sentences;
  for (int state = 0; state <= static_cast<int>(last_of(RequestState{})); ++state) {
    words.emplace_back(word(RequestState(state)));
    sentences.push_back(describe(status_in(RequestState(state))));
  }
  for (auto* texts : {&words, &sentences}) {
    std::ranges::sort(*texts);
    CHECK(std::ranges::adjacent_find(*texts) == texts->end());
  }
}
