#include "tools/pawl/run_arguments.hpp"

#include <algorithm>
#include <array>

#include "tools/nearest.hpp"

namespace pawl::run {
namespace {

using tools::ExitCode;
using tools::Outcome;
using tools::trouble;

struct Option {
  std::string_view name;
  std::string RunCommand::* value;
};
constexpr std::array<Option, 3> kOptions = {{{"--role", &RunCommand::role},
                                             {"--policy", &RunCommand::policy_file},
                                             {"--workspace", &RunCommand::workspace}}};
constexpr std::array<std::string_view, 4> kNames = {"--role", "--policy", "--workspace", "--help"};

std::unexpected<tools::Trouble> usage(std::string text) {
  return trouble(ExitCode::pawl_failed, std::move(text), "see pawl run --help");
}

// The command travels inside of two messages of at most 128 KiB, the second one together with the whole plan.
tools::Outcome<> check_size(const std::vector<std::string>& argv) {
  constexpr std::size_t kMaxWords = 4096;
  constexpr std::size_t kMaxBytes = 96 * 1024;
  constexpr std::size_t kWordOverhead = 4;
  constexpr const char* kRemedy = "hand the long part over in a file or on stdin";
  if (argv.size() > kMaxWords)
    return trouble(ExitCode::pawl_failed,
                   "the command has " + std::to_string(argv.size()) + " words; a session takes " +
                       std::to_string(kMaxWords),
                   kRemedy);
  std::size_t bytes = 0;
  for (const std::string& word : argv) bytes += word.size() + kWordOverhead;
  if (bytes > kMaxBytes)
    return trouble(
        ExitCode::pawl_failed,
        "the command has " + std::to_string(bytes) + " bytes; a session takes " + std::to_string(kMaxBytes),
        kRemedy);
  return {};
}

}  // namespace

Outcome<std::variant<RunCommand, RunHelp>> parse_run(std::span<const std::string> words) {
  RunCommand command;
  std::size_t roles = 0, policies = 0;
  std::size_t at = 0;
  while (at < words.size() && words[at].starts_with('-')) {
    const std::string& word = words[at++];
    if (word == "--") break;
    if (word == "--help" || word == "-h") return RunHelp{};
    const std::size_t equals = word.find('=');
    const std::string name = word.substr(0, equals);
    const auto option = std::ranges::find(kOptions, name, &Option::name);
    if (option == kOptions.end())
      return usage("unknown option '" + word + "'" + tools::did_you_mean(name, kNames));
    if (equals == std::string::npos && at == words.size()) return usage(name + " needs a value");
    command.*(option->value) = equals != std::string::npos ? word.substr(equals + 1) : words[at++];
    if ((command.*(option->value)).empty()) return usage(name + " needs a value");
    roles += name == "--role" ? 1 : 0;
    policies += name == "--policy" ? 1 : 0;
  }
  if (roles > 0 && policies > 0) return usage("--role and --policy exclude each other");
  command.argv.assign(words.begin() + static_cast<std::ptrdiff_t>(at), words.end());
  if (command.argv.empty()) return usage("which command? pawl run needs one");
  if (command.argv[0].empty()) return usage("the command is empty");
  TRY(check_size(command.argv));
  return command;
}

std::string_view run_help() {
  return R"(pawl run [--role ROLE | --policy FILE] [--workspace DIR] [--] COMMAND...

Starts a command in a sandbox under a role: it sees the workspace, a private HOME and a
read-only system, holds none of your credentials, and reaches only what the role names. What
the role lets it ask for, it asks with pawl-agent; people answer with pawl requests, approve
and deny, in another terminal.

  --role ROLE       what the command may see, reach and ask (default: coder);
                    pawl policy explain --role ROLE tells what that is
  --policy FILE     a role of your own, for this session only; it draws no secret
  --workspace DIR   the folder that it works in (default: the current one)

  pawl run -- claude
  pawl run --role deployer --workspace ~/src/web -- claude --print "deploy the fix"

On a terminal the command gets a terminal of its own; otherwise its standard streams are
yours. It ends when you end pawl run; nothing of it survives.

Exit code: the command's own, or 128+N when signal N ended it · 124 when the role's wall time
was reached (as timeout(1) says it) · 125 when pawl itself could not do its part: the line on
stderr says why and what to do, and pawl doctor tells what this host can hold.
)";
}

}  // namespace pawl::run
