// Takes changes out of a session's upper layer without writing them anywhere: what is not taken still means
// what it meant. Runs in pawl-cli, as the person.
#pragma once

#include <vector>

#include "sandbox/base/error.hpp"
#include "tools/pawl/changes/change.hpp"
#include "tools/pawl/changes/writer.hpp"

namespace pawl::changes {

// `taken`: ascending indices of `set`. After a crash in between, what is left can be discarded again.
Result<> discard(const Scene& scene, const ChangeSet& set, const std::vector<std::size_t>& taken);

}  // namespace pawl::changes
