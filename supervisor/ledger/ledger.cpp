// The writing and the reading half of the ledger; how it is opened stands in ledger_open.cpp.
#include "supervisor/ledger/ledger.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <limits>

namespace pawl::ledger {
namespace {

// Makes the folders on the way to `path`.
Result<> make_parents(int directory, const std::string& path) {
  for (std::size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    const std::string part = path.substr(0, slash);
    if (::mkdirat(directory, part.c_str(), 0700) != 0 && errno != EEXIST)
      return failed("make directory " + part);
  }
  return {};
}

}  // namespace

Ledger::Ledger(Opened opened, Disk& disk)
    : directory_(std::move(opened.directory)),
      lock_(std::move(opened.lock)),
      files_(std::make_unique<LogFiles>(std::move(opened.files))),
      head_file_(std::move(opened.head)),
      inner_(std::move(opened.inner)),
      signer_(std::move(opened.signer)),
      disk_(&disk) {}

void Ledger::distrust(const Error& cause) {
  if (!poisoned()) poisoned_ = cause.text();
}

std::unexpected<Error> Ledger::poison(Error cause) {
  poisoned_ = cause.text();
  return std::unexpected(
      std::move(cause).during("ledger").advising("repair the disk, then restart the broker"));
}

Result<Entry> Ledger::append(Kind kind, boost::json::object body, std::int64_t now_ms) {
  if (poisoned())
    return refuse("ledger: closed after an error: " + poisoned_, "repair the disk, then restart the broker");
  Entry entry{size(), now_ms, kind, std::move(body), {}};
  const std::string line = TRY(write_entry(entry));
  entry.hash = receipt::leaf_hash(as_bytes(line));
  TRY(store(write_record(line)));
  tree_.add(entry.hash);
  last_time_ = now_ms;
  return entry;
}

// Writes one record after the last whole one.
Result<> Ledger::store(std::string_view record) {
  if (size() % kTileWidth == 0) TRY(next_bundle());
  if (auto written = write_all(*disk_, bundle_.get(), as_bytes(record), bundle_end_); !written) {
    if (disk_->truncate(bundle_.get(), bundle_end_) != 0) return poison(std::move(written).error());
    return std::unexpected(std::move(written).error().during("ledger").advising(
        "free space on the disk of the state directory"));
  }
  bundle_end_ += record.size();
  return {};
}

Result<> Ledger::next_bundle() {
  if (bundle_ && bundle_end_ == 0) return {};  // made by an append that failed
  UniqueFd file = TRY_DURING("ledger", open_tile_file(entries_path(size() / kTileWidth)));
  if (bundle_) filled_.push_back(std::move(bundle_));
  bundle_ = std::move(file);
  bundle_end_ = 0;
  return {};
}

// A new file's name is durable before anything in it is called so.
Result<UniqueFd> Ledger::open_tile_file(const std::string& path) {
  const int top = files_->directory();
  UniqueFd known(::openat(top, path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  if (known) return known;
  if (errno != ENOENT) return failed("open " + path);
  TRY(make_parents(top, path));
  UniqueFd file(::openat(top, path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) return failed("make " + path);
  for (std::size_t slash = path.rfind('/'); slash != std::string::npos && slash > 0;
       slash = path.rfind('/', slash - 1)) {
    const UniqueFd parent(::openat(top, path.substr(0, slash).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!parent) return failed("open the folder of " + path);
    if (disk_->sync_all(parent.get()) != 0) return poison(failed("sync the folder of " + path).error());
  }
  if (disk_->sync_all(top) != 0) return poison(failed("sync the log's folder").error());
  return file;
}

Result<> Ledger::settle() {
  if (poisoned())
    return refuse("ledger: closed after an error: " + poisoned_, "repair the disk, then restart the broker");
  if (settled()) return {};
  // After a failed sync the kernel may have dropped the pages and will report success next time: never tried
  // again.
  for (const UniqueFd& file : filled_)
    if (disk_->sync_data(file.get()) != 0) return poison(failed("sync").error());
  filled_.clear();
  if (disk_->sync_data(bundle_.get()) != 0) return poison(failed("sync").error());
  TRY(write_tiles());
  auto note = signer_.sign(tree_.head());
  if (!note) return poison(std::move(note).error());
  if (auto kept = head_file_.store(*note); !kept) return poison(std::move(kept).error());
  // Only tells damage from another history, at the next start: what is lost of it costs nothing else.
  (void)inner_.store(*note, HeadFile::Durability::some_time);
  checkpoint_ = *std::move(note);
  settled_ = size();
  return {};
}

// Once in 256 entries. What cannot be written now (a full disk) waits in memory: it could be made anew from
// the entries, too.
Result<> Ledger::write_tiles() {
  for (const Tree::Tile& tile : tree_.unwritten()) {
    auto file = open_tile_file(hashes_path(tile.level, tile.number));
    if (poisoned()) return std::unexpected(std::move(file).error());
    if (!file || !write_all(*disk_, file->get(), as_bytes(tile.bytes()), 0)) return {};
    if (disk_->sync_data(file->get()) != 0) return poison(failed("sync a tile").error());
    tree_.written(tile);
  }
  return {};
}

Result<std::vector<std::string>> Ledger::lines(std::uint64_t from, std::size_t limit,
                                               std::size_t bytes) const {
  std::vector<std::string> lines;
  std::size_t taken = 0;
  for (std::uint64_t index = from; index < size() && lines.size() < limit;) {
    const std::string bundle = TRY_DURING("ledger", files_->read_bundle(index / kTileWidth));
    const Records records = split_records(bundle);
    const std::uint64_t base = index / kTileWidth * kTileWidth;
    if (base + records.lines.size() < std::min(base + kTileWidth, size()))
      return refuse("ledger: its files were changed while the broker runs");
    for (; index < std::min(base + kTileWidth, size()) && lines.size() < limit; ++index) {
      const std::string_view line = records.lines[index - base];
      if (!lines.empty() && taken + line.size() > bytes) return lines;
      taken += line.size();
      lines.emplace_back(line);
    }
  }
  return lines;
}

Result<std::vector<Entry>> Ledger::read(std::uint64_t from, std::size_t limit) const {
  std::vector<Entry> entries;
  for (const std::string& line : TRY(lines(from, limit, std::numeric_limits<std::size_t>::max())))
    entries.push_back(TRY_DURING("ledger", read_entry_at(from + entries.size(), line)));
  return entries;
}

Result<Inclusion> Ledger::prove(std::uint64_t index) {
  if (index >= settled_) return refuse("entry " + std::to_string(index) + " is not in the log's checkpoint");
  const auto line = TRY(lines(index, 1, kMaxEntryBytes));
  Inclusion proof{index, line.at(0), {}, checkpoint_};
  const receipt::TreeHead wanted = TRY(receipt::read_checkpoint(checkpoint_)).checkpoint.tree;
  const Digest leaf = receipt::leaf_hash(as_bytes(proof.line));
  const auto holds = [&]() -> Result<bool> {
    proof.path = TRY(receipt::make_inclusion(index, wanted.size, tree_.nodes(*files_)));
    return TRY(receipt::root_by_inclusion(index, wanted.size, leaf, proof.path)) == wanted.root;
  };
  if (holds().value_or(false)) return proof;
  const receipt::TreeHead head = tree_.head();
  TRY(rebuild());
  // Made of entries that were changed: nothing may be added to it.
  if (tree_.head() != head) return poison(refuse("its entries are not those that were recorded").error());
  if (TRY(holds())) return proof;
  return refuse("ledger: entry " + std::to_string(index) + " is not the one that was recorded",
                "see: pawl log verify");
}

Result<std::vector<Digest>> Ledger::prove_consistency(std::uint64_t before, std::uint64_t size) const {
  if (size > settled_ || before > size)
    return refuse("the log has " + std::to_string(settled_) + " entries, and never had " +
                      std::to_string(std::max(before, size)),
                  "a checkpoint of more is of another log, or this one was restored from a copy");
  return receipt::make_consistency(before, size, tree_.nodes(*files_));
}

}  // namespace pawl::ledger
