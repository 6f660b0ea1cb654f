// An action's program, found and measured by descriptor: what was hashed is what can be run. Runs in pawld.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "sandbox/base/bytes.hpp"
#include "sandbox/base/error.hpp"
#include "sandbox/base/unique_fd.hpp"

namespace pawl::broker {

struct PinnedExecutable {
  std::string path;
  UniqueFd file;  // read-only
  Digest sha256{};
  std::uint64_t size = 0;  // bytes
};

// `path`: absolute. The file and every directory on the way belong to root or `owner` and nobody else can
// write them; symlinks on the way belong to them too; the last component may be a link to such a file.
Result<PinnedExecutable> pin_executable(const std::string& path, uid_t owner);

}  // namespace pawl::broker
