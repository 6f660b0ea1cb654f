// The burned list of `pawl gate --once DIR`: one file for each receipt that was used. Runs in pawl-gate; DIR
// is the runner's own storage.
#pragma once

#include <string>

#include "sandbox/base/error.hpp"
#include "tools/pawl/gate/check.hpp"

namespace pawl::gate {

// Marks the receipt as used, durably; of any number of processes that try it on one directory, exactly one
// succeeds (O_EXCL: also over NFS from version 3 on). Refuses one that is marked already, and a directory in
// which everybody may take marks away.
Result<> burn(const std::string& directory, const Released& released, const std::string& subject,
              std::int64_t now);

}  // namespace pawl::gate
