// Writes chosen changes into the workspace and takes them out of the session's upper layer: the journal
// first, then everything prepared beside its place, then one rename each, then the layer. A crash anywhere is
// gone on from by resume_apply(). Runs in pawl-cli, as the person, who has confirmed what is taken.
#pragma once

#include <string>
#include <vector>

#include "sandbox/base/error.hpp"
#include "tools/pawl/changes/change.hpp"
#include "tools/pawl/changes/journal.hpp"
#include "tools/pawl/changes/writer.hpp"

namespace pawl::changes {

struct Skipped {
  std::string path;
  std::string reason;
};

struct Applied {
  std::size_t done = 0;          // operations
  std::vector<Skipped> skipped;  // the host got in the way; they stay in the session
};

// All or nothing is written where something cannot be prepared (a full disk, a folder without permission).
Result<Applied> apply(const Scene& scene, std::vector<Operation> operations);

// Goes on after a crash. Nothing: no apply was under way.
Result<std::optional<Applied>> resume_apply(const Scene& scene);

}  // namespace pawl::changes
