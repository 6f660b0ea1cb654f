#include "tools/pawl-agent/mcp/line_reader.hpp"

namespace pawl::agent::mcp {

std::optional<LineReader::Line> LineReader::next() {
  const std::size_t end = buffer_.find('\n', searched_);
  if (end == std::string::npos) {
    if (buffer_.size() > longest_ + 1) {  // the one may be the CR of its line break
      skipping_ = true;
      buffer_.clear();
    }
    searched_ = buffer_.size();
    return std::nullopt;
  }
  Line line{buffer_.substr(0, end), Line::Fit::whole};
  buffer_.erase(0, end + 1);
  searched_ = 0;
  if (line.text.ends_with('\r')) line.text.pop_back();
  if (skipping_ || line.text.size() > longest_) line = {{}, Line::Fit::too_long};
  skipping_ = false;
  return line;
}

}  // namespace pawl::agent::mcp
