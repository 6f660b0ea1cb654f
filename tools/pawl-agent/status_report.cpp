#include "tools/pawl-agent/status_report.hpp"

#include <ctime>

namespace pawl::agent {
namespace {

using tools::ExitCode;
using wire::RequestState;

std::string utc(std::int64_t unix_milliseconds) {
  const std::time_t seconds = unix_milliseconds / 1000;
  std::tm parts{};
  char text[32] = {};
  if (::gmtime_r(&seconds, &parts) == nullptr || std::strftime(text, sizeof(text), "%FT%TZ", &parts) == 0)
    return {};
  return text;
}

std::string describe_pending(const wire::RequestStatus& status, const std::string& name) {
  std::string text = name + " is still pending";
  if (!status.detail.empty()) text += ": " + status.detail;
  if (status.expires > 0) text += "; it expires at " + utc(status.expires);
  return text + ". It goes on without you: ask again with pawl-agent status " +
         status.id.substr(0, kShownId) + " --wait 90s";
}

std::string asked_again(const wire::RequestStatus& status) {
  if (status.replaced_by.empty()) return "";
  const std::string id = status.replaced_by.substr(0, kShownId);
  return ". People are asked again as request " + id + ": pawl-agent status " + id + " --wait 90s";
}

std::string describe_done(const wire::RequestStatus& status, const std::string& name) {
  std::string text = name;
  if (status.timed_out) return text + " ran and was ended: its time was up";
  if (!status.exit_code) return text + " could not be started: " + status.detail;
  if (*status.exit_code == 0) return text + " ran and succeeded";
  text += " ran and failed with exit code " + std::to_string(*status.exit_code);
  return status.detail.empty() ? text : text + ": " + status.detail;
}

}  // namespace

std::string_view word(RequestState state) {
  switch (state) {
    case RequestState::pending:
      return "pending";
    case RequestState::approved:
      return "approved";
    case RequestState::executing:
      return "executing";
    case RequestState::done:
      return "done";
    case RequestState::denied:
      return "denied";
    case RequestState::expired:
      return "expired";
    case RequestState::voided:
      return "voided";
    case RequestState::indeterminate:
      return "indeterminate";
    case RequestState::released:
      return "released";
  }
  return "unknown";
}

ExitCode exit_code_of(const wire::RequestStatus& status) {
  switch (status.state) {
    case RequestState::pending:
    case RequestState::approved:
    case RequestState::executing:
      return ExitCode::pending;
    case RequestState::done:
      return status.exit_code == 0 && !status.timed_out ? ExitCode::done : ExitCode::failed;
    case RequestState::voided:
      return status.replaced_by.empty() ? ExitCode::refused : ExitCode::pending;
    case RequestState::denied:
      return ExitCode::refused;
    case RequestState::expired:
      return ExitCode::expired;
    case RequestState::indeterminate:
      return ExitCode::indeterminate;
    case RequestState::released:
      return ExitCode::done;
  }
  return ExitCode::failed;
}

std::string describe(const wire::RequestStatus& status) {
  std::string name = "request " + status.id.substr(0, kShownId) + " (" + status.action + ")";
  const std::string why = status.detail.empty() ? "" : ": " + status.detail;
  switch (status.state) {
    case RequestState::pending:
      return describe_pending(status, name);
    case RequestState::approved:
      return name + " is approved and about to run";
    case RequestState::executing:
      return name + " is approved and running";
    case RequestState::done:
      return describe_done(status, name);
    case RequestState::denied:
      return "denied" + (status.decided_by.empty() ? "" : " by " + status.decided_by) + why;
    case RequestState::expired:
      return name + " expired: nobody approved it in time. Ask again if it is still needed";
    case RequestState::voided:
      return name + " was taken back" + why + asked_again(status);
    case RequestState::indeterminate:
      return name + " may or may not have run" + why + ". Do not ask again before a person has looked";
    case RequestState::released:
      return name + " is released to the pipeline that asked for it";
  }
  return name;
}

boost::json::object to_json(const wire::RequestStatus& status) {
  boost::json::object object;
  object["id"] = status.id;
  object["action"] = status.action;
  object["state"] = std::string(word(status.state));
  object["message"] = describe(status);
  object["joined"] = status.joined;
  object["detail"] = status.detail;
  object["decided_by"] = status.decided_by;
  object["expires"] = utc(status.expires);
  object["exit_code"] =
      status.exit_code ? boost::json::value(*status.exit_code) : boost::json::value(nullptr);
  object["timed_out"] = status.timed_out;
  object["stdout"] = status.standard_output;
  object["stderr"] = status.standard_error;
  object["output_truncated"] = status.output_truncated;
  object["preview"] = status.preview;
  object["replaced_by"] = status.replaced_by;
  return object;
}

}  // namespace pawl::agent
