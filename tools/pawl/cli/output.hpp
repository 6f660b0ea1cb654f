// What pawl-cli prints. Foreign text (agents', roles', people's) is made visible before it gets here.
#pragma once

#include <boost/json/value.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/trouble.hpp"

namespace pawl::cli {

inline constexpr std::size_t kShownId = 12;  // characters
enum class Format : std::uint8_t { text, json };

tools::Outcome<> print(std::string_view text);  // to stdout, as it is
tools::Outcome<> print_to(int descriptor, std::string_view text);
// The same JSON in ASCII: a terminal obeys some characters beyond it (C1 controls), and people read others
// wrongly (bidirectional marks).
std::string ascii_json(std::string_view json);
tools::Outcome<> print_json(const boost::json::value& value);  // one line of ASCII
void print_error(std::string_view line);                       // to stderr, with a line break

// As a POSIX shell reads it back, for commands that are shown to be copied. Nothing: it holds characters that
// no one line of printable ASCII can hand on.
std::optional<std::string> shell_word(std::string_view text);

// Columns of words, each made visible and padded to its column; the first row is the heading.
std::string table(const std::vector<std::vector<std::string>>& rows);

std::string short_id(std::string_view id);
std::string local_time(std::int64_t unix_milliseconds);  // "2026-11-22 10:15:04"; empty for 0
std::string utc_time(std::int64_t unix_milliseconds);    // RFC 3339; empty for 0
std::string time_left(std::int64_t unix_milliseconds, std::int64_t now);  // "12m 3s", "over"
std::int64_t now_milliseconds();

}  // namespace pawl::cli
