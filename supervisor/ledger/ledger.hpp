// The append-only audit log: a Merkle tree of entries (RFC 6962) in tiles on the disk, with a checkpoint
// signed by the log's own key. What is appended is written at once and durable with the next settle(), many
// entries with one sync: data first, then the checkpoint, outside of the state directory; then it may be
// acted on. Runs in the broker, its only writer. Reads its own state directory, which may have been damaged
// or restored.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sandbox/base/error.hpp"
#include "sandbox/base/unique_fd.hpp"
#include "supervisor/ledger/disk.hpp"
#include "supervisor/ledger/entry.hpp"
#include "supervisor/ledger/head.hpp"
#include "supervisor/ledger/log_files.hpp"
#include "supervisor/ledger/tree.hpp"
#include "supervisor/receipt/checkpoint.hpp"

namespace pawl::ledger {

struct LedgerPlace {
  std::string directory;  // state directory: must exist, be ours and writable by nobody else
  std::string head_file;  // outside of it, on storage that is not restored with it; its directory must exist
  std::int64_t now = 0;   // Unix milliseconds, for the `recover` entry where one is needed
  std::string origin = "pawl/log";  // names the log when its key is made; later the key tells
};

enum class Continuity : std::uint8_t {
  fresh,      // no log and no checkpoint: the first start
  continued,  // the log holds the last known checkpoint
  restored,   // it does not (shorter, different, or the checkpoint is gone): whatever waits must be voided
};

// That an entry is in the log, for whoever has the log's key.
struct Inclusion {
  std::uint64_t index = 0;
  std::string line;  // the entry
  std::vector<Digest> path;
  std::string checkpoint;  // signed
};

class Ledger {
 public:
  // Takes the lock (a second broker on the same state is refused, saying which process holds it), checks the
  // log's last entries and its root against the last checkpoint, keeps what is whole beyond that, and cuts
  // off an unfinished rest (its bytes are kept in log.torn-*). That, and a restored copy, it says in
  // `recover` entries (Recovery), so that whoever replays the log acts on it. Damage below the checkpoint is
  // an error: the broker must not start on it. Does not read the whole log: `pawl log verify` does.
  static Result<Ledger> open(const LedgerPlace& place, Disk& disk = system_disk());

  // Written, in order; durable with the next settle(). On failure nothing was appended, or (when a part of
  // the record could not be taken back) the ledger is poisoned: every later append fails too and only a
  // restart decides what was kept.
  Result<Entry> append(Kind kind, boost::json::object body, std::int64_t now_ms);
  // All that was appended is durable when it returns, and only then may be acted on. After a failure it may
  // be there, the ledger is poisoned, and nothing is tried again.
  Result<> settle();
  bool settled() const { return settled_ == size(); }

  // At most `limit` entries from index `from` on; empty past the end.
  Result<std::vector<Entry>> read(std::uint64_t from, std::size_t limit) const;
  // The same as they stand in the log, and no more than about `bytes` of them (but one).
  Result<std::vector<std::string>> lines(std::uint64_t from, std::size_t limit, std::size_t bytes) const;

  // Of what is settled. Tiles that were damaged since are made anew from the entries.
  Result<Inclusion> prove(std::uint64_t index);
  Result<std::vector<Digest>> prove_consistency(std::uint64_t before, std::uint64_t size) const;
  const std::string& checkpoint() const { return checkpoint_; }  // signed; empty before the first settle()
  const receipt::LogKey& key() const { return signer_.key(); }

  std::uint64_t size() const { return tree_.size(); }
  receipt::TreeHead head() const { return tree_.head(); }
  std::int64_t last_time() const { return last_time_; }  // of the last entry, Unix ms; 0 when empty
  // The last entry's when it was opened, before what the opening itself wrote; 0: there was none.
  std::int64_t time_found() const { return time_found_; }
  Continuity continuity() const { return continuity_; }
  const std::string& continuity_reason() const { return continuity_reason_; }  // in words, when restored
  // Whoever replays it cannot: nothing may be appended any more.
  void distrust(const Error& cause);
  bool poisoned() const { return !poisoned_.empty(); }

 private:
  struct Opened {
    UniqueFd directory, lock;
    LogFiles files;
    HeadFile head, inner;
    receipt::LogSigner signer;
  };
  struct Known;
  Ledger(Opened opened, Disk& disk);

  // ledger_open.cpp
  static Result<Opened> open_files(const LedgerPlace& place, Disk& disk);
  Result<> load();
  Result<> read_last_bundle(std::vector<Digest>& leaves);
  Result<> grow_tree(const std::vector<Digest>& leaves, const Known& known);
  Result<> compare(const Known& known);
  bool agrees(const std::optional<receipt::TreeHead>& head) const;
  Result<> rebuild();
  Result<> grow_from_entries();
  Result<> resume(const Known& known);
  Result<> recover(std::int64_t now_ms);
  Result<std::string> set_torn_aside(std::int64_t now_ms);
  void restored_because(std::string reason);

  // ledger.cpp
  Result<> store(std::string_view record);
  Result<> next_bundle();
  Result<UniqueFd> open_tile_file(const std::string& path);
  Result<> write_tiles();
  std::unexpected<Error> poison(Error cause);

  UniqueFd directory_;
  UniqueFd lock_;  // held as long as the ledger is open
  std::unique_ptr<LogFiles> files_;
  HeadFile head_file_;  // outside of the state directory
  HeadFile inner_;      // in it
  receipt::LogSigner signer_;
  Disk* disk_;
  Tree tree_;
  UniqueFd bundle_;               // the last one
  std::uint64_t bundle_end_ = 0;  // bytes of whole records in it
  std::vector<UniqueFd> filled_;  // earlier ones, not synced yet
  std::uint64_t torn_ = 0;        // bytes of an unfinished record, found when opened
  std::uint64_t settled_ = 0;     // entries
  std::string checkpoint_;
  std::int64_t last_time_ = 0;
  std::int64_t time_found_ = 0;
  Continuity continuity_ = Continuity::fresh;
  std::string continuity_reason_;
  std::string poisoned_;  // why, once nothing may be appended any more
};

}  // namespace pawl::ledger
