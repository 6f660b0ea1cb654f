// The log's signing key, in the broker's state directory: made at the first start, readable by the broker
// alone. Runs in the broker.
#pragma once

#include <string>

#include "sandbox/base/error.hpp"
#include "supervisor/ledger/disk.hpp"
#include "supervisor/receipt/checkpoint.hpp"

namespace pawl::ledger {

inline constexpr const char* kLogKeyName = "log.key";

// `directory` is the state directory's descriptor. Where there is no key one is made, named `origin`.
Result<receipt::LogSigner> open_log_key(int directory, const std::string& origin, Disk& disk);

}  // namespace pawl::ledger
