// pawl log verify: replays a ledger and proves from it alone that nothing ran without a receipt.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json/object.hpp>
#include <memory>

#include "supervisor/approval/verify_log.hpp"
#include "supervisor/ledger/head.hpp"
#include "supervisor/ledger/ledger_file.hpp"
#include "supervisor/receipt/digest.hpp"
#include "tools/pawl/cli/broker.hpp"
#include "tools/pawl/cli/output.hpp"
#include "tools/pawl/cli/private_files.hpp"
#include "tools/pawl/cli/verb.hpp"

namespace pawl::cli {
namespace {

constexpr std::size_t kMaxBlob = 16 * 1024 * 1024;  // bytes

struct VerifyOptions {
  std::string file;
  std::string head;
  bool json = false;
};

struct Evidence {
  std::string source;  // in words
  std::vector<ledger::Entry> entries;
  approval::BlobReader blobs;  // empty: documents are not at hand
  std::optional<Digest> head;  // what must be in it: of its last known entry
};

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

// A running broker may be in the middle of its last record: that much is left for the next time.
Result<std::vector<ledger::Entry>> read_live(const std::string& state) {
  const std::string path = state + "/ledger.jsonl";
  UniqueFd file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!file) return failed("open " + path);
  std::vector<ledger::Entry> entries;
  const ledger::Scan scan =
      TRY(ledger::scan_ledger(file.get(), [&entries](const ledger::Entry& entry, std::uint64_t) -> Result<> {
        entries.push_back(entry);
        return {};
      }));
  if (scan.torn > 0 && !TRY(in_use(state)))
    return refuse(path + " ends with " + std::to_string(scan.torn) + " bytes that are no whole record",
                  "no broker runs that could be writing them: it crashed there, or they were damaged since");
  return entries;
}

// Kept outside of the state, so that records which were taken off the end are missed. Read before the ledger:
// a broker that runs writes them in the other order.
Result<Digest> kept_head(const std::string& path) {
  const auto head = TRY(ledger::read_head(path));
  if (!head)
    return refuse(
        "the ledger's last head in " + path + " is missing or unreadable",
        "without it nobody can tell whether records were taken off the end; give one that you noted: "
        "--head HASH");
  return head->hash;
}

Result<> check_head(const Evidence& evidence) {
  if (!evidence.head || *evidence.head == Digest{}) return {};  // all zero: kept of an empty ledger
  if (std::ranges::find(evidence.entries, *evidence.head, &ledger::Entry::hash) != evidence.entries.end())
    return {};
  return refuse(
      evidence.source + ": no entry has the hash " + to_hex(*evidence.head) + ", which was its last one",
      "records were removed or replaced, or it is an older copy: compare it with another copy");
}

Outcome<std::vector<ledger::Entry>> read_from_broker(const wire::Client& client) {
  std::vector<ledger::Entry> entries;
  for (;;) {
    const auto page = TRY(client.ask<wire::LogPage>(wire::ReadLog{entries.size(), 0})).message;
    if (page.records.empty()) return entries;
    for (const std::string& record : page.records) {
      ledger::Entry entry =
          TRY_DURING("record " + std::to_string(entries.size()), ledger::read_entry(record));
      TRY(ledger::follows(entry, entries.empty() ? nullptr : &entries.back()));
      entries.push_back(std::move(entry));
    }
  }
}

Outcome<Evidence> gather(const VerifyOptions& options) {
  std::optional<Digest> head;
  if (!options.head.empty()) {
    head = receipt::digest_from_hex(options.head);
    if (!head)
      return tools::trouble(tools::ExitCode::usage, "--head is no hash", "it has 64 hexadecimal digits");
  }
  if (!options.file.empty())
    return Evidence{options.file, TRY(ledger::read_ledger_file(options.file)), {}, head};
  const wire::Paths paths = TRY(wire::client_paths());
  const std::string own = paths.state + "/ledger.jsonl";
  if (::access(own.c_str(), R_OK) == 0) {
    if (!head) head = TRY(kept_head(paths.head));
    return Evidence{own, TRY(read_live(paths.state)), blobs_in(paths.state), head};
  }
  const tools::Greeted broker = TRY(reach_broker());
  return Evidence{"the broker's log", TRY(read_from_broker(broker.client)), {}, head};
}

boost::json::object json_of(const approval::LogReport& report, const Evidence& evidence) {
  return {{"source", evidence.source},
          {"documents_checked", static_cast<bool>(evidence.blobs)},
          {"head", evidence.entries.empty() ? "" : to_hex(evidence.entries.back().hash)},
          {"head_checked", evidence.head.has_value()},
          {"entries", report.entries},
          {"requests", report.requests},
          {"decisions", report.decisions},
          {"consumed", report.consumed},
          {"started", report.started},
          {"finished", report.finished},
          {"indeterminate", report.indeterminate},
          {"orders", report.orders}};
}

Outcome<ExitCode> verify(const VerifyOptions& options) {
  const Evidence evidence = TRY(gather(options));
  const approval::LogReport report =
      TRY_DURING(evidence.source, approval::verify_log(evidence.entries, evidence.blobs));
  TRY(check_head(evidence));
  if (options.json) {
    TRY(print_json(json_of(report, evidence)));
    return ExitCode::done;
  }
  std::string text = fmt::format(
      "{} holds: {} entries, {} requests, {} decisions, {} receipts burned, {} started, {} finished, {} "
      "indeterminate\n",
      evidence.source, report.entries, report.requests, report.decisions, report.consumed, report.started,
      report.finished, report.indeterminate);
  if (!evidence.entries.empty())
    text += fmt::format("its head: {} entries, {}\n", evidence.entries.size(),
                        to_hex(evidence.entries.back().hash));
  if (!evidence.head)
    text +=
        "whether records are missing at its end cannot be told from it alone: compare its head with one "
        "that you noted (--head HASH)\n";
  if (!evidence.blobs) text += "the action documents were not at hand: their digests were believed\n";
  TRY(print(text));
  return ExitCode::done;
}

}  // namespace

Action declare_log_verify(Options& command) {
  auto options = std::make_shared<VerifyOptions>();
  command.optional("--file", options->file, "check this copy of a ledger instead");
  command.optional("--head", options->head,
                   "the hash of an entry that must be there, as an earlier run printed it");
  command.flag("--json", options->json, "the counts as one JSON object");
  return [options] { return verify(*options); };
}

}  // namespace pawl::cli
