// pawl log verify: replays a ledger and proves from it alone that nothing ran without a receipt.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <boost/json/object.hpp>
#include <memory>

#include "supervisor/approval/verify_log.hpp"
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
  bool json = false;
};

struct Evidence {
  std::string source;  // in words
  std::vector<ledger::Entry> entries;
  approval::BlobReader blobs;  // empty: documents are not at hand
};

approval::BlobReader blobs_in(const std::string& state) {
  return [directory = state + "/blobs"](const Digest& digest) -> Result<Bytes> {
    const std::string text = TRY(read_file(directory + "/" + to_hex(digest), kMaxBlob));
    if (receipt::sha256(text) != digest) return refuse("blob " + to_hex(digest) + " is damaged");
    const ByteSpan bytes = as_bytes(text);
    return Bytes(bytes.begin(), bytes.end());
  };
}

// A running broker may be in the middle of its last record: that much is left for the next time.
Result<std::vector<ledger::Entry>> read_live(const std::string& path) {
  UniqueFd file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!file) return failed("open " + path);
  std::vector<ledger::Entry> entries;
  TRY(ledger::scan_ledger(file.get(), [&entries](const ledger::Entry& entry, std::uint64_t) -> Result<> {
    entries.push_back(entry);
    return {};
  }));
  return entries;
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
  if (!options.file.empty()) return Evidence{options.file, TRY(ledger::read_ledger_file(options.file)), {}};
  const wire::Paths paths = TRY(wire::client_paths());
  const std::string own = paths.state + "/ledger.jsonl";
  if (::access(own.c_str(), R_OK) == 0) return Evidence{own, TRY(read_live(own)), blobs_in(paths.state)};
  const tools::Greeted broker = TRY(reach_broker());
  return Evidence{"the broker's log", TRY(read_from_broker(broker.client)), {}};
}

boost::json::object json_of(const approval::LogReport& report, const Evidence& evidence) {
  return {{"source", evidence.source},
          {"documents_checked", static_cast<bool>(evidence.blobs)},
          {"entries", report.entries},
          {"requests", report.requests},
          {"decisions", report.decisions},
          {"consumed", report.consumed},
          {"started", report.started},
          {"finished", report.finished},
          {"indeterminate", report.indeterminate}};
}

Outcome<ExitCode> verify(const VerifyOptions& options) {
  const Evidence evidence = TRY(gather(options));
  const approval::LogReport report =
      TRY_DURING(evidence.source, approval::verify_log(evidence.entries, evidence.blobs));
  if (options.json) {
    TRY(print_json(json_of(report, evidence)));
    return ExitCode::done;
  }
  std::string text = fmt::format(
      "{} holds: {} entries, {} requests, {} decisions, {} receipts burned, {} started, {} finished, {} "
      "indeterminate\n",
      evidence.source, report.entries, report.requests, report.decisions, report.consumed, report.started,
      report.finished, report.indeterminate);
  if (!evidence.blobs) text += "the action documents were not at hand: their digests were believed\n";
  TRY(print(text));
  return ExitCode::done;
}

}  // namespace

Action declare_log_verify(CLI::App& command) {
  auto options = std::make_shared<VerifyOptions>();
  command.add_option("--file", options->file, "check this copy of a ledger instead");
  command.add_flag("--json", options->json, "the counts as one JSON object");
  return [options] { return verify(*options); };
}

}  // namespace pawl::cli
