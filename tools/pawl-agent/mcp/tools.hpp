// The role's actions as MCP tools, and a tool's arguments as a wish. Pure; arguments are the agent's.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <chrono>
#include <expected>
#include <string>
#include <vector>

#include "supervisor/wire/agent_messages.hpp"
#include "tools/pawl-agent/errand.hpp"

namespace pawl::agent::mcp {

inline constexpr std::string_view kStatusTool = "pawl_request_status";

boost::json::array describe_tools(const std::vector<wire::ActionInfo>& actions);

// What a tools/call wants done.
struct ToolUse {
  Goal goal;
  std::chrono::milliseconds wait{0};
};

// `arguments` of the status tool.
std::expected<ToolUse, std::string> status_use(const boost::json::object& arguments);
// `arguments` of an action's tool. The names "why" and "wait_seconds" belong to pawl, unless the action has a
// parameter of that name: then pawl's are "pawl_why" and "pawl_wait_seconds".
std::expected<ToolUse, std::string> action_use(const wire::ActionInfo& action,
                                               const boost::json::object& arguments);

}  // namespace pawl::agent::mcp
