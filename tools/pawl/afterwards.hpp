// What the person is told when a session is over: what it left, and what to look at first. The terminal is
// theirs again by then. Runs in pawl, as the person; the names are the agent's.
#pragma once

#include <string>

#include "sandbox/appeared.hpp"
#include "tools/pawl/session_folder.hpp"

namespace pawl::run {

// One line on stderr, with nothing in it that a terminal would act on.
void warn(std::string_view text);

// A direct workspace: what makes the host execute things and was not there before.
void tell_appeared(const sandbox::Appeared& appeared);

// An overlay workspace: nothing changed, nothing said; else `pawl-cli session-over` shows the changes and
// asks. How that ends changes nothing about the session's own end.
void settle_changes(SessionFolder& folder, const std::string& id);
// The same where there are changes, of a session whose folder is closed.
void show_changes(const std::string& id);

}  // namespace pawl::run
