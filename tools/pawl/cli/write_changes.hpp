// From the changes that a person chose to the workspace, with the questions on the way. Shared by `pawl
// apply` and the end of a session. Runs in pawl-cli, as the person.
#pragma once

#include "tools/pawl/changes/selection.hpp"
#include "tools/pawl/cli/kept_session.hpp"

namespace pawl::cli {

// Asks for each chosen change that needs a word of its own, after showing it; the answers go into the choice.
// `terminal`: where questions are shown.
tools::Outcome<> ask_for_guarded(const KeptSession& session, const changes::ChangeSet& set,
                                 changes::Choice& choice, int terminal);

// What is chosen and will not be written, one line each.
std::string held_text(const changes::ChangeSet& set, const changes::Selection& selection);

// Writes, says what was written and what stays, and lets the session's folder go when nothing does. `refused`
// when something that was chosen stays.
tools::Outcome<tools::ExitCode> write_changes(const KeptSession& session, const changes::ChangeSet& set,
                                              const changes::Selection& selection, int terminal);

}  // namespace pawl::cli
