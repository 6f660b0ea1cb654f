// From the chosen changes to the operations that make them, in an order that loses nothing: what is new is
// written before what is old goes, unless it stands in its way. Pure.
#pragma once

#include <vector>

#include "tools/pawl/changes/change.hpp"
#include "tools/pawl/changes/journal.hpp"

namespace pawl::changes {

// `taken`: indices of `set`, as select() gives them.
std::vector<Operation> operations(const ChangeSet& set, const std::vector<std::size_t>& taken);

}  // namespace pawl::changes
