// The command line of pawl-agent. Pure; the words are the agent's.
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "supervisor/wire/common.hpp"
#include "tools/trouble.hpp"

namespace pawl::agent {

inline constexpr std::chrono::milliseconds kDefaultWait = std::chrono::seconds(90);
inline constexpr std::chrono::milliseconds kLongestWait = std::chrono::hours(24);
inline constexpr std::size_t kMaxWhy = 280;  // characters

enum class Format : std::uint8_t { text, json };

struct HelpCommand {
  std::string verb;  // empty: all
};
struct VersionCommand {};
struct ActionsCommand {
  Format format = Format::text;
};
struct RequestCommand {
  std::string action;
  std::vector<wire::NamedValue> parameters;
  std::string why;
  std::chrono::milliseconds wait = kDefaultWait;
  Format format = Format::text;
};
struct StatusCommand {
  std::string id;
  std::chrono::milliseconds wait{0};
  Format format = Format::text;
};
struct McpCommand {};

using Command =
    std::variant<HelpCommand, VersionCommand, ActionsCommand, RequestCommand, StatusCommand, McpCommand>;

// `words`: without the program's name.
tools::Outcome<Command> parse_arguments(std::span<const std::string> words);

// "90", "90s", "2m", "1h", "500ms"; at most kLongestWait.
tools::Outcome<std::chrono::milliseconds> parse_wait(std::string_view text);

// Characters (code points) of UTF-8 text.
std::size_t characters(std::string_view text);

// What `pawl-agent [VERB] --help` prints.
std::string_view help_text(std::string_view verb);

}  // namespace pawl::agent
