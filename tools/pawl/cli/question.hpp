// Questions that only a person may answer, on their own terminal. Runs in pawl-cli, as the person; whoever
// wrote to the terminal before may have left input in it.
#pragma once

#include <string>
#include <string_view>

#include "tools/trouble.hpp"

namespace pawl::cli {

// An agent draws whatever it likes on its own terminal, this program's question too.
tools::Outcome<> refuse_in_sandbox();

// Shows the question on `terminal` and waits for a line on standard input; what came in before the question
// was shown is no answer to it. Without its line break; the end of the input is an empty answer.
tools::Outcome<std::string> ask_person(std::string_view question, int terminal = 1);

// "y", "Y" or "yes"; everything else means no.
bool means_yes(std::string_view answer);

}  // namespace pawl::cli
