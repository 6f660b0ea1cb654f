// Reads a log's lines ahead of whoever replays them: entries are parsed and hashed, and signatures checked,
// on several threads; they come out in order. Runs in `pawl log verify`; trusts nothing in the lines.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "sandbox/base/error.hpp"
#include "supervisor/approval/verify_log.hpp"
#include "supervisor/ledger/entry.hpp"
#include "supervisor/receipt/bundle.hpp"

namespace pawl::approval {

class LogReader {
 public:
  struct Batch {
    std::vector<ledger::Entry> entries;
    std::vector<std::pair<receipt::SignedDecision, receipt::Statement>> checked;  // signatures that hold
  };

  explicit LogReader(const LineSource& lines);
  ~LogReader();

  // The next entries; an empty batch: the log ends here. An error names the entry that cannot be read, after
  // all before it were handed out.
  Result<Batch> next();

 private:
  struct Work;
  std::unique_ptr<Work> work_;
};

}  // namespace pawl::approval
