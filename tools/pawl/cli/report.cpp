// pawl report: what was asked for, decided and refused, counted from the ledger's records.
#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <ctime>
#include <memory>

#include "supervisor/approval/report.hpp"
#include "supervisor/ledger/entry.hpp"
#include "supervisor/policy/text.hpp"
#include "supervisor/receipt/render.hpp"
#include "tools/pawl/cli/broker.hpp"
#include "tools/pawl/cli/output.hpp"
#include "tools/pawl/cli/verb.hpp"

namespace pawl::cli {
namespace {

using approval::Report;
using receipt::visible;
namespace json = boost::json;

struct ReportOptions {
  std::string role;
  std::string since;
  bool json = false;
};

// "90m", "24h": back from now. "2026-11-30": that day's beginning, UTC.
Outcome<std::int64_t> time_of(const std::string& since) {
  if (since.empty()) return 0;
  if (const auto back = policy::parse_duration(since))
    return now_milliseconds() - std::chrono::milliseconds(*back).count();
  std::tm day{};
  const char* const end = ::strptime(since.c_str(), "%Y-%m-%d", &day);
  if (end != nullptr && *end == '\0') return std::int64_t{::timegm(&day)} * 1000;
  return tools::trouble(ExitCode::usage, "--since " + visible(since) + " is no time",
                        "a time back from now (90m, 24h) or a day (2026-11-30)");
}

std::string seconds_text(const std::optional<std::int64_t>& milliseconds) {
  return milliseconds ? fmt::format("{:.1f} s", static_cast<double>(*milliseconds) / 1000) : "-";
}

std::string rows_text(const Report& report) {
  std::vector<std::vector<std::string>> rows{{"ROLE", "ACTION", "ASKED", "APPROVED", "DENIED", "EXPIRED",
                                              "VOIDED", "WAITING", "FAILED", "UNCLEAR", "REFUSED",
                                              "BY LIMITS", "JOINED", "MEDIAN"}};
  for (const auto& [key, row] : report.rows) {
    std::vector<std::string> line{key.first, key.second};
    for (const std::uint64_t count :
         {row.requests, row.approved, row.denied, row.expired, row.voided, row.waiting, row.failed,
          row.indeterminate, row.refused, row.pressed, row.joined})
      line.push_back(std::to_string(count));
    line.push_back(seconds_text(row.median));
    rows.push_back(std::move(line));
  }
  return table(rows);
}

std::string report_text(const Report& report) {
  if (report.rows.empty()) return "nothing was asked for\n";
  std::string text = rows_text(report);
  if (!report.emergencies.empty()) text += "\nEMERGENCIES\n";
  for (const Report::Emergency& use : report.emergencies) {
    text += fmt::format("  {} {} {} of role {}, rule {}, for {}: {}\n", local_time(use.time),
                        short_id(visible(use.id)), visible(use.action), visible(use.role), visible(use.rule),
                        visible(use.launcher), approval::word(use.state));
    for (const auto& [person, reason] : use.approvals)
      text += fmt::format("    {} approved: {}\n", visible(person), visible(reason));
  }
  if (!report.denials.empty()) text += "\nDENIED\n";
  for (const Report::Denial& denial : report.denials)
    text += fmt::format("  {} {} {} of role {}: {} said: {}\n", local_time(denial.time),
                        short_id(visible(denial.id)), visible(denial.action), visible(denial.role),
                        visible(denial.by), visible(denial.reason));
  if (report.reviewers.empty()) return text;
  std::vector<std::vector<std::string>> reviewers{{"REVIEWER", "APPROVED", "DENIED"}};
  for (const auto& [person, counts] : report.reviewers)
    reviewers.push_back({person, std::to_string(counts.approved), std::to_string(counts.denied)});
  return text + "\n" + table(reviewers);
}

json::object row_json(const std::pair<std::string, std::string>& key, const Report::Row& row) {
  return {{"role", key.first},
          {"action", key.second},
          {"requests", row.requests},
          {"approved", row.approved},
          {"denied", row.denied},
          {"expired", row.expired},
          {"voided", row.voided},
          {"waiting", row.waiting},
          {"failed", row.failed},
          {"indeterminate", row.indeterminate},
          {"emergencies", row.emergencies},
          {"refused", row.refused},
          {"refused_by_limits", row.pressed},
          {"joined", row.joined},
          {"median_ms", row.median ? json::value(*row.median) : json::value(nullptr)}};
}

json::object report_json(const Report& report) {
  json::array rows, denials, emergencies, reviewers;
  for (const auto& [key, row] : report.rows) rows.push_back(row_json(key, row));
  for (const Report::Denial& denial : report.denials)
    denials.push_back({{"id", denial.id},
                       {"role", denial.role},
                       {"action", denial.action},
                       {"by", denial.by},
                       {"reason", denial.reason},
                       {"time", utc_time(denial.time)}});
  for (const Report::Emergency& use : report.emergencies) {
    json::array approvals;
    for (const auto& [person, reason] : use.approvals)
      approvals.push_back({{"person", person}, {"reason", reason}});
    emergencies.push_back({{"id", use.id},
                           {"role", use.role},
                           {"action", use.action},
                           {"rule", use.rule},
                           {"launcher", use.launcher},
                           {"state", approval::word(use.state)},
                           {"approvals", std::move(approvals)},
                           {"time", utc_time(use.time)}});
  }
  for (const auto& [person, counts] : report.reviewers)
    reviewers.push_back({{"person", person}, {"approved", counts.approved}, {"denied", counts.denied}});
  return {{"actions", std::move(rows)},
          {"emergencies", std::move(emergencies)},
          {"denials", std::move(denials)},
          {"reviewers", std::move(reviewers)}};
}

Outcome<ExitCode> report(const ReportOptions& options) {
  approval::Reporter reporter({options.role, TRY(time_of(options.since))});
  const tools::Greeted broker = TRY(reach_broker());
  for (std::uint64_t next = 0;;) {
    const auto page = TRY(broker.client.ask<wire::LogPage>(wire::ReadLog{next, 0})).message;
    if (page.records.empty()) break;
    for (const std::string& record : page.records) {
      const ledger::Entry entry = TRY_DURING("record " + std::to_string(next), ledger::read_entry(record));
      TRY(reporter.take(entry));
      ++next;
    }
  }
  const Report counted = reporter.finish();
  if (options.json)
    TRY(print_json(report_json(counted)));
  else
    TRY(print(report_text(counted)));
  return ExitCode::done;
}

}  // namespace

Action declare_report(Options& command) {
  auto options = std::make_shared<ReportOptions>();
  command.optional("--role", options->role, "of this role only");
  command.optional("--since", options->since, "from then on: 90m, 24h, 2026-11-30");
  command.flag("--json", options->json, "one JSON object");
  return [options] { return report(*options); };
}

}  // namespace pawl::cli
