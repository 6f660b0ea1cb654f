// Opens the files that a request names, with the agent's own rights: the broker never opens a workspace path.
#pragma once

#include <cstdint>
#include <string>

#include "sandbox/base/error.hpp"
#include "sandbox/base/unique_fd.hpp"

namespace pawl::agent {

struct OpenedInput {
  UniqueFd descriptor;   // read-only, a regular file
  std::string basename;  // last component of the path as written
  std::uint64_t size = 0;
};

// Symlinks are followed, with the agent's rights: what counts is the file that was opened, not its name.
// Whatever is not a regular file (FIFO, socket, device, directory) is refused.
Result<OpenedInput> open_input(const std::string& path);

}  // namespace pawl::agent
