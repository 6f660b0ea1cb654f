#include "tools/pawl/changes/journal.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "sandbox/base/write_all.hpp"
#include "supervisor/receipt/digest.hpp"
#include "tools/pawl/changes/content.hpp"

namespace pawl::changes {
namespace {

constexpr std::string_view kMagic = "pawl apply 2\n";
constexpr std::size_t kMaxJournal = 512 * 1024 * 1024;  // bytes
constexpr std::size_t kNonce = 16;                      // characters
constexpr char kFresh[] = "apply.journal.new";

bool is_plain_path(std::string_view path) {
  if (path.empty() || path.size() > kMaxPath || path.find('\0') != std::string_view::npos) return false;
  while (true) {
    const std::size_t slash = path.find('/');
    const std::string_view segment = path.substr(0, slash);
    if (segment.empty() || segment == "." || segment == "..") return false;
    if (slash == std::string_view::npos) return true;
    path.remove_prefix(slash + 1);
  }
}

bool makes_sense(const Operation& operation, Journal::Phase phase) {
  using Step = Operation::Step;
  const bool puts = operation.step == Step::put_file || operation.step == Step::put_link;
  const bool makes = operation.step == Step::make_folder;
  if (!is_plain_path(operation.path) || operation.mode > 0777) return false;
  if (operation.source.has_value() != (operation.step == Step::put_file)) return false;
  if (operation.target.empty() == (operation.step == Step::put_link)) return false;
  const bool waits = operation.state == Operation::State::waiting && phase != Journal::Phase::preparing;
  if (operation.staged ? !puts : puts && waits) return false;
  const bool clears = operation.step == Step::clear;
  if ((operation.in_the_way || !operation.only_after.empty()) && !clears) return false;
  // What removes or changes something says what; a new folder replaces nothing.
  return puts || operation.expected.has_value() != makes;
}

}  // namespace

Mark Mark::of(const Node& node) {
  return {node.type, node.mode, node.size, node.inode, node.modified, node.changed};
}

bool Mark::same_but_renamed(const Node& node) const {
  return type == node.type && mode == node.mode && size == node.size && inode == node.inode &&
         modified == node.modified;
}

Bytes write_journal(const Journal& journal) {
  const Bytes body = codec::encode(journal);
  const Digest digest = receipt::sha256(body);
  Bytes bytes(kMagic.size() + digest.size() + body.size());
  auto at = std::ranges::copy(kMagic, bytes.begin()).out;
  at = std::ranges::copy(digest, at).out;
  std::ranges::copy(body, at);
  return bytes;
}

Result<Journal> read_journal(ByteSpan bytes) {
  constexpr std::size_t header = kMagic.size() + std::tuple_size_v<Digest>;
  if (bytes.size() < header || as_text(bytes.first(kMagic.size())) != kMagic)
    return refuse("it is none that this pawl wrote");
  const ByteSpan body = bytes.subspan(header);
  const Digest digest = receipt::sha256(body);
  if (!std::ranges::equal(bytes.subspan(kMagic.size(), digest.size()), digest))
    return refuse("it is damaged");
  Journal journal = TRY(codec::decode<Journal>(body));
  if (journal.nonce.size() != kNonce ||
      journal.nonce.find_first_not_of("0123456789abcdef") != std::string::npos)
    return refuse("its nonce makes no sense");
  if (!std::ranges::all_of(journal.operations,
                           [&](const Operation& operation) { return makes_sense(operation, journal.phase); }))
    return refuse("one of its operations makes no sense");
  return journal;
}

// Written anew under another name: the old one stands until the new one is whole.
Result<> store_journal(const UniqueFd& session, const Journal& journal, Steps& steps) {
  const Bytes bytes = write_journal(journal);
  if (bytes.size() > kMaxJournal) return refuse("there are too many changes for one apply", "apply by path");
  TRY(steps.next("open"));
  const UniqueFd file(
      ::openat(session.get(), kFresh, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file) return failed("make the journal");
  TRY(steps.next("write"));
  TRY_DURING("the journal", write_all(file.get(), as_text(bytes)));
  TRY(steps.next("fsync"));
  if (::fsync(file.get()) != 0) return failed("sync the journal");
  TRY(steps.next("rename"));
  if (::renameat(session.get(), kFresh, session.get(), kJournalFile) != 0) return failed("name the journal");
  TRY(steps.next("fsync"));
  if (::fsync(session.get()) != 0) return failed("sync the session's folder");
  return {};
}

Result<> remove_journal(const UniqueFd& session, Steps& steps) {
  TRY(steps.next("unlink"));
  if (::unlinkat(session.get(), kJournalFile, 0) != 0 && errno != ENOENT) return failed("end the journal");
  TRY(steps.next("fsync"));
  if (::fsync(session.get()) != 0) return failed("sync the session's folder");
  return {};
}

Result<bool> has_journal(const UniqueFd& session) { return TRY(look_in(session, kJournalFile)).has_value(); }

Result<std::optional<Journal>> load_journal(const UniqueFd& session) {
  if (!TRY(has_journal(session))) return std::nullopt;
  const auto read = [&]() -> Result<Journal> {
    const UniqueFd file = TRY(open_file(session, kJournalFile));
    const std::uint64_t size = TRY(look_at(file)).size;
    if (size > kMaxJournal) return refuse("it is too long");
    return read_journal(as_bytes(TRY(read_up_to(file, size))));
  };
  auto journal = read();
  if (journal) return *std::move(journal);
  return refuse("the journal of the unfinished apply: " + journal.error().text(),
                "look at the workspace; then remove apply.journal from the session's folder");
}

}  // namespace pawl::changes
