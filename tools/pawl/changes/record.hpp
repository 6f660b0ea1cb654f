// session.json: what `pawl run` wrote about a session when it began. Pure. The file is the person's, and read
// strictly all the same: it decides what is compared with what.
#pragma once

#include <string_view>

#include "sandbox/base/error.hpp"
#include "tools/session_record.hpp"

namespace pawl::changes {

using Record = tools::SessionRecord;

inline constexpr std::size_t kMaxRecord = 1024 * 1024;  // bytes

// One JSON object of exactly the record's keys, and "version", which is 1.
Result<Record> read_record(std::string_view text);

}  // namespace pawl::changes
