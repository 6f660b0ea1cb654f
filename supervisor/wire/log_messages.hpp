// What people ask about the log as a whole (people's socket; PROTOCOL.md).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sandbox/base/bytes.hpp"
#include "supervisor/wire/common.hpp"

namespace pawl::wire {

// The newest checkpoint, and that the log of `size` entries (0: that checkpoint's) begins with that of
// `since`.
struct GetCheckpoint {
  static constexpr Type type = Type::get_checkpoint;
  std::uint64_t since = 0;
  std::uint64_t size = 0;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.since, self.size);
  }
};

struct LogCheckpoint {
  static constexpr Type type = Type::log_checkpoint;
  std::string note;          // receipt/checkpoint.hpp
  std::string key;           // a vkey: whose signature to expect
  std::vector<Digest> path;  // RFC 9162 consistency proof; empty where `since` was 0

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.note, self.key, self.path);
  }
};

}  // namespace pawl::wire
