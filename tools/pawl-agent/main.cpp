// pawl-agent: runs inside the sandbox as the agent, holds nothing. Reads the agent's words and the broker's
// answers.
#include <csignal>
#include <string>
#include <vector>

#include "sandbox/base/write_all.hpp"
#include "supervisor/wire/paths.hpp"
#include "tools/pawl-agent/arguments.hpp"
#include "tools/pawl-agent/commands.hpp"

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // a reader that went away is an error like others, not a silent death
  const std::vector<std::string> words(argv + 1, argv + argc);
  const auto command = pawl::agent::parse_arguments(words);
  if (!command) {
    (void)pawl::write_all(2, "pawl-agent: " + command.error().line() + "\n");
    return static_cast<int>(command.error().code);
  }
  return static_cast<int>(pawl::agent::run_command(*command, {pawl::wire::kAgentSocketInside}));
}
