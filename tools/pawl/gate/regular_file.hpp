// Files that somebody else may have put there: opened once, never waited for, and only if they are regular.
// Runs in pawl-gate and pawl-cli as the person or the runner.
#pragma once

#include <cstdint>
#include <string>

#include "sandbox/base/bytes.hpp"
#include "sandbox/base/error.hpp"
#include "sandbox/base/unique_fd.hpp"

namespace pawl::gate {

enum class Links : std::uint8_t { followed, refused };  // of the last component

Result<UniqueFd> open_regular(const std::string& path, Links links);
// At most `limit` bytes.
Result<std::string> read_regular(const std::string& path, std::size_t limit);

struct Measured {
  Digest sha256{};
  std::uint64_t size = 0;  // bytes
};
// From the descriptor's offset to the end. `copy`: also written there, then at most kMaxCopy bytes; -1:
// nowhere.
inline constexpr std::uint64_t kMaxCopy = std::uint64_t{256} << 20;  // as the broker takes of an input
Result<Measured> measure(int file, int copy = -1);

}  // namespace pawl::gate
