// session.json: what `pawl run` wrote about a session when it began. Pure. The file is the person's, and read
// strictly all the same: it decides what is compared with what.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/base/error.hpp"

namespace pawl::changes {

inline constexpr std::size_t kMaxRecord = 1024 * 1024;  // bytes

struct Record {
  std::string session;  // 64 hexadecimal digits
  std::string role;
  std::string workspace;  // absolute
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::int64_t started = 0;  // unix milliseconds
  std::vector<std::string> protect;
  std::vector<std::string> hide;
};

// One JSON object of exactly these keys, and "version", which is 1.
Result<Record> read_record(std::string_view text);
std::string write_record(const Record& record);

// 64 lower-case hexadecimal digits.
bool is_session_id(std::string_view text);

}  // namespace pawl::changes
