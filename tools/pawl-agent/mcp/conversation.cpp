#include "tools/pawl-agent/mcp/conversation.hpp"

#include <algorithm>
#include <boost/json/serialize.hpp>

#include "tools/pawl-agent/mcp/tools.hpp"
#include "tools/pawl-agent/status_report.hpp"

namespace pawl::agent::mcp {
namespace {

namespace json = boost::json;
using std::chrono::milliseconds;

constexpr milliseconds kBrokerReturns{5000};  // how long a listing waits for a restarting broker
constexpr milliseconds kProgressEvery{5000};

const json::value* member(const json::object& object, std::string_view key) {
  return object.if_contains(json::string_view(key.data(), key.size()));
}

std::string text_member(const json::object& object, std::string_view key) {
  const json::value* value = member(object, key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

const json::object* meta_of(const json::object& params) {
  const json::value* meta = member(params, "_meta");
  return meta != nullptr ? meta->if_object() : nullptr;
}

json::value progress_token(const json::object& params) {
  const json::object* meta = meta_of(params);
  const json::value* token = meta != nullptr ? member(*meta, "progressToken") : nullptr;
  const bool valid = token != nullptr && (token->is_string() || token->is_int64() || token->is_uint64());
  return valid ? *token : json::value(nullptr);
}

}  // namespace

void Conversation::take_overlong_line() {
  send_(error_reply(nullptr, ErrorCode::invalid_request, "a message has at most 1 MiB"));
}

void Conversation::take_line(std::string_view line, Clock::time_point now) {
  if (line.find_first_not_of(" \t") == std::string_view::npos) return;
  auto message = decode(line);
  if (!message) return send_(error_reply(message.error().id, message.error().code, message.error().text));
  if (auto* call = std::get_if<Call>(&*message)) return take_call(std::move(*call), now);
  if (const auto* notice = std::get_if<Notice>(&*message)) take_notice(*notice);
}

void Conversation::take_notice(const Notice& notice) {
  if (notice.method != "notifications/cancelled") return;
  // Cancelling stops the wait, never the request: people may be looking at it.
  if (const json::value* id = member(notice.params, "requestId")) jobs_.erase(json::serialize(*id));
}

// Nothing: the call was answered with the reason.
std::optional<Era> Conversation::era_of(const Call& call) {
  const json::object* meta = meta_of(call.params);
  const json::value* version = meta != nullptr ? member(*meta, kVersionKey) : nullptr;
  if (version == nullptr) {
    if (initialized_ || call.method == "initialize" || call.method == "ping") return Era::legacy;
    send_(error_reply(call.id, ErrorCode::invalid_params,
                      "send initialize first, or say the protocol version in _meta"));
    return std::nullopt;
  }
  if (*version != json::value(kModernVersion)) {
    send_(error_reply(call.id, ErrorCode::unsupported_version, "Unsupported protocol version",
                      json::object{{"supported", json::array{kModernVersion}}, {"requested", *version}}));
    return std::nullopt;
  }
  const json::value* capabilities = member(*meta, kCapabilitiesKey);
  if (capabilities != nullptr && capabilities->is_object()) return Era::modern;
  send_(error_reply(call.id, ErrorCode::invalid_params,
                    "_meta must hold " + std::string(kCapabilitiesKey) + " as an object"));
  return std::nullopt;
}

void Conversation::take_call(Call call, Clock::time_point now) {
  if (jobs_.contains(json::serialize(call.id)))
    return send_(error_reply(call.id, ErrorCode::invalid_request, "this id is in use by an earlier request"));
  const std::optional<Era> era = era_of(call);
  if (!era) return;
  if (call.method == "tools/list") return list_tools(call, *era, now);
  if (call.method == "tools/call") return call_tool(call, *era, now);
  if (*era == Era::modern && call.method == "server/discover")
    return send_(result_reply(*era, call.id, discover_result()));
  if (*era == Era::legacy && call.method == "ping") return send_(result_reply(*era, call.id, {}));
  if (*era == Era::legacy && call.method == "initialize") {
    initialized_ = true;
    return send_(result_reply(*era, call.id, initialize_result(text_member(call.params, "protocolVersion"))));
  }
  send_(error_reply(call.id, ErrorCode::method_not_found, "there is no method '" + call.method + "'"));
}

void Conversation::list_tools(const Call& call, Era era, Clock::time_point now) {
  if (member(call.params, "cursor") != nullptr)
    return send_(
        error_reply(call.id, ErrorCode::invalid_params, "the list has one page; there is no such cursor"));
  add({call.id, era, {}, {}, nullptr, now, now, 0, Errand({socket_, ListActions{}, kBrokerReturns}, now)});
}

void Conversation::call_tool(const Call& call, Era era, Clock::time_point now) {
  const std::string name = text_member(call.params, "name");
  if (name.empty())
    return send_(error_reply(call.id, ErrorCode::invalid_params, "which tool? \"name\" is missing"));
  json::object arguments;
  if (const json::value* given = member(call.params, "arguments")) {
    if (!given->is_object())
      return send_(error_reply(call.id, ErrorCode::invalid_params, "\"arguments\" must be an object"));
    arguments = given->get_object();
  }
  Job job{call.id,
          era,
          name,
          std::move(arguments),
          progress_token(call.params),
          now,
          now,
          0,
          Errand({socket_, ListActions{}, kBrokerReturns}, now)};
  if (name == kStatusTool) {
    auto use = status_use(job.arguments);
    if (!use) return send_(result_reply(era, call.id, call_error(use.error())));
    job.errand = Errand({socket_, std::move(use->goal), use->wait}, now);
  } else if (find_action(actions_, name) != nullptr && !begin_action(job, now)) {
    return;
  }
  add(std::move(job));
}

void Conversation::add(Job job) {
  if (jobs_.size() >= kMaxJobs)
    return send_(
        error_reply(job.id, ErrorCode::internal_error, "too many calls are waiting; let some finish first"));
  std::string key = json::serialize(job.id);
  jobs_.emplace(std::move(key), std::move(job));
}

bool Conversation::begin_action(Job& job, Clock::time_point now) {
  const wire::ActionInfo* action = find_action(actions_, job.tool);
  if (action == nullptr) {
    send_(error_reply(job.id, ErrorCode::invalid_params, "Unknown tool: " + job.tool));
    return false;
  }
  auto use = action_use(*action, job.arguments);
  if (!use) {
    send_(result_reply(job.era, job.id, call_error(use.error())));
    return false;
  }
  job.errand = Errand({socket_, std::move(use->goal), use->wait}, now);
  return true;
}

Clock::time_point Conversation::watch(std::vector<pollfd>& watched, Clock::time_point now) const {
  Clock::time_point wake = now + std::chrono::hours(1);
  for (const auto& [key, job] : jobs_) {
    watched.push_back({job.errand.fd(), POLLIN, 0});
    wake = std::min(wake, job.errand.wakes());
    if (!job.token.is_null() && job.errand.status()) wake = std::min(wake, job.next_progress);
  }
  return wake;
}

void Conversation::advance(const std::vector<pollfd>& watched, Clock::time_point now) {
  for (auto next = jobs_.begin(); next != jobs_.end();) {
    Job& job = next->second;
    const bool readable = std::ranges::any_of(watched, [&job](const pollfd& entry) {
      return entry.fd >= 0 && entry.fd == job.errand.fd() && entry.revents != 0;
    });
    job.errand.advance(readable ? Errand::Event::readable : Errand::Event::timer, now);
    next = settle(job, now) ? std::next(next) : jobs_.erase(next);
  }
}

bool Conversation::settle(Job& job, Clock::time_point now) {
  if (!job.errand.outcome()) {
    show_progress(job, now);
    return true;
  }
  const auto& outcome = *job.errand.outcome();
  if (outcome && std::holds_alternative<wire::AgentWelcome>(*outcome)) {
    actions_ = std::get<wire::AgentWelcome>(*outcome).actions;
    if (!job.tool.empty()) return begin_action(job, now);
  }
  return report(job);
}

bool Conversation::report(Job& job) {
  const auto& outcome = *job.errand.outcome();
  if (job.tool.empty()) {
    if (outcome)
      send_(result_reply(job.era, job.id, tools_result(job.era, describe_tools(actions_))));
    else
      send_(error_reply(job.id, ErrorCode::internal_error, outcome.error().line()));
  } else if (outcome) {
    send_(result_reply(job.era, job.id, call_result(std::get<wire::RequestStatus>(*outcome))));
  } else {
    send_(result_reply(job.era, job.id, call_error(outcome.error().line())));
  }
  return false;
}

void Conversation::show_progress(Job& job, Clock::time_point now) {
  if (job.token.is_null() || !job.errand.status() || now < job.next_progress) return;
  const auto elapsed = std::chrono::duration_cast<std::chrono::seconds>(now - job.started).count();
  job.progress = std::max<std::int64_t>(job.progress + 1, elapsed);
  job.next_progress = now + kProgressEvery;
  const wire::RequestStatus& status = *job.errand.status();
  const std::string waits = status.detail.empty() ? "" : ": " + status.detail;
  send_(progress_notice(
      job.token, job.progress,
      "request " + status.id.substr(0, kShownId) + " is " + std::string(word(status.state)) + waits));
}

}  // namespace pawl::agent::mcp
