// From a session's upper layer and the workspace to the list of what differs. Both are walked by descriptors
// and bounded; the upper layer's bytes are the agent's. Runs in pawl-cli, as the person; changes nothing.
#pragma once

#include "sandbox/base/error.hpp"
#include "sandbox/base/unique_fd.hpp"
#include "tools/pawl/changes/change.hpp"
#include "tools/pawl/changes/record.hpp"

namespace pawl::changes {

struct ScanLimits {
  std::size_t entries = 1'000'000;       // looked at; what comes after is left out
  std::uint64_t compared = 16ull << 30;  // bytes; beyond, files of one size count as different
  std::uint64_t digested = 1ull << 30;   // bytes, to recognize what was renamed
  std::size_t least_renamed = 32;        // bytes: smaller files look alike by chance
  std::size_t left_out = 1000;           // reported one by one
};

struct ScanInput {
  const UniqueFd& session;  // the session's folder, with upper/ in it
  const UniqueFd& upper;
  const UniqueFd& workspace;
  const Record& record;
  std::int64_t since = 0;  // ns since 1970
};

// Refuses an upper layer with marks of overlayfs that it would misread.
Result<ChangeSet> scan(const ScanInput& input, const ScanLimits& limits = {});

}  // namespace pawl::changes
