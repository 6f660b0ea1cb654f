// pawl log export, key, checkpoint: the log and what it is checked against, for other machines and readers.
#include <fmt/format.h>
#include <sys/stat.h>

#include <memory>

#include "supervisor/ledger/tree.hpp"
#include "supervisor/receipt/render.hpp"
#include "supervisor/wire/log_messages.hpp"
#include "tools/pawl/cli/log_source.hpp"
#include "tools/pawl/cli/output.hpp"
#include "tools/pawl/cli/private_files.hpp"
#include "tools/pawl/cli/verb.hpp"

namespace pawl::cli {
namespace {

using ledger::kTileWidth;

// Bundles and tiles as they fill up; what is partial at the end gets its own name.
class Export {
 public:
  explicit Export(std::string directory) : directory_(std::move(directory)) {}

  Result<> add(std::string_view line) {
    bundle_ += ledger::write_record(line);
    tree_.add(receipt::leaf_hash(as_bytes(line)));
    if (tree_.size() % kTileWidth != 0) return {};
    TRY(write(ledger::entries_path(tree_.size() / kTileWidth - 1), std::exchange(bundle_, {})));
    for (const ledger::Tree::Tile& tile : tree_.unwritten())
      if (tile.hashes.size() == kTileWidth) {
        TRY(write(ledger::hashes_path(tile.level, tile.number), tile.bytes()));
        tree_.written(tile);
      }
    return {};
  }

  Result<> finish(const std::string& note, const receipt::TreeHead& wanted) {
    if (tree_.head() != wanted) return refuse("the broker's entries are not those of its checkpoint");
    if (!bundle_.empty())
      TRY(write(
          ledger::entries_path(tree_.size() / kTileWidth) + ledger::partial_suffix(tree_.size() % kTileWidth),
          bundle_));
    for (const ledger::Tree::Tile& tile : tree_.partial())
      TRY(write(ledger::hashes_path(tile.level, tile.number) + ledger::partial_suffix(tile.hashes.size()),
                tile.bytes()));
    return write(kCheckpointName, note);
  }

 private:
  Result<> write(const std::string& name, std::string_view bytes) const {
    const std::string path = directory_ + "/" + name;
    TRY(make_private_directories(path.substr(0, path.rfind('/'))));
    return write_private_file(path, bytes);
  }

  std::string directory_;
  std::string bundle_;
  ledger::Tree tree_;
};

Outcome<ExitCode> export_log(const std::string& directory) {
  LogSource source = TRY(brokers_log(TRY(reach_broker())));
  TRY(source.key->check(*source.checkpoint));
  if (::mkdir(directory.c_str(), 0700) != 0) return failed("make directory " + directory);
  Export files(directory);
  for (;;) {
    const auto lines = TRY(source.log.lines());
    if (lines.empty()) break;
    for (const std::string& line : lines) TRY(files.add(line));
  }
  TRY(files.finish(source.note, source.checkpoint->checkpoint.tree));
  TRY(print(fmt::format("{0} holds the log's {1} entries; to check it: pawl log verify --dir {0} --key {2}\n",
                        receipt::visible(directory), source.checkpoint->checkpoint.tree.size,
                        source.key->text())));
  return ExitCode::done;
}

Outcome<wire::LogCheckpoint> ask_checkpoint() {
  const tools::Greeted broker = TRY(reach_broker());
  return TRY(broker.client.ask<wire::LogCheckpoint>(wire::GetCheckpoint{})).message;
}

Outcome<ExitCode> show_key() {
  const auto answer = TRY(ask_checkpoint());
  TRY(print(TRY(receipt::LogKey::parse(answer.key)).text() + "\n"));
  return ExitCode::done;
}

Outcome<ExitCode> show_checkpoint() {
  const auto answer = TRY(ask_checkpoint());
  TRY(TRY(receipt::LogKey::parse(answer.key)).check(TRY(receipt::read_checkpoint(answer.note))));
  TRY(print(answer.note));
  return ExitCode::done;
}

}  // namespace

Action declare_log_export(Options& command) {
  auto directory = std::make_shared<std::string>();
  command.required("DIR", *directory, "where to; made here");
  return [directory] { return export_log(*directory); };
}

Action declare_log_key(Options&) {
  return [] { return show_key(); };
}

Action declare_log_checkpoint(Options&) {
  return [] { return show_checkpoint(); };
}

}  // namespace pawl::cli
