// What this server answers, by protocol revision. Pure.
#pragma once

#include <array>
#include <boost/json/object.hpp>
#include <string>
#include <string_view>

#include "supervisor/wire/agent_messages.hpp"
#include "tools/pawl-agent/mcp/message.hpp"
#include "tools/trouble.hpp"

namespace pawl::agent::mcp {

// modern: every request carries its version in _meta, there is no handshake (2026-07-28). legacy:
// `initialize` first.
enum class Era : std::uint8_t { legacy, modern };

inline constexpr std::string_view kModernVersion = "2026-07-28";
inline constexpr std::array<std::string_view, 2> kLegacyVersions = {"2025-11-25",
                                                                    "2025-06-18"};  // newest first

inline constexpr std::string_view kVersionKey = "io.modelcontextprotocol/protocolVersion";
inline constexpr std::string_view kCapabilitiesKey = "io.modelcontextprotocol/clientCapabilities";
inline constexpr std::string_view kServerKey = "io.modelcontextprotocol/serverInfo";

boost::json::object result_reply(Era era, const boost::json::value& id, boost::json::object result);
boost::json::object error_reply(const boost::json::value& id, ErrorCode code, std::string_view text,
                                boost::json::value data = nullptr);

boost::json::object initialize_result(std::string_view requested_version);
boost::json::object discover_result();
boost::json::object tools_result(Era era, boost::json::array tools);
boost::json::object call_result(const wire::RequestStatus& status);
boost::json::object call_error(std::string_view text);  // the tool was called and could not do it
boost::json::object progress_notice(const boost::json::value& token, std::int64_t progress,
                                    std::string_view text);

}  // namespace pawl::agent::mcp
