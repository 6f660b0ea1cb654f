// Replays a log and proves from it alone that nothing ran without a receipt: every
// exec_start has exactly one earlier consume, every consume a satisfied quorum of valid signatures, none is
// consumed twice, no outcome without a start, documents and renderings match their digests. Pure; runs in
// `pawl log verify`, in the broker or on another machine. Trusts nothing in the entries.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "sandbox/base/bytes.hpp"
#include "sandbox/base/error.hpp"
#include "supervisor/approval/queue.hpp"
#include "supervisor/receipt/merkle.hpp"

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
  Digest root{};             // of the tree of all entries
};

// The next lines of the log, in order from index 0 on; none: it ends here.
using LineSource = std::function<Result<std::vector<std::string>>()>;

struct LogToVerify {
  LineSource lines;
  BlobReader blobs;                                  // empty: documents are not checked
  std::vector<receipt::TreeHead> heads;              // the log must have had each of these roots at that size
  std::function<Result<>(const Digest& leaf)> leaf;  // told of each, in order, once it holds; may be empty
};

// The error names the first index that does not hold.
Result<LogReport> verify_log(const LogToVerify& log);

}  // namespace pawl::approval
