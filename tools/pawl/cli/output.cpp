#include "tools/pawl/cli/output.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <boost/json/serialize.hpp>
#include <chrono>
#include <ctime>

#include "supervisor/receipt/render.hpp"

namespace pawl::cli {
namespace {

bool write_whole(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

std::string formatted(const std::tm& parts, const char* format) {
  char text[64] = {};
  const std::size_t size = std::strftime(text, sizeof(text), format, &parts);
  return {text, size};
}

}  // namespace

tools::Outcome<> print(std::string_view text) {
  if (!write_whole(1, text)) return failed("write to standard output");
  return {};
}

tools::Outcome<> print_to(int descriptor, std::string_view text) {
  if (!write_whole(descriptor, text)) return failed("write to the terminal");
  return {};
}

tools::Outcome<> print_json(const boost::json::value& value) {
  return print(boost::json::serialize(value) + "\n");
}

void print_error(std::string_view line) {
  // Where stderr is gone too, only the exit code is left to say it.
  (void)write_whole(2, std::string(line) + "\n");
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
