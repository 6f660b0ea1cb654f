// pawl apply, pawl discard: what becomes of a session's changes.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "supervisor/receipt/render.hpp"
#include "tools/pawl/changes/discard.hpp"
#include "tools/pawl/changes/patch.hpp"
#include "tools/pawl/cli/output.hpp"
#include "tools/pawl/cli/question.hpp"
#include "tools/pawl/cli/verb.hpp"
#include "tools/pawl/cli/write_changes.hpp"

namespace pawl::cli {
namespace {

using changes::ChangeSet;
using changes::Choice;
using changes::Selection;
using tools::trouble;

struct ChangeOptions {
  std::string id;
  Choice choice;
  std::string workspace;
  bool yes = false;
};

bool somebody_is_there() { return ::isatty(0) == 1 && ::isatty(1) == 1; }

std::unexpected<tools::Trouble> nobody(const std::string& id) {
  return trouble(ExitCode::failed, "nobody can be asked: standard input and output are not a terminal",
                 "run it on a terminal, or say --yes when you have seen it: pawl diff " + short_id(id));
}

// Only what is chosen and will be written, for the table.
ChangeSet taken_of(const ChangeSet& set, const Selection& selection) {
  ChangeSet taken;
  for (const std::size_t index : selection.taken) taken.changes.push_back(set.changes[index]);
  return taken;
}

Outcome<> agree(const KeptSession& session, const ChangeSet& set, const Selection& selection) {
  changes::Bodies bodies(session.upper(), session.workspace());
  TRY(print(changes::stat_of(taken_of(set, selection), bodies) + held_text(set, selection)));
  const std::string question =
      fmt::format("Write this to {}? [y/N] ", receipt::visible_word(session.record().workspace));
  if (means_yes(TRY(ask_person(question)))) return {};
  return trouble(ExitCode::failed, "nothing was written; the changes are kept",
                 "to throw them away: pawl discard " + short_id(session.id()));
}

Outcome<ExitCode> apply(const ChangeOptions& options) {
  TRY(refuse_in_sandbox());
  const KeptSession session = TRY(KeptSession::open(options.id, changes::Purpose::change, options.workspace));
  TRY(session.refuse_running());
  const bool interrupted = TRY(session.unfinished());
  if (interrupted) TRY(session.finish_interrupted());
  const ChangeSet set = TRY(session.scan());
  if (set.empty()) {
    TRY(session.forget());
    TRY(print("nothing is left to apply\n"));
    return ExitCode::done;
  }
  if (interrupted) {
    TRY(print(fmt::format("what is left: {}\n", changes::sum_of(changes::count(set))) +
              what_next(session.id())));
    return ExitCode::done;
  }
  Choice choice = TRY(session.resolve(set, options.choice));
  if (!options.yes) {
    if (!somebody_is_there()) return nobody(session.id());
    TRY(ask_for_guarded(session, set, choice, 1));
  }
  const Selection selection = changes::select(set, choice);
  if (!options.yes && !selection.taken.empty()) TRY(agree(session, set, selection));
  return write_changes(session, set, selection, 1);
}

Outcome<> agree_to_discard(const std::string& id, const std::string& what, bool yes) {
  if (yes) return {};
  if (!somebody_is_there()) return nobody(id);
  if (means_yes(TRY(ask_person("Throw " + what + " away, for good? [y/N] ")))) return {};
  return trouble(ExitCode::failed, "nothing was thrown away");
}

// Also where the workspace is gone, or the changes cannot be read.
Outcome<ExitCode> discard_all(const ChangeOptions& options) {
  const changes::Place place = TRY(open_place());
  const std::string id = TRY(place.find(options.id));
  std::string what = "the changes of session " + short_id(id);
  if (!options.yes) {
    const auto session = KeptSession::open(id, changes::Purpose::look, options.workspace);
    const auto set = session ? session->scan() : std::unexpected(session.error());
    if (set) what += " (" + changes::sum_of(changes::count(*set)) + ")";
  }
  TRY(agree_to_discard(id, what, options.yes));
  TRY(forget_session(id));
  TRY(print("the changes of session " + short_id(id) + " are gone\n"));
  return ExitCode::done;
}

Outcome<ExitCode> discard_some(const ChangeOptions& options) {
  const KeptSession session = TRY(KeptSession::open(options.id, changes::Purpose::change, options.workspace));
  TRY(session.refuse_running());
  if (TRY(session.unfinished()))
    return trouble(ExitCode::refused, "an apply of session " + short_id(session.id()) + " is unfinished",
                   "finish it first: pawl apply " + short_id(session.id()));
  const ChangeSet set = TRY(session.scan());
  const Choice choice = TRY(session.resolve(set, options.choice));
  Selection shown;
  for (std::size_t i = 0; i < set.changes.size(); ++i)
    if (std::ranges::any_of(choice.paths,
                            [&](const std::string& path) { return changes::covers(path, set.changes[i]); }))
      shown.taken.push_back(i);
  changes::Bodies bodies(session.upper(), session.workspace());
  const ChangeSet chosen = taken_of(set, shown);
  if (!options.yes) TRY(print(changes::stat_of(chosen, bodies)));
  TRY(agree_to_discard(session.id(), "these changes", options.yes));
  const changes::Scene scene = session.scene();
  TRY_DURING("discard", changes::discard(scene, set, shown.taken));
  const ChangeSet left = TRY(session.scan());
  if (left.empty()) TRY(session.forget());
  TRY(print(fmt::format("thrown away: {}; left: {}\n", changes::sum_of(changes::count(chosen)),
                        changes::sum_of(changes::count(left)))));
  return ExitCode::done;
}

Outcome<ExitCode> discard(const ChangeOptions& options) {
  TRY(refuse_in_sandbox());
  return options.choice.paths.empty() ? discard_all(options) : discard_some(options);
}

std::shared_ptr<ChangeOptions> declare_common(Options& command) {
  auto options = std::make_shared<ChangeOptions>();
  command.required("SESSION", options->id, "its id");
  command.optional("PATH", options->choice.paths,
                   "only these files, or what is in these folders, as pawl diff shows them");
  command.optional("--workspace", options->workspace, "where the workspace is now, when it was moved");
  return options;
}

}  // namespace

Action declare_apply(Options& command) {
  auto options = declare_common(command);
  command.flag("--yes", options->yes, "do not ask; what needs a word of its own stays, unless it is named");
  command.repeated("--force-protected", options->choice.force,
                   "write this protected, escaping or special change too; exactly this path");
  command.repeated("--overwrite", options->choice.overwrite,
                   "write this although the host changed it since the session started");
  return [options] { return apply(*options); };
}

Action declare_discard(Options& command) {
  auto options = declare_common(command);
  command.flag("--yes", options->yes, "do not ask");
  return [options] { return discard(*options); };
}

}  // namespace pawl::cli
