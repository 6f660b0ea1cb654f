#include "tools/pawl-agent/mcp/tools.hpp"

#include <algorithm>

#include "tools/pawl-agent/arguments.hpp"
#include "tools/pawl-agent/mcp/pattern.hpp"

namespace pawl::agent::mcp {
namespace {

namespace json = boost::json;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::int64_t kDefaultWaitSeconds = std::chrono::duration_cast<seconds>(kDefaultWait).count();
constexpr std::int64_t kLongestWaitSeconds = 600;

// pawl's own argument under a name that the action does not use.
std::string own_name(const wire::ActionInfo& action, const std::string& name) {
  const bool taken =
      std::ranges::find(action.parameters, name, &wire::ParameterInfo::name) != action.parameters.end();
  return taken ? "pawl_" + name : name;
}

json::object describe_parameter(const wire::ParameterInfo& parameter) {
  json::object schema{{"type", "string"}};
  if (parameter.file) {
    schema["description"] = "Path of a regular file of at most " + std::to_string(parameter.max) +
                            " bytes. It is read now, with your rights; later changes to it do not matter.";
    return schema;
  }
  schema["description"] = "Must match, as a whole: " + parameter.match;
  if (auto pattern = ecma_pattern(parameter.match)) schema["pattern"] = *std::move(pattern);
  return schema;
}

json::object describe_wait(std::int64_t standard) {
  return {
      {"type", "integer"},
      {"minimum", 0},
      {"maximum", kLongestWaitSeconds},
      {"default", standard},
      {"description", "How long to wait for people to decide, in seconds. The request outlives the call."}};
}

json::object describe_action(const wire::ActionInfo& action) {
  json::object properties;
  json::array required;
  for (const wire::ParameterInfo& parameter : action.parameters) {
    properties[parameter.name] = describe_parameter(parameter);
    required.push_back(json::string(parameter.name));
  }
  properties[own_name(action, "why")] = {
      {"type", "string"},
      {"maxLength", kMaxWhy},
      {"description", "Why it is needed, in your words, for the people who decide."}};
  properties[own_name(action, "wait_seconds")] = describe_wait(kDefaultWaitSeconds);
  const std::string description =
      action.description +
      "\nA privileged action, done outside of this sandbox once people approved exactly this (" +
      action.approval + "). If it is still pending when the call returns, ask " + std::string(kStatusTool) +
      " later. If it is denied, the reason says what to do differently.";
  return {{"name", action.name},
          {"description", description},
          {"inputSchema",
           {{"type", "object"},
            {"properties", std::move(properties)},
            {"required", std::move(required)},
            {"additionalProperties", false}}},
          {"annotations", {{"readOnlyHint", false}, {"destructiveHint", true}, {"openWorldHint", true}}}};
}

json::object describe_status_tool() {
  return {{"name", kStatusTool},
          {"description",
           "How an earlier request of this session stands: pending, denied (and why), done (with its "
           "output). Waits for the outcome when asked to."},
          {"inputSchema",
           {{"type", "object"},
            {"properties",
             {{"id",
               {{"type", "string"}, {"description", "The request's id, or its first 8 or more characters."}}},
              {"wait_seconds", describe_wait(0)}}},
            {"required", {"id"}},
            {"additionalProperties", false}}},
          {"annotations", {{"readOnlyHint", true}, {"idempotentHint", true}, {"openWorldHint", false}}}};
}

std::expected<std::string, std::string> text_of(const json::key_value_pair& argument) {
  if (!argument.value().is_string())
    return std::unexpected("'" + std::string(argument.key()) + "' must be a string");
  return std::string(argument.value().get_string());
}

std::expected<milliseconds, std::string> wait_of(const json::key_value_pair& argument) {
  const json::value& value = argument.value();
  if (!value.is_int64() || value.get_int64() < 0 || value.get_int64() > kLongestWaitSeconds)
    return std::unexpected("'" + std::string(argument.key()) + "' must be an integer from 0 to " +
                           std::to_string(kLongestWaitSeconds));
  return seconds(value.get_int64());
}

}  // namespace

json::array describe_tools(const std::vector<wire::ActionInfo>& actions) {
  json::array tools;
  for (const wire::ActionInfo& action : actions) tools.push_back(describe_action(action));
  tools.push_back(describe_status_tool());
  return tools;
}

std::expected<ToolUse, std::string> status_use(const json::object& arguments) {
  Follow follow;
  ToolUse use;
  for (const json::key_value_pair& argument : arguments) {
    if (argument.key() == "id") {
      auto id = text_of(argument);
      if (!id) return std::unexpected(id.error());
      follow.id = *std::move(id);
    } else if (argument.key() == "wait_seconds") {
      auto wait = wait_of(argument);
      if (!wait) return std::unexpected(wait.error());
      use.wait = *wait;
    } else {
      return std::unexpected("there is no argument '" + std::string(argument.key()) + "'");
    }
  }
  if (follow.id.empty()) return std::unexpected("'id' is missing");
  use.goal = std::move(follow);
  return use;
}

std::expected<ToolUse, std::string> action_use(const wire::ActionInfo& action,
                                               const json::object& arguments) {
  const std::string why = own_name(action, "why");
  const std::string wait_seconds = own_name(action, "wait_seconds");
  Wish wish{action.name, {}, {}};
  ToolUse use{{}, kDefaultWait};
  for (const json::key_value_pair& argument : arguments) {
    if (argument.key() == wait_seconds) {
      auto wait = wait_of(argument);
      if (!wait) return std::unexpected(wait.error());
      use.wait = *wait;
      continue;
    }
    auto text = text_of(argument);
    if (!text) return std::unexpected(text.error());
    if (argument.key() == why)
      wish.why = *std::move(text);
    else
      wish.parameters.push_back({std::string(argument.key()), *std::move(text)});
  }
  if (characters(wish.why) > kMaxWhy)
    return std::unexpected("'" + why + "' has more than " + std::to_string(kMaxWhy) + " characters");
  use.goal = std::move(wish);
  return use;
}

}  // namespace pawl::agent::mcp
