// What a session's changes are changes of: `pawl run` writes it as session.json beside them, pawl-cli reads
// it (tools/pawl/changes/record.hpp). Runs in both, as the person.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pawl::tools {

inline constexpr char kSessionRecordFile[] = "session.json";

struct SessionRecord {
  std::string session;  // the full id: 64 hexadecimal digits
  std::string role;
  std::string workspace;                   // absolute path, any bytes
  std::uint64_t device = 0;                // of the workspace
  std::uint64_t inode = 0;                 // of it
  std::int64_t started = 0;                // unix milliseconds, before anything is mounted
  std::vector<std::string> protect, hide;  // patterns (sandbox/plan.hpp)
};

// 64 lower-case hexadecimal digits.
bool is_session_id(std::string_view text);

// As one line of JSON, without its line break. Bytes that are no UTF-8 stand in it as they are.
std::string text_of(const SessionRecord& record);

}  // namespace pawl::tools
