#include "tools/pawl-agent/mcp/replies.hpp"

#include <algorithm>
#include <boost/json/array.hpp>

#include "tools/pawl-agent/status_report.hpp"

namespace pawl::agent::mcp {
namespace {

namespace json = boost::json;

constexpr std::int64_t kToolsFresh =
    60'000;  // ms: the list changes only when the broker restarts with other policy
constexpr std::string_view kInstructions =
    "You run in a sandbox without production credentials. Each tool here asks people to approve one exact "
    "privileged "
    "action, which is then done outside. Answers may take minutes: a call that returns 'pending' is not "
    "refused; go on "
    "with other work and ask pawl_request_status later. A denial says what to do differently.";

json::object server_info() { return {{"name", "pawl"}, {"title", "pawl"}, {"version", PAWL_VERSION}}; }
json::object capabilities() { return {{"tools", {{"listChanged", false}}}}; }

json::object text_content(std::string_view text) {
  return {{"type", "text"}, {"text", json::string_view(text.data(), text.size())}};
}

std::string with_output(const wire::RequestStatus& status) {
  std::string text = describe(status);
  if (!wire::is_final(status.state) && !status.preview.empty())
    text += "\n\npreview, which people are shown:\n" + status.preview;
  if (!status.standard_output.empty()) text += "\n\nstdout:\n" + status.standard_output;
  if (!status.standard_error.empty()) text += "\n\nstderr:\n" + status.standard_error;
  if (status.output_truncated) text += "\n\n(the output was longer; this is not all of it)";
  return text;
}

}  // namespace

json::object result_reply(Era era, const json::value& id, json::object result) {
  if (era == Era::modern) {
    result["resultType"] = "complete";
    result["_meta"] = json::object{{kServerKey, server_info()}};
  }
  return {{"jsonrpc", "2.0"}, {"id", id}, {"result", std::move(result)}};
}

json::object error_reply(const json::value& id, ErrorCode code, std::string_view text, json::value data) {
  json::object error{{"code", static_cast<int>(code)},
                     {"message", json::string_view(text.data(), text.size())}};
  if (!data.is_null()) error["data"] = std::move(data);
  json::object reply{{"jsonrpc", "2.0"}};
  if (!id.is_null()) reply["id"] = id;  // the schema knows no null id: left out where none could be read
  reply["error"] = std::move(error);
  return reply;
}

json::object initialize_result(std::string_view requested_version) {
  const bool known = std::ranges::find(kLegacyVersions, requested_version) != kLegacyVersions.end();
  return {{"protocolVersion", known ? requested_version : kLegacyVersions[0]},
          {"capabilities", capabilities()},
          {"serverInfo", server_info()},
          {"instructions", kInstructions}};
}

json::object discover_result() {
  return {{"supportedVersions", json::array{kModernVersion}},
          {"capabilities", capabilities()},
          {"instructions", kInstructions},
          {"ttlMs", kToolsFresh},
          {"cacheScope", "private"}};
}

json::object tools_result(Era era, json::array tools) {
  json::object result{{"tools", std::move(tools)}};
  if (era == Era::modern) {
    result["ttlMs"] = kToolsFresh;
    result["cacheScope"] = "private";
  }
  return result;
}

json::object call_result(const wire::RequestStatus& status) {
  const tools::ExitCode code = exit_code_of(status);
  const bool error = code != tools::ExitCode::done && code != tools::ExitCode::pending;
  return {{"content", json::array{text_content(with_output(status))}},
          {"structuredContent", to_json(status)},
          {"isError", error}};
}

json::object call_error(std::string_view text) {
  return {{"content", json::array{text_content(text)}}, {"isError", true}};
}

json::object progress_notice(const json::value& token, std::int64_t progress, std::string_view text) {
  return {{"jsonrpc", "2.0"},
          {"method", "notifications/progress"},
          {"params",
           {{"progressToken", token},
            {"progress", progress},
            {"message", json::string_view(text.data(), text.size())}}}};
}

}  // namespace pawl::agent::mcp
