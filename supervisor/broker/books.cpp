#include "supervisor/broker/books.hpp"

#include <sys/stat.h>
#include <time.h>

#include <set>

#include "supervisor/receipt/document.hpp"

namespace pawl::broker {
namespace {

constexpr std::size_t kReplayPage = 512;  // entries

std::int64_t milliseconds_of(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return std::int64_t{time.tv_sec} * 1000 + time.tv_nsec / 1'000'000;
}

Result<> make_private_directories(const std::string& path) {
  for (std::size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
    const std::string part = path.substr(0, slash);
    if (::mkdir(part.c_str(), 0700) != 0 && errno != EEXIST) return failed("make directory " + part);
    if (slash == std::string::npos) return {};
  }
}

}  // namespace

std::int64_t wall_clock() { return milliseconds_of(CLOCK_REALTIME); }
std::int64_t boot_clock() { return milliseconds_of(CLOCK_BOOTTIME); }

Books::Books(Clocks clocks, ledger::Ledger ledger, ledger::BlobStore blobs, approval::Queue queue)
    : clocks_(std::move(clocks)),
      ledger_(std::move(ledger)),
      blobs_(std::move(blobs)),
      queue_(std::move(queue)),
      // What the ledger wrote when it was opened has the time of now, which is what is in question.
      clock_watch_(ledger_.time_found()) {}

Result<std::unique_ptr<Books>> Books::open(const BooksPlace& place, Clocks clocks, ledger::Disk& disk) {
  TRY(make_private_directories(place.state));
  TRY(make_private_directories(place.head_file.substr(0, place.head_file.rfind('/'))));
  ledger::Ledger ledger = TRY_DURING(
      "ledger",
      ledger::Ledger::open({place.state, place.head_file, clocks.wall(), "pawl/" + place.audience}, disk));
  ledger::BlobStore blobs = TRY_DURING("blobs", ledger::BlobStore::open(place.state + "/blobs", disk));
  std::unique_ptr<Books> books(
      new Books(std::move(clocks), std::move(ledger), std::move(blobs), approval::Queue(place.audience)));
  TRY_DURING("replay the ledger", books->replay());
  const bool restored = books->ledger_.continuity() == ledger::Continuity::restored;
  TRY(books->commit_all(
      books->queue_.recover(restored ? approval::Doubt::restored : approval::Doubt::restart)));
  TRY(books->look_at_clock());
  TRY_DURING("blobs", books->collect());
  TRY(books->settle());
  return books;
}

Result<> Books::replay() {
  for (std::uint64_t next = 0; next < ledger_.size();) {
    const auto page = TRY(ledger_.read(next, kReplayPage));
    if (page.empty()) return refuse("the ledger ends before its size");
    for (const ledger::Entry& entry : page) {
      TRY_DURING("entry " + std::to_string(entry.index), take(entry));
      if (entry.kind != ledger::Kind::policy) continue;
      const auto* people = entry.body.if_contains("people");
      if (people != nullptr && people->is_array()) recorded_people_ = people->as_array();
    }
    next += page.size();
  }
  return {};
}

// Copies whose request was never recorded. Where a document cannot be read its inputs are not known, and
// everything stays.
Result<> Books::collect() {
  std::set<Digest> wanted;
  for (const approval::Request* request : queue_.list()) {
    wanted.insert(request->binding.document);
    if (request->binding.preview) wanted.insert(*request->binding.preview);
    if (request->parameters) wanted.insert(*request->parameters);
    if (request->outcome && request->outcome->out) wanted.insert(*request->outcome->out);
    if (request->outcome && request->outcome->err) wanted.insert(*request->outcome->err);
    const auto bytes = blobs_.get(request->binding.document, receipt::kMaxDocumentBytes);
    if (!bytes) return {};
    const auto document = receipt::read_any_document(as_text(*bytes));
    if (!document) return {};
    for (const Digest& input : receipt::inputs_of(*document)) wanted.insert(input);
  }
  TRY(blobs_.keep_only(wanted));
  return {};
}

// What lives on the entries follows each of them, in the ledger's order.
Result<> Books::take(const ledger::Entry& entry) {
  TRY(queue_.apply(entry));
  return directory_.apply(entry);
}

Result<ledger::Entry> Books::commit(approval::Step step) {
  ledger::Entry entry = TRY(record(std::move(step)));
  if (auto applied = take(entry); !applied) {
    // The ledger now says what the queue does not know: nothing may be judged on either.
    ledger_.distrust(applied.error());
    return std::unexpected(std::move(applied).error());
  }
  return entry;
}

Result<> Books::commit_all(std::vector<approval::Step> steps) {
  for (approval::Step& step : steps) TRY(commit(std::move(step)));
  return {};
}

Result<> Books::note(ledger::Kind kind, boost::json::object body) {
  TRY(commit({kind, std::move(body)}));
  return {};
}

Result<ledger::Entry> Books::record(approval::Step step) {
  const std::int64_t time = step.judged != 0 ? step.judged : clocks_.wall();
  ledger::Entry entry = TRY_DURING("ledger", ledger_.append(step.kind, std::move(step.body), time));
  if (schedule_ && !std::exchange(scheduled_, true)) schedule_();
  return entry;
}

void Books::settle_by(std::function<void()> schedule) {
  schedule_ = std::move(schedule);
  if (!durable() && !std::exchange(scheduled_, true)) schedule_();
}

void Books::when_durable(Effect effect) {
  if (durable()) return effect();
  effects_.push_back(std::move(effect));
}

Result<> Books::settle() {
  scheduled_ = false;
  TRY_DURING("ledger", ledger_.settle());
  // What they record in their turn waits for the next time.
  for (Effect& effect : std::exchange(effects_, {})) effect();
  return {};
}

Result<> Books::look_at_clock() {
  if (clock_watch_.look({clocks_.wall(), clocks_.boot()}) == approval::ClockLook::steady) return {};
  return commit_all(queue_.recover(approval::Doubt::clock));
}

}  // namespace pawl::broker
