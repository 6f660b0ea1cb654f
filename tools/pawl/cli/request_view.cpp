#include "tools/pawl/cli/request_view.hpp"

#include <fmt/format.h>

#include "supervisor/receipt/digest.hpp"
#include "supervisor/receipt/document.hpp"
#include "supervisor/receipt/names.hpp"
#include "supervisor/receipt/render.hpp"
#include "tools/pawl/cli/json_of.hpp"
#include "tools/pawl/cli/output.hpp"

namespace pawl::cli {
namespace {

using receipt::visible;

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& item : words) text += (text.empty() ? "" : ", ") + visible(item);
  return text;
}

// One line for each group that must be heard, or that may decide only later.
std::string group_lines(const wire::RequestShown& shown) {
  std::string text;
  for (const wire::GroupInfo& group : shown.groups) {
    if (group.least == 0 && group.opens == 0) continue;
    text += fmt::format("             {}", visible(group.name));
    if (group.least > 0) text += fmt::format(": at least {}, {} so far", group.least, group.approvals);
    if (group.opens > 0) text += fmt::format(": may approve from {} on", local_time(group.opens));
    text += "\n";
  }
  return text;
}

// "; still missing: 1 of @security": what the quorum alone does not tell.
std::string missing_text(const wire::RequestInfo& info) {
  std::string text;
  for (const wire::MissingInfo& missing : info.missing)
    text += fmt::format("; still missing: {} of {}", missing.persons, visible(missing.group));
  return text;
}

std::string heading(const wire::RequestShown& shown) {
  const wire::RequestInfo& info = shown.info;
  std::string text = fmt::format("REQUEST {}  ({})\n", visible(info.id), word(info.state));
  const std::string person =
      info.launcher.empty() ? "somebody unknown to people.toml" : visible(info.launcher);
  if (info.session.empty())
    text += fmt::format("  asked by   {}, on their own, under role {}\n", person, visible(info.role));
  else
    text += fmt::format("  asked by   an agent of role {}, session {}, started by {}\n", visible(info.role),
                        short_id(visible(info.session)), person);
  text += fmt::format("  asked at   {}, expires {}\n", local_time(info.created), local_time(info.expires));
  text += fmt::format("  rule       {}: {} of {}; {} so far\n", visible(info.rule), info.quorum,
                      joined(shown.from), info.approvals);
  text += group_lines(shown);
  if (info.emergency)
    text += "  EMERGENCY  each approval needs a reason, and its use is marked in the report\n";
  if (shown.hardware) text += "  keys       security keys only\n";
  text += fmt::format("  broker     {}\n", visible(shown.audience));
  if (!info.rolls_back.empty())
    text += fmt::format("  rolls back request {}: pawl show {}\n", short_id(visible(info.rolls_back)),
                        short_id(visible(info.rolls_back)));
  if (!shown.replaces.empty())
    text += fmt::format("  in place of request {}, whose preview had changed when it was approved\n",
                        short_id(visible(shown.replaces)));
  if (!shown.replaced_by.empty())
    text += fmt::format("  asked again as request {}\n", short_id(visible(shown.replaced_by)));
  return text;
}

std::string decision_lines(const wire::RequestShown& shown) {
  std::string text;
  for (const wire::DecisionInfo& decision : shown.decisions) {
    text +=
        fmt::format("  {} {} ({}) at {}", visible(decision.person), decision.approves ? "approved" : "denied",
                    visible(decision.group), local_time(decision.time));
    if (!decision.reason.empty()) text += ": " + visible(decision.reason);
    text += "\n";
  }
  return text;
}

std::string indented(std::string_view output) {
  std::string text;
  while (!output.empty()) {
    const std::size_t end = output.find('\n');
    text += "  | " + visible(output.substr(0, end)) + "\n";
    if (end == std::string_view::npos) break;
    output.remove_prefix(end + 1);
  }
  return text;
}

}  // namespace

std::optional<Digest> Reviewed::preview_digest() const {
  if (!preview) return std::nullopt;
  return receipt::sha256(*preview);
}

tools::Outcome<std::optional<std::string>> fetch_preview(const wire::Client& client,
                                                         const wire::RequestShown& shown) {
  if (!shown.preview) return std::nullopt;
  return TRY(client.ask<wire::Preview>(wire::ReadPreview{shown.info.id})).message.output;
}

tools::Outcome<> check_asked_for(const std::string& asked, const std::string& answered) {
  if (!asked.empty() && answered.starts_with(asked) && receipt::is_full_id(answered)) return {};
  return tools::trouble(tools::ExitCode::refused,
                        "the broker answers for another request than " + visible(asked), "ask its operator");
}

tools::Outcome<Reviewed> Reviewed::read(wire::RequestShown shown, std::optional<std::string> preview) {
  const auto document = TRY_DURING("the action document", receipt::read_any_document(shown.document));
  if (receipt::has_preview(document) != preview.has_value())
    return tools::trouble(tools::ExitCode::refused,
                          preview ? "the broker shows a preview of an action that has none"
                                  : "the broker does not show the action's preview");
  // The heading is made of the one, the statement of the other.
  if (shown.info.created / 1000 != shown.issued || shown.info.expires != shown.expires * 1000)
    return tools::trouble(tools::ExitCode::refused,
                          "the broker shows other times than those that are to be signed");
  Reviewed request;
  request.document = receipt::sha256(shown.document);
  request.rendered = receipt::render_any(document);
  request.preview = std::move(preview);
  if (request.preview_digest() != shown.preview)
    return tools::trouble(tools::ExitCode::refused,
                          "the broker shows another preview than the one that is to be signed");
  request.shown = std::move(shown);
  return request;
}

std::string request_text(const Reviewed& request) {
  const wire::RequestShown& shown = request.shown;
  std::string text = heading(shown) + "\n" + request.rendered;
  if (request.preview)
    text += "\nWhat the preview printed, whole; it is part of what is signed:\n" +
            receipt::fence_preview(*request.preview);
  const std::string whose = shown.info.session.empty() ? "The asking person's" : "The agent's";
  text += "\n" + whose + " own words; they are not part of what is signed:\n";
  text += receipt::fence_why(shown.why,
                             shown.info.session.empty() ? receipt::Speaker::person : receipt::Speaker::agent);
  if (!shown.decisions.empty()) text += "\nDecisions:\n" + decision_lines(shown);
  if (!shown.info.detail.empty()) text += "\n" + visible(shown.info.detail) + "\n";
  if (shown.exit_code)
    text += fmt::format("\nIt ran and ended with exit code {}. What it printed:\n", *shown.exit_code);
  text += indented(shown.output);
  if (shown.output_truncated) text += "  (the output was longer; this is not all of it)\n";
  if (!shown.rollback.empty())
    text +=
        fmt::format("\nTo take it back: pawl rollback {}   (asks for the action {}, with the same values)\n",
                    short_id(visible(shown.info.id)), visible(shown.rollback));
  return text;
}

std::string state_line(const wire::RequestInfo& info) {
  const std::string name = "request " + short_id(visible(info.id));
  if (info.state != wire::RequestState::pending) return name + " is " + std::string(word(info.state));
  return fmt::format("{} is still pending: {} of {} approvals", name, info.approvals, info.quorum) +
         missing_text(info);
}

std::string request_table(const std::vector<wire::RequestInfo>& requests, std::int64_t now) {
  if (requests.empty()) return "nothing waits for a decision\n";
  std::vector<std::vector<std::string>> rows{
      {"ID", "STATE", "APPROVALS", "LEFT", "ROLE", "STARTED BY", "ACTION", "WHAT"}};
  for (const wire::RequestInfo& info : requests) {
    const bool open = info.state == wire::RequestState::pending || info.state == wire::RequestState::approved;
    rows.push_back(
        {short_id(info.id), std::string(word(info.state)), fmt::format("{}/{}", info.approvals, info.quorum),
         open ? time_left(info.expires, now) : "-", info.role, info.launcher,
         info.emergency ? info.action + " (emergency)" : info.action,
         (info.rolls_back.empty() ? "" : "rolls back " + short_id(info.rolls_back) + ": ") + info.summary});
  }
  return table(rows);
}

}  // namespace pawl::cli
