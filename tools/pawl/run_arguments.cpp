#include "tools/pawl/run_arguments.hpp"

#include <algorithm>
#include <array>

#include "tools/nearest.hpp"

namespace pawl::run {
namespace {

using tools::ExitCode;
using tools::Outcome;
using tools::trouble;

template <class Command>
struct Option {
  std::string_view name;
  std::string Command::* value;
};
constexpr std::array<Option<RunCommand>, 4> kRunOptions = {{{"--role", &RunCommand::role},
                                                            {"--policy", &RunCommand::policy_file},
                                                            {"--workspace", &RunCommand::workspace},
                                                            {"--detach-keys", &RunCommand::detach_keys}}};
constexpr std::array<std::string_view, 6> kRunNames = {"--role",        "--policy", "--workspace",
                                                       "--detach-keys", "--detach", "--help"};
constexpr std::array<Option<AttachCommand>, 1> kAttachOptions = {
    {{"--detach-keys", &AttachCommand::detach_keys}}};
constexpr std::array<std::string_view, 3> kAttachNames = {"--detach-keys", "--steal", "--help"};

std::unexpected<tools::Trouble> usage(std::string text, std::string_view verb) {
  return trouble(ExitCode::pawl_failed, std::move(text), "see pawl " + std::string(verb) + " --help");
}

// Whether it may be given once more is the option's own affair.
struct Given {
  std::string name;
  std::string value;
};

// The option with a value at words[at], which moves behind it.
template <class Command>
Outcome<Given> take_option(std::span<const Option<Command>> options, std::span<const std::string_view> names,
                           std::string_view verb, std::span<const std::string> words, std::size_t& at,
                           Command& command) {
  const std::string& word = words[at++];
  const std::size_t equals = word.find('=');
  const std::string name = word.substr(0, equals);
  const auto option = std::ranges::find(options, name, &Option<Command>::name);
  if (option == options.end())
    return usage("unknown option '" + word + "'" + tools::did_you_mean(name, names), verb);
  if (equals == std::string::npos && at == words.size()) return usage(name + " needs a value", verb);
  std::string& value = command.*(option->value);
  value = equals != std::string::npos ? word.substr(equals + 1) : words[at++];
  if (value.empty()) return usage(name + " needs a value", verb);
  return Given{name, value};
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
    const std::string& word = words[at];
    if (word == "--help" || word == "-h") return RunHelp{};
    if (word == "--" || word == "--detach") {
      ++at;
      if (word == "--") break;
      command.front = RunCommand::Front::detached;
      continue;
    }
    const Given given = TRY(take_option<RunCommand>(kRunOptions, kRunNames, "run", words, at, command));
    roles += given.name == "--role" ? 1 : 0;
    policies += given.name == "--policy" ? 1 : 0;
  }
  if (roles > 0 && policies > 0) return usage("--role and --policy exclude each other", "run");
  command.argv.assign(words.begin() + static_cast<std::ptrdiff_t>(at), words.end());
  if (command.argv.empty()) return usage("which command? pawl run needs one", "run");
  if (command.argv[0].empty()) return usage("the command is empty", "run");
  TRY(check_size(command.argv));
  return command;
}

Outcome<std::variant<AttachCommand, RunHelp>> parse_attach(std::span<const std::string> words) {
  AttachCommand command;
  for (std::size_t at = 0; at < words.size();) {
    const std::string& word = words[at];
    if (word == "--help" || word == "-h") return RunHelp{};
    if (word == "--steal") {
      command.seat = AttachCommand::Seat::any;
      ++at;
    } else if (word.starts_with('-')) {
      TRY(take_option<AttachCommand>(kAttachOptions, kAttachNames, "attach", words, at, command));
    } else {
      if (!command.session.empty()) return usage("one session at a time", "attach");
      command.session = word;
      ++at;
    }
  }
  if (command.session.empty()) return usage("which session? pawl attach needs its id", "attach");
  return command;
}

std::string_view run_help() {
  return R"(pawl run [--role ROLE | --policy FILE] [--workspace DIR] [--detach] [--detach-keys KEYS] [--] COMMAND...

Starts a command in a sandbox under a role: it sees the workspace, a private HOME and a
read-only system, holds none of your credentials, and reaches only what the role names. What
the role lets it ask for, it asks with pawl-agent; people answer with pawl requests, approve
and deny, in another terminal.

  --role ROLE         what the command may see, reach and ask (default: coder);
                      pawl policy explain --role ROLE tells what that is
  --policy FILE       a role of your own, for this session only; it draws no secret
  --workspace DIR     the folder that it works in (default: the current one)
  --detach            start it without a terminal in front, and print the session's id
  --detach-keys KEYS  what to type to leave the session running: 'ctrl-a,d', 'none'
                      (default: $PAWL_DETACH_KEYS, else 'ctrl-\,ctrl-\')

  pawl run -- claude
  pawl run --role deployer --workspace ~/src/web -- claude --print "deploy the fix"
  pawl attach $(pawl run --detach -- claude)

On a terminal the command gets a terminal of its own; otherwise its standard streams are
yours. Ctrl-Z suspends pawl run with the command, fg continues both. It ends when you end
pawl run; nothing of it survives.

Detached, the session goes on without you: by Ctrl-\ typed twice, where all its standard
streams are terminals, or by --detach, which always gives the command a terminal, whatever
your own streams are. What it writes there meanwhile is read and thrown away but for the last
64 KiB. pawl attach comes back; pawl sessions lists; pawl kill ends. Where your own systemd
holds its limits, it ends with your last logout, unless loginctl enable-linger.

Exit code: the command's own, or 128+N when signal N ended it · 0 when it was detached · 124
when the role's wall time was reached (as timeout(1) says it) · 137 when its memory limit was ·
125 when pawl itself could not do its part: the line on stderr says why and what to do, and pawl
doctor tells what this host can hold.
)";
}

std::string_view attach_help() {
  return R"(pawl attach [--steal] [--detach-keys KEYS] SESSION

Comes back to a detached session of yours: its screen is shown again, your keys go in, and its
end is yours. Only the user who started it may, on the same host.

  --steal             also where somebody is attached already: that one is sent away
  --detach-keys KEYS  what to type to leave again: 'ctrl-a,d', 'none'
                      (default: $PAWL_DETACH_KEYS, else 'ctrl-\,ctrl-\')

  pawl attach 9d41b6e2

Closing the terminal leaves the session running, too.

Exit code: the command's own, or 128+N when signal N ended it · 0 when you left it running ·
124 when the role's wall time was reached · 137 when its memory limit was · 125 when pawl itself
could not do its part: no such session, somebody else attached, no terminal; the line on stderr
says why and what to do.
)";
}

}  // namespace pawl::run
