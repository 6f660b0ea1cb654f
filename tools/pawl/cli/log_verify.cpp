// pawl log verify: replays a log and proves from it alone that nothing ran without a receipt.
#include <fmt/format.h>

#include <boost/json/object.hpp>
#include <memory>

#include "supervisor/approval/verify_log.hpp"
#include "supervisor/ledger/tree.hpp"
#include "tools/pawl/cli/log_source.hpp"
#include "tools/pawl/cli/output.hpp"
#include "tools/pawl/cli/verb.hpp"

namespace pawl::cli {
namespace {

using ledger::kTileWidth;

struct VerifyOptions {
  std::string directory;
  std::string key;
  std::string since;
  bool json = false;
};

// The hashes that lie on the disk are those that the entries make.
class TileCheck {
 public:
  // A tile is written before a checkpoint that covers it, so that nothing beyond `size` need be there.
  TileCheck(std::shared_ptr<const ledger::LogFiles> files, std::uint64_t size)
      : files_(std::move(files)), size_(size) {}

  Result<> add(const Digest& leaf) {
    tree_.add(leaf);
    if (tree_.whole_unwritten() == 0) return {};
    for (const ledger::Tree::Tile& tile : tree_.unwritten()) {
      if (tile.hashes.size() != kTileWidth) continue;
      if (tree_.size() <= size_) TRY(compare(ledger::hashes_path(tile.level, tile.number), tile));
      tree_.written(tile);
    }
    return {};
  }

  // An export's last tiles.
  Result<> finish() const {
    for (const ledger::Tree::Tile& tile : tree_.partial())
      TRY(compare(ledger::hashes_path(tile.level, tile.number) + ledger::partial_suffix(tile.hashes.size()),
                  tile));
    return {};
  }

 private:
  Result<> compare(const std::string& path, const ledger::Tree::Tile& tile) const {
    const auto hashes = TRY_DURING("tiles", files_->read_hashes(path, tile.hashes.size()));
    if (hashes == tile.hashes) return {};
    return refuse("the hashes in " + path + " are not those of the entries",
                  "tiles are made from entries: export it anew, or restart the broker");
  }

  std::shared_ptr<const ledger::LogFiles> files_;
  std::uint64_t size_;
  ledger::Tree tree_;
};

Outcome<LogSource> gather(const VerifyOptions& options) {
  LogSource source = options.directory.empty() ? TRY(own_log()) : TRY(exported_log(options.directory));
  if (!options.key.empty()) {
    auto key = receipt::LogKey::parse(options.key);
    if (!key) return tools::trouble(ExitCode::usage, "--key: " + key.error().text(), "see: pawl log key");
    source.key = *std::move(key);
  }
  if (source.key) TRY_DURING(source.name, source.key->check(*source.checkpoint));
  if (options.since.empty()) return source;
  const auto noted = TRY(noted_checkpoint(options.since));
  if (source.key) TRY_DURING(options.since, source.key->check(noted));
  source.log.heads.push_back(noted.checkpoint.tree);
  return source;
}

boost::json::object json_of(const approval::LogReport& report, const LogSource& source) {
  return {{"source", source.name},
          {"documents_checked", static_cast<bool>(source.log.blobs)},
          {"tiles_checked", source.files != nullptr},
          {"signature_checked", source.key.has_value()},
          {"root", to_hex(report.root)},
          {"entries", report.entries},
          {"requests", report.requests},
          {"decisions", report.decisions},
          {"consumed", report.consumed},
          {"started", report.started},
          {"finished", report.finished},
          {"indeterminate", report.indeterminate},
          {"orders", report.orders}};
}

std::string text_of(const approval::LogReport& report, const LogSource& source) {
  std::string text = fmt::format(
      "{} holds: {} entries, {} requests, {} decisions, {} receipts burned, {} started, {} finished, {} "
      "indeterminate\nits root: {}\n",
      source.name, report.entries, report.requests, report.decisions, report.consumed, report.started,
      report.finished, report.indeterminate, to_hex(report.root));
  if (source.key)
    text += "its checkpoint is signed by " + source.key->text() + "\n";
  else
    text += "whose checkpoint it is was not looked at: give the log's key (--key, from pawl log key)\n";
  text += "whether entries are missing at its end is told by a checkpoint that you noted (--since)\n";
  if (!source.log.blobs) text += "the action documents were not at hand: their digests were believed\n";
  return text;
}

Outcome<ExitCode> verify(const VerifyOptions& options) {
  LogSource source = TRY(gather(options));
  std::shared_ptr<TileCheck> tiles;
  if (source.files) {
    tiles = std::make_shared<TileCheck>(source.files, source.checkpoint->checkpoint.tree.size);
    source.log.leaf = [tiles](const Digest& leaf) { return tiles->add(leaf); };
  }
  const approval::LogReport report = TRY_DURING(source.name, approval::verify_log(source.log));
  if (source.partial_tiles) TRY_DURING(source.name, tiles->finish());
  if (options.json)
    TRY(print_json(json_of(report, source)));
  else
    TRY(print(text_of(report, source)));
  return ExitCode::done;
}

}  // namespace

Action declare_log_verify(Options& command) {
  auto options = std::make_shared<VerifyOptions>();
  command.optional("--dir", options->directory, "check this export of a log instead");
  command.optional("--key", options->key, "the log's key: who must have signed its checkpoint");
  command.optional("--since", options->since,
                   "a checkpoint noted earlier, a file: it must be of the same log");
  command.flag("--json", options->json, "the counts as one JSON object");
  return [options] { return verify(*options); };
}

}  // namespace pawl::cli
