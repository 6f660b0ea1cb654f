#include "tools/pawl/cli/log_source.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "supervisor/ledger/entry.hpp"
#include "supervisor/ledger/head.hpp"
#include "supervisor/receipt/digest.hpp"
#include "supervisor/wire/log_messages.hpp"
#include "tools/pawl/cli/private_files.hpp"

namespace pawl::cli {
namespace {

using ledger::kTileWidth;
using Lines = std::vector<std::string>;

constexpr std::size_t kMaxBlob = 16 * 1024 * 1024;  // bytes
constexpr std::size_t kMaxKeyBytes = 1024;

approval::BlobReader blobs_in(const std::string& state) {
  return [directory = state + "/blobs"](const Digest& digest) -> Result<Bytes> {
    const std::string text = TRY(read_file(directory + "/" + to_hex(digest), kMaxBlob));
    if (receipt::sha256(text) != digest) return refuse("blob " + to_hex(digest) + " is damaged");
    const ByteSpan bytes = as_bytes(text);
    return Bytes(bytes.begin(), bytes.end());
  };
}

// Is a broker at work on this state? Only asked where it matters: the lock is ours for a moment then.
Result<bool> in_use(const std::string& state) {
  const UniqueFd lock(::open((state + "/ledger.lock").c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!lock)
    return errno == ENOENT ? Result<bool>(false) : Result<bool>(failed("open " + state + "/ledger.lock"));
  if (::flock(lock.get(), LOCK_SH | LOCK_NB) == 0) return false;
  return errno == EWOULDBLOCK ? Result<bool>(true) : Result<bool>(failed("look at the lock of " + state));
}

Lines copied(const ledger::Records& records, std::size_t most = kTileWidth) {
  Lines lines;
  for (const std::string_view line : records.lines)
    if (lines.size() < most) lines.emplace_back(line);
  return lines;
}

// One bundle at a time. A running broker may be in the middle of its last record: that much is left for the
// next time.
approval::LineSource lines_in_state(std::shared_ptr<const ledger::LogFiles> files, const std::string& state) {
  return [files, state, number = std::uint64_t{0}]() mutable -> Result<Lines> {
    auto bytes = files->read_bundle(number);
    if (!bytes && bytes.error().errnum == ENOENT) return Lines();
    if (!bytes) return std::unexpected(std::move(bytes).error());
    const ledger::Records records = ledger::split_records(*bytes);
    const bool last = !files->has_bundle(++number);
    const std::size_t rest = bytes->size() - records.whole;
    if (rest > 0 && !(last && TRY(in_use(state))))
      return refuse(
          state + "/log/" + ledger::entries_path(number - 1) + " ends with " + std::to_string(rest) +
              " bytes that are no whole record",
          "no broker runs that could be writing them: it crashed there, or they were damaged since");
    if (!last && records.lines.size() != kTileWidth)
      return refuse("entry " + std::to_string((number - 1) * kTileWidth + records.lines.size()) +
                    " is missing");
    return copied(records);
  };
}

approval::LineSource lines_in_export(std::shared_ptr<const ledger::LogFiles> files, std::uint64_t size) {
  return [files, size, number = std::uint64_t{0}]() mutable -> Result<Lines> {
    const std::uint64_t begin = number * kTileWidth;
    if (begin >= size) return Lines();
    const std::uint64_t width = std::min(kTileWidth, size - begin);
    const std::string bytes = TRY(files->read_bundle(number++, width));
    const ledger::Records records = ledger::split_records(bytes);
    if (records.lines.size() < width || (records.lines.size() == width && records.whole != bytes.size()))
      return refuse("entry " + std::to_string(begin + records.lines.size()) + " is not whole");
    return copied(records, width);
  };
}

// Only the public half is kept.
std::optional<receipt::LogKey> key_in(const std::string& state) {
  std::string text = read_file(state + "/log.key", kMaxKeyBytes).value_or("");
  if (text.ends_with('\n')) text.pop_back();
  const auto signer = receipt::LogSigner::parse(text);
  ::explicit_bzero(text.data(), text.size());
  return signer ? std::optional(signer->key()) : std::nullopt;
}

}  // namespace

tools::Outcome<LogSource> exported_log(const std::string& directory) {
  LogSource source;
  source.name = directory;
  source.partial_tiles = true;
  source.files = std::make_shared<const ledger::LogFiles>(TRY(ledger::LogFiles::open(directory)));
  const std::string note =
      TRY_DURING(directory, source.files->read_text(kCheckpointName, receipt::kMaxCheckpointBytes));
  source.checkpoint = TRY_DURING(directory, receipt::read_checkpoint(note));
  const receipt::TreeHead tree = source.checkpoint->checkpoint.tree;
  source.log.lines = lines_in_export(source.files, tree.size);
  source.log.heads = {tree};
  return source;
}

tools::Outcome<LogSource> own_log() {
  const wire::Paths paths = TRY(wire::client_paths());
  auto files = ledger::LogFiles::open(paths.state + "/log");
  if (!files) return brokers_log(TRY(reach_broker()));
  LogSource source;
  source.name = paths.state + "/log";
  source.files = std::make_shared<const ledger::LogFiles>(*std::move(files));
  source.key = key_in(paths.state);
  // Kept outside of the state, so that entries which were taken off the end are missed. Read before the log:
  // a broker that runs writes them in the other order.
  source.checkpoint = TRY(ledger::read_head(paths.head));
  if (!source.checkpoint)
    return tools::trouble(tools::ExitCode::failed,
                          "the log's last checkpoint in " + paths.head + " is missing or unreadable",
                          "without it nobody can tell whether entries were taken off the end");
  source.log.heads = {source.checkpoint->checkpoint.tree};
  source.log.lines = lines_in_state(source.files, paths.state);
  source.log.blobs = blobs_in(paths.state);
  return source;
}

tools::Outcome<LogSource> brokers_log(tools::Greeted broker) {
  LogSource source;
  source.name = "the broker's log";
  const auto client = std::make_shared<const wire::Client>(std::move(broker.client));
  const auto answer = TRY(client->ask<wire::LogCheckpoint>(wire::GetCheckpoint{})).message;
  source.note = answer.note;
  source.checkpoint = TRY(receipt::read_checkpoint(answer.note));
  source.key = TRY(receipt::LogKey::parse(answer.key));
  const receipt::TreeHead tree = source.checkpoint->checkpoint.tree;
  source.log.heads = {tree};
  source.log.lines = [client, size = tree.size, next = std::uint64_t{0}]() mutable -> Result<Lines> {
    if (next >= size) return Lines();
    auto page = client->ask<wire::LogPage>(wire::ReadLog{next, 0});
    if (!page) return refuse(page.error().failure.text, page.error().failure.remedy);
    Lines lines = std::move(page->message.records);
    if (lines.empty()) return refuse("the broker hands out fewer entries than its checkpoint has");
    if (lines.size() > size - next) lines.resize(size - next);
    next += lines.size();
    return lines;
  };
  return source;
}

tools::Outcome<receipt::SignedCheckpoint> noted_checkpoint(const std::string& path) {
  const std::string note = TRY(read_file(path, receipt::kMaxCheckpointBytes));
  return TRY_DURING(path, receipt::read_checkpoint(note));
}

}  // namespace pawl::cli
