// What the MCP server answers, by revision of the protocol.
#include "tools/pawl-agent/mcp/replies.hpp"

#include <boost/json/serialize.hpp>
#include <catch2/catch.hpp>

using namespace pawl;
using namespace pawl::agent::mcp;
using wire::RequestState;

namespace {

wire::RequestStatus status_in(RequestState state, std::optional<std::int32_t> exit_code = std::nullopt) {
  wire::RequestStatus status;
  status.id = std::string(64, 'a');
  status.action = "deploy";
  status.state = state;
  status.exit_code = exit_code;
  return status;
}

bool is_error(const wire::RequestStatus& status) { return call_result(status).at("isError").as_bool(); }

std::string text_of(const boost::json::object& result) {
  return boost::json::value_to<std::string>(result.at("content").at(0).at("text"));
}

}  // namespace

TEST_CASE("a client gets the revision that it asked for, or the newest of the old ones") {
  CHECK(initialize_result("2025-06-18").at("protocolVersion") == "2025-06-18");
  CHECK(initialize_result("2025-11-25").at("protocolVersion") == "2025-11-25");
  for (const char* other : {"", "2024-11-05", "2026-07-28", "latest"})
    CHECK(initialize_result(other).at("protocolVersion") == "2025-11-25");
}

TEST_CASE("the client is told in the beginning that pending is no refusal") {
  for (const auto& result : {initialize_result("2025-11-25"), discover_result()})
    CHECK_THAT(boost::json::value_to<std::string>(result.at("instructions")),
               Catch::Contains("'pending' is not refused"));
}

TEST_CASE("only modern answers carry the marks of the modern revision") {
  const auto legacy = result_reply(Era::legacy, "x", {{"tools", boost::json::array{}}});
  CHECK(boost::json::serialize(legacy) == R"({"jsonrpc":"2.0","id":"x","result":{"tools":[]}})");
  const auto modern = result_reply(Era::modern, 1, {});
  CHECK(modern.at("result").at("resultType") == "complete");
  CHECK(modern.at("result").at("_meta").at(kServerKey).at("name") == "pawl");
  CHECK(tools_result(Era::modern, {}).contains("ttlMs"));
  CHECK_FALSE(tools_result(Era::legacy, {}).contains("ttlMs"));
}

TEST_CASE("an error without a known id has none, and data only where there is some") {
  CHECK(boost::json::serialize(error_reply(nullptr, ErrorCode::parse_error, "not JSON")) ==
        R"({"jsonrpc":"2.0","error":{"code":-32700,"message":"not JSON"}})");
  const auto reply = error_reply(5, ErrorCode::unsupported_version, "no", {{"supported", 1}});
  CHECK(reply.at("id") == 5);
  CHECK(reply.at("error").at("data").at("supported") == 1);
}

TEST_CASE("a call fails for the model when the action failed or was not done, not while it waits") {
  CHECK_FALSE(is_error(status_in(RequestState::pending)));
  CHECK_FALSE(is_error(status_in(RequestState::approved)));
  CHECK_FALSE(is_error(status_in(RequestState::executing)));
  CHECK_FALSE(is_error(status_in(RequestState::done, 0)));
  CHECK(is_error(status_in(RequestState::done, 1)));
  CHECK(is_error(status_in(RequestState::done)));
  for (const auto state :
       {RequestState::denied, RequestState::expired, RequestState::voided, RequestState::indeterminate})
    CHECK(is_error(status_in(state)));
}

TEST_CASE("the text of a call's result holds the sentence and what was printed, and says what is missing") {
  auto status = status_in(RequestState::done, 0);
  CHECK_THAT(text_of(call_result(status)), Catch::EndsWith("ran and succeeded"));
  status.standard_output = "rolled out web";
  status.standard_error = "warning";
  status.output_truncated = true;
  CHECK_THAT(text_of(call_result(status)),
             Catch::Contains("\n\nstdout:\nrolled out web\n\nstderr:\nwarning\n\n(the output was longer"));
  CHECK(call_result(status).at("structuredContent").at("stdout") == "rolled out web");
}

TEST_CASE("a tool that could not do it is an error for the model, not of the protocol") {
  const auto result = call_error("no action 'x'");
  CHECK(result.at("isError") == true);
  CHECK(text_of(result) == "no action 'x'");
}

TEST_CASE("progress carries the client's own token") {
  const auto notice = progress_notice("token-1", 5, "waits for alice");
  CHECK_FALSE(notice.contains("id"));
  CHECK(notice.at("method") == "notifications/progress");
  CHECK(notice.at("params").at("progressToken") == "token-1");
  CHECK(notice.at("params").at("progress") == 5);
}
