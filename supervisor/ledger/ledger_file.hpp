// Reading a ledger's file from its beginning, without writing: by the broker when it starts, by `log verify`
// on a copy. Trusts nothing in it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "sandbox/base/error.hpp"
#include "supervisor/ledger/entry.hpp"

namespace pawl::ledger {

struct Scan {
  std::uint64_t whole = 0;  // bytes of whole, chained records
  std::uint64_t torn = 0;   // bytes after them without a line break: an unfinished last record
};

// Calls `each` with every entry and the byte offset where it begins. Any damage but an unfinished last record
// is an error that names the entry.
Result<Scan> scan_ledger(int file, const std::function<Result<>(const Entry&, std::uint64_t offset)>& each);

// All entries of an exported copy, chain checked; an unfinished last record is an error here.
Result<std::vector<Entry>> read_ledger_file(const std::string& path);

}  // namespace pawl::ledger
