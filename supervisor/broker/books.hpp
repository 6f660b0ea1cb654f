// What the broker remembers: ledger, blobs and the queue of requests that lives on them. What changes is
// recorded and applied at once, durable with the end of the loop's turn, and nothing leaves the broker before
// that (hold.hpp). Runs in pawld, the only writer.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "supervisor/approval/clock.hpp"
#include "supervisor/approval/directory.hpp"
#include "supervisor/approval/queue.hpp"
#include "supervisor/broker/hold.hpp"
#include "supervisor/ledger/blob_store.hpp"
#include "supervisor/ledger/ledger.hpp"

namespace pawl::broker {

std::int64_t wall_clock();  // CLOCK_REALTIME, Unix milliseconds
std::int64_t boot_clock();  // CLOCK_BOOTTIME, milliseconds

// Where times come from.
struct Clocks {
  std::function<std::int64_t()> wall = wall_clock;
  std::function<std::int64_t()> boot = boot_clock;
};

struct BooksPlace {
  std::string state;      // directory, made 0700 where it is missing
  std::string head_file;  // outside of it; its directory is made too
  std::string audience;
};

class Books final : public Hold {
 public:
  // Replays the ledger. Requests that were burned without an outcome become indeterminate; after a restored
  // state or a clock that went back, all that wait become void.
  static Result<std::unique_ptr<Books>> open(const BooksPlace& place, Clocks clocks = {},
                                             ledger::Disk& disk = ledger::system_disk());

  // Recorded, then applied to the queue. After a failure nothing may be acted on.
  Result<ledger::Entry> commit(approval::Step step);
  // An entry that is not about a request.
  Result<> note(ledger::Kind kind, boost::json::object body);
  bool durable() const override { return ledger_.settled(); }
  void when_durable(Effect effect) override;
  // Makes all of it durable, and lets out what waited for that. After a failure nothing ever leaves.
  Result<> settle();
  // Called whenever there is something to settle and settle() is not on its way.
  void settle_by(std::function<void()> schedule);
  // Looks at the clocks; when they went back, voids what waits.
  Result<> look_at_clock();

  const approval::Directory& directory() const { return directory_; }
  approval::Queue& queue() { return queue_; }
  const approval::Queue& queue() const { return queue_; }
  ledger::Ledger& ledger() { return ledger_; }
  ledger::BlobStore& blobs() { return blobs_; }
  // The persons of the last policy on record, as the ledger describes them; empty where there is none.
  const boost::json::array& recorded_people() const { return recorded_people_; }
  // Grows with every entry: what watchers compare.
  std::uint64_t generation() const { return ledger_.size(); }

 private:
  Books(Clocks clocks, ledger::Ledger ledger, ledger::BlobStore blobs, approval::Queue queue);

  Result<> replay();
  Result<> take(const ledger::Entry& entry);
  Result<> collect();  // blobs that nothing refers to
  Result<> commit_all(std::vector<approval::Step> steps);
  Result<ledger::Entry> record(approval::Step step);

  Clocks clocks_;
  ledger::Ledger ledger_;
  ledger::BlobStore blobs_;
  approval::Queue queue_;
  approval::Directory directory_;
  approval::ClockWatch clock_watch_;
  boost::json::array recorded_people_;
  std::function<void()> schedule_;
  bool scheduled_ = false;
  std::vector<Effect> effects_;
};

}  // namespace pawl::broker
