#include "tools/pawl/cli/output.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <chrono>
#include <ctime>

#include "sandbox/base/write_all.hpp"
#include "supervisor/receipt/render.hpp"
#include "supervisor/receipt/utf8.hpp"

namespace pawl::cli {
namespace {

bool is_bare_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("_@%+=:,./-").find(c) != std::string_view::npos;
}

std::string formatted(const std::tm& parts, const char* format) {
  char text[64] = {};
  const std::size_t size = std::strftime(text, sizeof(text), format, &parts);
  return {text, size};
}

}  // namespace

// Only strings hold anything else, and there an escape means the same.
std::string ascii_json(std::string_view json) {
  std::string text;
  for (std::size_t at = 0; at < json.size();) {
    const auto character = receipt::first_character(json.substr(at));
    if (json[at] >= 0 || !character) {
      text += json[at++];
      continue;
    }
    at += character->length;
    const std::uint32_t code = character->code;
    if (code < 0x10000)
      text += fmt::format("\\u{:04x}", code);
    else
      text += fmt::format("\\u{:04x}\\u{:04x}", 0xd800 + ((code - 0x10000) >> 10),
                          0xdc00 + ((code - 0x10000) & 0x3ff));
  }
  return text;
}

tools::Outcome<> print(std::string_view text) {
  TRY_DURING("standard output", write_all(1, text));
  return {};
}

tools::Outcome<> print_to(int descriptor, std::string_view text) {
  TRY_DURING("the terminal", write_all(descriptor, text));
  return {};
}

tools::Outcome<> print_json(const boost::json::value& value) {
  return print(ascii_json(boost::json::serialize(value)) + "\n");
}

std::optional<std::string> shell_word(std::string_view text) {
  if (std::ranges::any_of(text, [](char c) { return c < 0x20 || c >= 0x7f; })) return std::nullopt;
  if (!text.empty() && std::ranges::all_of(text, is_bare_word)) return std::string(text);
  std::string word = "'";
  for (const char c : text) word += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return word + "'";
}

void print_error(std::string_view line) {
  // Where stderr is gone too, only the exit code is left to say it.
  (void)write_all(2, std::string(line) + "\n");
}

std::string table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  std::vector<std::vector<std::string>> shown;
  for (const auto& row : rows) {
    auto& cells = shown.emplace_back();
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) {
      cells.push_back(receipt::visible(row[i]));
      widths[i] = std::max(widths[i], cells[i].size());
    }
  }
  std::string text;
  for (const auto& row : shown) {
    for (std::size_t i = 0; i + 1 < row.size(); ++i) text += fmt::format("{:<{}}  ", row[i], widths[i]);
    text += row.back() + "\n";
  }
  return text;
}

std::string short_id(std::string_view id) { return std::string(id.substr(0, kShownId)); }

std::string local_time(std::int64_t unix_milliseconds) {
  const std::time_t seconds = unix_milliseconds / 1000;
  std::tm parts{};
  if (unix_milliseconds == 0 || ::localtime_r(&seconds, &parts) == nullptr) return {};
  return formatted(parts, "%F %T");
}

std::string utc_time(std::int64_t unix_milliseconds) {
  const std::time_t seconds = unix_milliseconds / 1000;
  std::tm parts{};
  if (unix_milliseconds == 0 || ::gmtime_r(&seconds, &parts) == nullptr) return {};
  return formatted(parts, "%FT%TZ");
}

std::string time_left(std::int64_t unix_milliseconds, std::int64_t now) {
  const std::int64_t seconds = (unix_milliseconds - now) / 1000;
  if (seconds <= 0) return "over";
  if (seconds < 60) return fmt::format("{}s", seconds);
  if (seconds < 3600) return fmt::format("{}m {}s", seconds / 60, seconds % 60);
  return fmt::format("{}h {}m", seconds / 3600, seconds / 60 % 60);
}

std::int64_t now_milliseconds() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace pawl::cli
