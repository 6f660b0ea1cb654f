// One line on the broker's own standard error (the journal, or the terminal). Runs in pawld; agents' text
// comes in quoted.
#pragma once

#include <string>

namespace pawl::broker {

void log_line(const std::string& text);

}  // namespace pawl::broker
