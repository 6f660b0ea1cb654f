// Replays a ledger and proves from it alone that nothing ran without a receipt: the chain holds, every
// exec_start has exactly one earlier consume, every consume a satisfied quorum of valid signatures, none is
// consumed twice, no outcome without a start, documents and renderings match their digests. Pure; runs in
// `pawl log verify`, in the broker or on another machine. Trusts nothing in the entries.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "sandbox/base/bytes.hpp"
#include "sandbox/base/error.hpp"
#include "supervisor/approval/queue.hpp"
#include "supervisor/ledger/entry.hpp"

namespace pawl::approval {

// Fetches a blob by its digest; empty: documents are not checked.
using BlobReader = std::function<Result<Bytes>(const Digest&)>;

struct LogReport {
  std::uint64_t entries = 0;
  std::uint64_t requests = 0;
  std::uint64_t decisions = 0;
  std::uint64_t consumed = 0;
  std::uint64_t started = 0;
  std::uint64_t finished = 0;
  std::uint64_t indeterminate = 0;
  std::uint64_t orders = 0;  // signed by people: who counts, what may act
};

// Entries in order, from index 0. The error names the first index that does not hold.
Result<LogReport> verify_log(std::span<const ledger::Entry> entries, const BlobReader& blobs);

}  // namespace pawl::approval
