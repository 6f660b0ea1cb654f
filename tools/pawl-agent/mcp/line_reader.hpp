// Splits a byte stream into lines of bounded length. Pure; reads the agent's bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pawl::agent::mcp {

class LineReader {
 public:
  explicit LineReader(std::size_t longest) : longest_(longest) {}

  struct Line {
    std::string text;
    enum class Fit : std::uint8_t { whole, too_long } fit = Fit::whole;  // too_long: text is dropped
  };

  // Bytes as they came in. Never keeps more than one line and what was fed last.
  void feed(std::string_view bytes) { buffer_ += bytes; }
  // The next complete line, without its line break (LF or CRLF).
  std::optional<Line> next();

 private:
  std::size_t longest_;
  std::string buffer_;
  std::size_t searched_ = 0;  // no line break before this
  bool skipping_ = false;     // inside a line that is too long
};

}  // namespace pawl::agent::mcp
