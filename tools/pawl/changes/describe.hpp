// Changes as JSON: a contract with scripts. Pure but for digests.
#pragma once

#include <boost/json/array.hpp>

#include "sandbox/base/unique_fd.hpp"
#include "tools/pawl/changes/change.hpp"

namespace pawl::changes {

// Fills in the digests of files up to `limit` bytes in all; those beyond stay null.
void add_digests(ChangeSet& set, const UniqueFd& upper, const UniqueFd& workspace,
                 std::uint64_t limit = 4ull << 30);

// One object a change, all with the same keys, and one of kind "left_out" for each path that was not looked
// at.
boost::json::array json_of(const ChangeSet& set);

}  // namespace pawl::changes
