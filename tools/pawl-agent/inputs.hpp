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

// Whatever is not a regular file (link, FIFO, socket, device, directory) is refused: reviewers are shown the
// name, and a link's says nothing of what was opened. Links among the folders on the way are followed.
Result<OpenedInput> open_input(const std::string& path);

}  // namespace pawl::agent
