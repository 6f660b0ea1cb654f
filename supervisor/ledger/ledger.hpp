// The append-only audit log, first form: one file of chained lines (entry.hpp), durable before anyone acts on
// it. (Merkle tiles and signed checkpoints come behind this same interface.) Runs in the broker, its only
// writer. Reads its own state directory, which may have been damaged or restored.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "sandbox/base/error.hpp"
#include "sandbox/base/unique_fd.hpp"
#include "supervisor/ledger/disk.hpp"
#include "supervisor/ledger/entry.hpp"
#include "supervisor/ledger/head.hpp"
#include "supervisor/ledger/ledger_file.hpp"

namespace pawl::ledger {

struct LedgerPlace {
  std::string directory;  // state directory: must exist, be ours and writable by nobody else
  std::string head_file;  // outside of it, on storage that is not restored with it; its directory must exist
  std::int64_t now = 0;   // Unix milliseconds, for the `recover` entry where one is needed
};

enum class Continuity : std::uint8_t {
  fresh,      // no ledger and no head: the first start
  continued,  // the ledger holds the last known head
  restored,   // it does not (shorter, different, or the head is gone): whatever waits must be voided
};

class Ledger {
 public:
  // Takes the lock (a second broker on the same state is refused, saying which process holds it), reads and
  // checks the whole chain, cuts off an unfinished last record (its bytes are kept in ledger.torn-*). That,
  // and a restored copy, it says in `recover` entries (Recovery), so that whoever replays the ledger acts on
  // it. Any other damage, also of a last record that had been acknowledged, is an error: the broker must not
  // start on it.
  static Result<Ledger> open(const LedgerPlace& place, Disk& disk = system_disk());

  // Durable when it returns. On failure nothing was appended, or (after a failed sync, or when a part of the
  // record could not be taken back, or the head could not be kept) the ledger is poisoned: every later append
  // fails too and only a restart decides what was kept. A caller must treat a failure as "it may be there,
  // and must not be acted on".
  Result<Entry> append(Kind kind, boost::json::object body, std::int64_t now_ms);

  // At most `limit` entries from index `from` on; empty past the end.
  Result<std::vector<Entry>> read(std::uint64_t from, std::size_t limit) const;

  std::uint64_t size() const { return offsets_.size(); }
  Head head() const { return head_; }
  std::int64_t last_time() const { return last_time_; }  // of the last entry, Unix ms; 0 when empty
  // The last entry's when it was opened, before what the opening itself wrote; 0: there was none.
  std::int64_t time_found() const { return time_found_; }
  Continuity continuity() const { return continuity_; }
  const std::string& continuity_reason() const { return continuity_reason_; }  // in words, when restored
  // Whoever replays it cannot: nothing may be appended any more.
  void distrust(const Error& cause);
  bool poisoned() const { return !poisoned_.empty(); }

 private:
  Ledger(UniqueFd lock, UniqueFd file, HeadFile head_file, Disk& disk)
      : lock_(std::move(lock)), file_(std::move(file)), head_file_(std::move(head_file)), disk_(&disk) {}

  Result<> load();
  Result<> recover(int directory, std::int64_t now_ms);
  Result<std::string> set_torn_aside(int directory, std::int64_t now_ms);
  Result<> store(std::string_view line);
  std::unexpected<Error> poison(Error cause);
  Result<std::string> line_at(std::uint64_t index) const;

  UniqueFd lock_;  // held as long as the ledger is open
  UniqueFd file_;
  HeadFile head_file_;
  Disk* disk_;
  std::vector<std::uint64_t> offsets_;  // where each entry begins, bytes
  std::uint64_t end_ = 0;               // bytes of whole records
  std::uint64_t torn_ = 0;              // bytes of an unfinished record after them, found when opened
  Head head_;
  std::int64_t last_time_ = 0;
  std::int64_t time_found_ = 0;
  Continuity continuity_ = Continuity::fresh;
  std::string continuity_reason_;
  std::string poisoned_;  // why, once nothing may be appended any more
};

}  // namespace pawl::ledger
