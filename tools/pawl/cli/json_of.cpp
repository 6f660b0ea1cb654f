#include "tools/pawl/cli/json_of.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>

#include "sandbox/base/bytes.hpp"
#include "tools/pawl/cli/output.hpp"

namespace pawl::cli {
namespace {

namespace json = boost::json;

json::value time_or_null(std::int64_t unix_milliseconds) {
  if (unix_milliseconds == 0) return nullptr;
  return json::string(utc_time(unix_milliseconds));
}

json::value id_or_null(const std::string& id) {
  if (id.empty()) return nullptr;
  return json::string(id);
}

json::array strings(const std::vector<std::string>& list) {
  json::array array;
  for (const std::string& item : list) array.push_back(json::string(item));
  return array;
}

json::value parsed(const std::string& text) {
  boost::system::error_code error;
  json::parse_options options;
  options.max_depth = 64;
  json::value value = json::parse(text, error, {}, options);
  return error ? json::value(json::string(text)) : value;
}

}  // namespace

std::string_view word(wire::RequestState state) {
  switch (state) {
    case wire::RequestState::pending:
      return "pending";
    case wire::RequestState::approved:
      return "approved";
    case wire::RequestState::executing:
      return "executing";
    case wire::RequestState::done:
      return "done";
    case wire::RequestState::denied:
      return "denied";
    case wire::RequestState::expired:
      return "expired";
    case wire::RequestState::voided:
      return "voided";
    case wire::RequestState::indeterminate:
      return "indeterminate";
    case wire::RequestState::released:
      return "released";
  }
  return "unknown";
}

json::object json_of(const wire::RequestInfo& info) {
  json::array missing;
  for (const wire::MissingInfo& group : info.missing)
    missing.push_back({{"group", group.group}, {"persons", group.persons}});
  return {{"id", info.id},
          {"state", word(info.state)},
          {"action", info.action},
          {"summary", info.summary},
          {"role", info.role},
          {"session", info.session},
          {"launcher", info.launcher},
          {"rule", info.rule},
          {"quorum", info.quorum},
          {"approvals", info.approvals},
          {"created", time_or_null(info.created)},
          {"expires", time_or_null(info.expires)},
          {"detail", info.detail},
          {"rolls_back", id_or_null(info.rolls_back)},
          {"emergency", info.emergency},
          {"missing", std::move(missing)}};
}

json::object json_of(const wire::RequestShown& shown) {
  json::object object = json_of(shown.info);
  json::array groups;
  for (const wire::GroupInfo& group : shown.groups)
    groups.push_back({{"name", group.name},
                      {"least", group.least},
                      {"approvals", group.approvals},
                      {"opens", time_or_null(group.opens)}});
  object["groups"] = std::move(groups);
  object["hardware_keys_only"] = shown.hardware;
  json::array decisions;
  for (const wire::DecisionInfo& decision : shown.decisions)
    decisions.push_back({{"person", decision.person},
                         {"group", decision.group},
                         {"verdict", decision.approves ? "approve" : "deny"},
                         {"reason", decision.reason},
                         {"time", time_or_null(decision.time)}});
  object["audience"] = shown.audience;
  object["agent"] = shown.agent;
  object["document"] = parsed(shown.document);
  object["why"] = shown.why;
  object["policy"] = to_hex(shown.policy);
  object["from"] = strings(shown.from);
  object["your_groups"] = strings(shown.caller_groups);
  object["decisions"] = std::move(decisions);
  object["exit_code"] = shown.exit_code ? json::value(*shown.exit_code) : json::value(nullptr);
  object["output"] = shown.output;
  object["output_truncated"] = shown.output_truncated;
  object["rollback"] = id_or_null(shown.rollback);
  object["replaces"] = id_or_null(shown.replaces);
  object["replaced_by"] = id_or_null(shown.replaced_by);
  return object;
}

json::object json_of(const wire::SessionInfo& info) {
  return {{"id", info.id},
          {"role", info.role},
          {"person", info.person},
          {"uid", info.uid},
          {"workspace", info.workspace},
          {"command", info.command},
          {"started", time_or_null(info.started)},
          {"ended", time_or_null(info.ended)},
          {"exit_code", info.ended == 0 ? json::value(nullptr) : json::value(info.exit_code)}};
}

}  // namespace pawl::cli
