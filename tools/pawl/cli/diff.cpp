// pawl diff: what a session would change in the person's workspace, and which sessions wait for a word.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <cstdlib>
#include <memory>

#include "supervisor/receipt/render.hpp"
#include "supervisor/receipt/utf8.hpp"
#include "tools/pawl/changes/describe.hpp"
#include "tools/pawl/changes/patch.hpp"
#include "tools/pawl/changes/scan.hpp"
#include "tools/pawl/cli/kept_session.hpp"
#include "tools/pawl/cli/output.hpp"
#include "tools/pawl/cli/verb.hpp"

namespace pawl::cli {
namespace {

using changes::ChangeSet;

struct DiffOptions {
  std::string id;
  std::vector<std::string> paths;
  std::string workspace;
  bool stat = false;
  bool json = false;
};

// One session in the list.
struct Summary {
  std::string id;
  changes::Record record;
  changes::Holder holder = changes::Holder::us;
  bool unfinished = false;
  changes::Counts counts;
  std::string problem;  // why its changes could not be counted
};

Summary summary_of(const changes::Place& place, const std::string& id) {
  Summary summary{.id = id};
  const auto count = [&]() -> Result<> {
    const changes::Kept kept = TRY(place.open_session(id, changes::Purpose::look));
    summary.record = kept.record;
    summary.holder = kept.folder.holder;
    summary.unfinished = TRY(changes::has_journal(kept.folder.directory));
    const UniqueFd workspace = TRY(changes::open_workspace(kept.record, {}));
    summary.counts = changes::count(
        TRY(changes::scan({kept.folder.directory, kept.upper, workspace, kept.record, kept.since})));
    return {};
  };
  if (const auto counted = count(); !counted) summary.problem = counted.error().text();
  return summary;
}

std::string state_of(const Summary& summary) {
  if (!summary.problem.empty()) return summary.problem;
  if (summary.unfinished) return "an apply is unfinished";
  return summary.holder == changes::Holder::somebody ? "running" : "kept";
}

boost::json::object json_of(const Summary& summary) {
  const changes::Counts& counts = summary.counts;
  return {
      {"id", summary.id},
      {"workspace", receipt::is_utf8(summary.record.workspace) ? summary.record.workspace
                                                               : receipt::visible(summary.record.workspace)},
      {"role", summary.record.role},
      {"started", utc_time(summary.record.started)},
      {"running", summary.holder == changes::Holder::somebody},
      {"unfinished", summary.unfinished},
      {"added", counts.added},
      {"modified", counts.modified},
      {"deleted", counts.deleted},
      {"renamed", counts.renamed},
      {"conflicts", counts.conflicts},
      {"guarded", counts.guarded},
      {"problem", summary.problem.empty() ? boost::json::value(nullptr)
                                          : boost::json::value(boost::json::string(summary.problem))}};
}

Outcome<ExitCode> list(const DiffOptions& options) {
  const changes::Place place = TRY(open_place());
  std::vector<Summary> all;
  for (const std::string& id : TRY(place.sessions())) all.push_back(summary_of(place, id));
  std::ranges::sort(all, {}, [](const Summary& summary) { return summary.record.started; });
  if (options.json) {
    boost::json::array array;
    for (const Summary& summary : all) array.push_back(json_of(summary));
    TRY(print_json(array));
    return ExitCode::done;
  }
  std::vector<std::vector<std::string>> rows{{"ID", "ROLE", "STARTED", "CHANGES", "STATE", "WORKSPACE"}};
  for (const Summary& summary : all)
    rows.push_back({short_id(summary.id), summary.record.role, local_time(summary.record.started),
                    changes::sum_of(summary.counts), state_of(summary), summary.record.workspace});
  TRY(print(all.empty() ? "no session's changes are kept\n" : table(rows)));
  return ExitCode::done;
}

changes::Colour colour() {
  const char* terminal = std::getenv("TERM");
  const bool plain = ::isatty(1) != 1 || std::getenv("NO_COLOR") != nullptr || terminal == nullptr ||
                     std::string_view(terminal) == "dumb";
  return plain ? changes::Colour::off : changes::Colour::on;
}

// What the paths name; all of it without paths.
void narrow(ChangeSet& set, const std::vector<std::string>& paths) {
  if (paths.empty()) return;
  std::erase_if(set.changes, [&](const changes::Change& change) {
    return std::ranges::none_of(paths,
                                [&](const std::string& path) { return changes::covers(path, change); });
  });
  std::erase_if(set.left_out, [&](const changes::LeftOut& left) {
    return std::ranges::none_of(paths, [&](const std::string& path) {
      return changes::is_within(path, left.path) || changes::is_within(left.path, path);
    });
  });
}

Outcome<> show(const ChangeSet& set, const KeptSession& session, const DiffOptions& options) {
  changes::Bodies bodies(session.upper(), session.workspace());
  if (options.stat) {
    TRY(print(changes::stat_of(set, bodies) + changes::warnings_of(set)));
    return {};
  }
  const changes::Colour paint = colour();
  for (std::size_t i = 0; i < set.changes.size(); ++i)
    if (!changes::goes_without_saying(set, i))
      TRY(print(changes::patch_of(set.changes[i], bodies.of(set.changes[i]), paint)));
  for (const changes::LeftOut& left : set.left_out)
    TRY(print(fmt::format("left out: {}: {}\n", receipt::visible_word(left.path.empty() ? "." : left.path),
                          receipt::visible(left.reason))));
  return {};
}

Outcome<ExitCode> diff(const DiffOptions& options) {
  if (options.id.empty()) return list(options);
  const KeptSession session = TRY(KeptSession::open(options.id, changes::Purpose::look, options.workspace));
  if (session.runs())
    print_error("pawl: session " + short_id(session.id()) + " is running: its changes go on changing");
  if (TRY(session.unfinished()))
    print_error("pawl: an apply of session " + short_id(session.id()) + " was interrupted; pawl apply " +
                short_id(session.id()) + " finishes it");
  ChangeSet set = TRY(session.scan());
  narrow(set, TRY(session.resolve(set, {.paths = options.paths})).paths);
  if (!options.json) {
    TRY(show(set, session, options));
    return ExitCode::done;
  }
  changes::add_digests(set, session.upper(), session.workspace());
  TRY(print_json(changes::json_of(set)));
  return ExitCode::done;
}

}  // namespace

Action declare_diff(Options& command) {
  auto options = std::make_shared<DiffOptions>();
  command.optional("SESSION", options->id, "its id; without one, the sessions whose changes are kept");
  command.optional("PATH", options->paths, "only these files, or what is in these folders");
  command.flag("--stat", options->stat, "one line a file");
  command.flag("--json", options->json, "one JSON array");
  command.optional("--workspace", options->workspace, "where the workspace is now, when it was moved");
  return [options] { return diff(*options); };
}

}  // namespace pawl::cli
