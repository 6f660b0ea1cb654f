#include "tools/session_record.hpp"

namespace pawl::tools {
namespace {

std::string quoted(std::string_view text) {
  constexpr char digits[] = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      out += "\\u00";
      out += digits[byte >> 4];
      out += digits[byte & 15];
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string quoted(const std::vector<std::string>& list) {
  std::string out = "[";
  for (const std::string& item : list) out += (out.size() > 1 ? "," : "") + quoted(item);
  return out + "]";
}

}  // namespace

bool is_session_id(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::string text_of(const SessionRecord& record) {
  return "{\"version\":1,\"session\":" + quoted(record.session) + ",\"role\":" + quoted(record.role) +
         ",\"workspace\":" + quoted(record.workspace) + ",\"device\":" + std::to_string(record.device) +
         ",\"inode\":" + std::to_string(record.inode) + ",\"started\":" + std::to_string(record.started) +
         ",\"protect\":" + quoted(record.protect) + ",\"hide\":" + quoted(record.hide) + "}";
}

}  // namespace pawl::tools
