#include "tools/pawl/cli/kept_session.hpp"

#include <fmt/format.h>

#include "supervisor/receipt/render.hpp"
#include "supervisor/wire/paths.hpp"
#include "tools/pawl/changes/scan.hpp"
#include "tools/pawl/cli/output.hpp"

namespace pawl::cli {

using changes::Choice;
using tools::ExitCode;
using tools::Outcome;
using tools::trouble;

namespace {

Outcome<> refuse_busy(const std::string& id) {
  return trouble(ExitCode::refused,
                 "session " + short_id(id) + " is still running, or another pawl works on it",
                 "end it first: pawl kill " + short_id(id));
}

}  // namespace

Outcome<changes::Place> open_place() { return TRY(changes::Place::open(TRY(wire::session_workspaces()))); }

Outcome<KeptSession> KeptSession::open(const std::string& id, changes::Purpose purpose,
                                       const std::string& moved_to) {
  changes::Place place = TRY(open_place());
  changes::Kept kept = TRY(place.open_session(TRY(place.find(id)), purpose));
  UniqueFd workspace = TRY(changes::open_workspace(kept.record, moved_to));
  return KeptSession(std::move(place), std::move(kept), std::move(workspace));
}

changes::Scene KeptSession::scene() const {
  return {kept_.folder.directory, kept_.upper, workspace_, changes::real_steps()};
}

Outcome<bool> KeptSession::unfinished() const { return TRY(changes::has_journal(kept_.folder.directory)); }

Outcome<> KeptSession::refuse_running() const { return runs() ? refuse_busy(kept_.folder.id) : Outcome<>(); }

Outcome<> KeptSession::finish_interrupted() const {
  const changes::Scene here = scene();
  const auto applied = TRY_DURING("the interrupted apply", changes::resume_apply(here));
  if (!applied) return {};
  print_error(fmt::format("pawl: an apply of session {} was interrupted; it is finished now",
                          short_id(kept_.folder.id)));
  for (const changes::Skipped& skipped : applied->skipped)
    print_error(fmt::format("pawl: not written: {}: {}", receipt::visible_word(skipped.path),
                            receipt::visible(skipped.reason)));
  return {};
}

Outcome<changes::ChangeSet> KeptSession::scan() const {
  return TRY_DURING(
      "session " + short_id(kept_.folder.id),
      changes::scan({kept_.folder.directory, kept_.upper, workspace_, kept_.record, kept_.since}));
}

Outcome<> KeptSession::forget() const {
  TRY(place_.remove(kept_.folder));
  return {};
}

Outcome<Choice> KeptSession::resolve(const changes::ChangeSet& set, Choice typed) const {
  for (auto* list : {&typed.paths, &typed.overwrite, &typed.force})
    for (std::string& path : *list) {
      auto relative = changes::relative_path(path, kept_.record.workspace);
      if (!relative)
        return trouble(ExitCode::usage, path + " is not in the workspace " + kept_.record.workspace,
                       "paths are as pawl diff shows them");
      path = *std::move(relative);
    }
  const std::vector<std::string> unknown = changes::names_nothing(set, typed);
  if (unknown.empty()) return typed;
  return trouble(ExitCode::failed,
                 "session " + short_id(kept_.folder.id) + " did not change " + unknown.front(),
                 "see pawl diff " + short_id(kept_.folder.id) + " --stat");
}

Outcome<> forget_session(const std::string& id) {
  const changes::Place place = TRY(open_place());
  const changes::Folder folder = TRY(place.open_folder(TRY(place.find(id)), changes::Purpose::change));
  if (folder.holder == changes::Holder::somebody) return refuse_busy(folder.id);
  // Once the workspace is as it should be, only the session's own folder is unfinished.
  const auto journal = TRY(changes::load_journal(folder.directory));
  if (journal && journal->phase != changes::Journal::Phase::settling)
    return trouble(ExitCode::refused, "an apply of session " + short_id(folder.id) + " is unfinished",
                   "finish it first: pawl apply " + short_id(folder.id));
  TRY(place.remove(folder));
  return {};
}

std::string what_next(const std::string& id) {
  return fmt::format(
      "  pawl diff {0}      see them\n  pawl apply {0}     write them into the workspace\n"
      "  pawl discard {0}   throw them away\n",
      short_id(id));
}

}  // namespace pawl::cli
