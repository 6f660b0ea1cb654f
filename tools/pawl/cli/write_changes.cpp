#include "tools/pawl/cli/write_changes.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "supervisor/receipt/render.hpp"
#include "tools/pawl/changes/operations.hpp"
#include "tools/pawl/changes/patch.hpp"
#include "tools/pawl/cli/output.hpp"
#include "tools/pawl/cli/question.hpp"

namespace pawl::cli {

using changes::Change;
using changes::ChangeSet;
using changes::Choice;
using changes::Held;
using changes::Selection;
using receipt::visible_word;
using tools::ExitCode;
using tools::Outcome;

namespace {

constexpr std::size_t kMostQuestions = 20;

std::string plural(std::size_t count) { return fmt::format("{} change{}", count, count == 1 ? "" : "s"); }

// As people count: folders come along.
std::size_t count_taken(const ChangeSet& set, const Selection& selection) {
  return static_cast<std::size_t>(std::ranges::count_if(
      selection.taken, [&](std::size_t index) { return !changes::goes_without_saying(set, index); }));
}

}  // namespace

Outcome<> ask_for_guarded(const KeptSession& session, const ChangeSet& set, Choice& choice, int terminal) {
  const std::vector<Held> held = changes::select(set, choice).held;
  const auto is_asked = [&](const Held& one) {
    return (one.why == Held::Why::guarded || one.why == Held::Why::conflict) &&
           !changes::goes_without_saying(set, one.index);
  };
  const auto asked = std::ranges::count_if(held, is_asked);
  if (asked > static_cast<std::ptrdiff_t>(kMostQuestions)) {
    TRY(print_to(terminal, fmt::format("{} need a word of their own: too many to ask for; name them with "
                                       "--force-protected and --overwrite\n",
                                       plural(static_cast<std::size_t>(asked)))));
    return {};
  }
  for (const Held& one : held) {
    if (!is_asked(one)) continue;
    const Change& change = set.changes[one.index];
    changes::Bodies bodies(session.upper(), session.workspace());  // each question has the whole budget
    TRY(print_to(terminal, "\n" + changes::patch_of(change, bodies.of(change), changes::Colour::off)));
    const auto agrees = [&](std::string_view question) -> Outcome<bool> {
      return means_yes(TRY(ask_person(fmt::format("{}? [y/N] ", question), terminal)));
    };
    if (!change.conflict.empty() && !TRY(agrees("Write it over what the host did meanwhile"))) continue;
    if (change.guarded.any() && !TRY(agrees("Write it all the same"))) continue;
    choice.confirmed.insert(one.index);
  }
  return {};
}

std::string held_text(const ChangeSet& set, const Selection& selection) {
  std::string text;
  for (const Held& held : selection.held) {
    if (changes::goes_without_saying(set, held.index)) continue;
    const std::string path = visible_word(set.changes[held.index].path);
    text += fmt::format("  stays: {}: {}", path, receipt::visible(held.reason));
    if (const auto word = shell_word(set.changes[held.index].path)) {
      if (held.why == Held::Why::guarded) text += fmt::format(" (--force-protected {})", *word);
      if (held.why == Held::Why::conflict) text += fmt::format(" (--overwrite {})", *word);
    }
    text += "\n";
  }
  return text;
}

Outcome<ExitCode> write_changes(const KeptSession& session, const ChangeSet& set, const Selection& selection,
                                int terminal) {
  changes::Applied applied;
  if (!selection.taken.empty()) {
    const changes::Scene scene = session.scene();
    applied = TRY_DURING("apply", changes::apply(scene, changes::operations(set, selection.taken)));
  }
  std::string text;
  const std::size_t taken = count_taken(set, selection);
  if (taken == 0)
    text = "nothing was written\n";
  else
    text = fmt::format("{} written to {}\n", plural(taken - std::min(taken, applied.skipped.size())),
                       visible_word(session.record().workspace));
  for (const changes::Skipped& skipped : applied.skipped)
    text += fmt::format("  stays: {}: {}\n", visible_word(skipped.path), receipt::visible(skipped.reason));
  text += held_text(set, selection);
  const ChangeSet left = TRY(session.scan());
  if (left.empty())
    TRY(session.forget());
  else
    text += fmt::format("{} left in session {}: pawl diff {}\n", plural(changes::count(left).all()),
                        short_id(session.id()), short_id(session.id()));
  TRY(print_to(terminal, text));
  return applied.skipped.empty() && selection.held.empty() ? ExitCode::done : ExitCode::refused;
}

}  // namespace pawl::cli
