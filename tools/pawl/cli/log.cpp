// pawl log: the ledger's records, as the broker hands them out.
#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <memory>

#include "supervisor/ledger/entry.hpp"
#include "supervisor/receipt/render.hpp"
#include "tools/pawl/cli/broker.hpp"
#include "tools/pawl/cli/output.hpp"
#include "tools/pawl/cli/verb.hpp"

namespace pawl::cli {
namespace {

constexpr std::uint32_t kWatch = 60'000;  // ms

struct LogOptions {
  std::uint64_t from = 0;
  bool follow = false;
  bool json = false;
};

std::string line_of(const ledger::Entry& entry) {
  return fmt::format("{:>6}  {}  {:<10}  {}\n", entry.index, local_time(entry.time), ledger::word(entry.kind),
                     receipt::visible(boost::json::serialize(entry.body)));
}

boost::json::object json_of(const ledger::Entry& entry) {
  return {{"index", entry.index},
          {"time", utc_time(entry.time)},
          {"kind", ledger::word(entry.kind)},
          {"body", entry.body},
          {"hash", to_hex(entry.hash)}};
}

// Prints as it reads; --json without --follow is one array, written piece by piece.
class Printer {
 public:
  explicit Printer(const LogOptions& options) : options_(options) {}

  Outcome<> begin() { return array() ? print("[") : Outcome<>(); }
  Outcome<> add(const ledger::Entry& entry) {
    if (!options_.json) return print(line_of(entry));
    // The agent's words stand in it.
    const std::string text = ascii_json(boost::json::serialize(json_of(entry)));
    if (!array()) return print(text + "\n");
    const std::string separator = first_ ? "" : ",";
    first_ = false;
    return print(separator + text);
  }
  Outcome<> end() { return array() ? print("]\n") : Outcome<>(); }

 private:
  bool array() const { return options_.json && !options_.follow; }
  const LogOptions& options_;
  bool first_ = true;
};

Outcome<ExitCode> show(const LogOptions& options) {
  const tools::Greeted broker = TRY(reach_broker());
  Printer printer(options);
  TRY(printer.begin());
  for (std::uint64_t next = options.from;;) {
    const auto page =
        TRY(broker.client.ask<wire::LogPage>(wire::ReadLog{next, options.follow ? kWatch : 0})).message;
    if (page.records.empty() && !options.follow) break;
    for (const std::string& record : page.records) {
      TRY(printer.add(TRY_DURING("record " + std::to_string(next), ledger::read_entry(record))));
      ++next;
    }
  }
  TRY(printer.end());
  return ExitCode::done;
}

}  // namespace

Action declare_log(Options& command) {
  auto options = std::make_shared<LogOptions>();
  command.optional("--from", options->from, "begin at this index (default: 0)");
  command.flag("--follow", options->follow, "go on as records come in, until Ctrl-C");
  command.flag("--json", options->json, "one JSON array; with --follow one object a line");
  return [options] { return show(*options); };
}

}  // namespace pawl::cli
