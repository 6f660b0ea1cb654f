// pawl-cli: every verb of `pawl` but `run` and `attach`. Runs as the person; signs through their ssh key;
// reads the broker's answers, which may quote agents.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <exception>
#include <string>
#include <vector>

#include "supervisor/receipt/openssl_start.hpp"
#include "supervisor/receipt/render.hpp"
#include "tools/nearest.hpp"
#include "tools/pawl/cli/output.hpp"
#include "tools/pawl/cli/verb.hpp"

namespace pawl::cli {
namespace {

constexpr char kOverview[] =
    "pawl: agents run in a sandbox and reach production only by what people sign.\n\n"
    "  pawl run --role ROLE -- COMMAND...    start an agent (see pawl run --help)\n"
    "  pawl attach SESSION                   back to one that was left running (see pawl attach --help)\n"
    "  pawl requests, approve, deny          what agents ask for, and your answer\n"
    "  pawl diff, apply, discard             what agents changed in their copy of your files\n"
    "  pawl gate ... -- COMMAND...           start a pipeline's command if people signed that (pawl gate "
    "--help)\n";
constexpr char kFooter[] =
    "Ids may be shortened to any unique 8 or more characters. Lists and shows have --json.\n\n"
    "Exit codes: 0 done, 1 failed, 2 usage, 3 refused or denied, 4 expired, 5 invalid policy,\n"
    "6 broker unreachable, 7 indeterminate, 75 still pending; pawl run, pawl gate: the command's own, or 125";

int complain(const tools::Trouble& trouble) {
  print_error("pawl: " + receipt::visible(trouble.line()));
  return static_cast<int>(trouble.code);
}

std::vector<std::string_view> first_words() {
  std::vector<std::string_view> words{"run", "attach", "gate"};
  for (const Verb& verb : verbs()) {
    const std::string_view word = verb.family.empty() ? verb.name : verb.family;
    if (std::ranges::find(words, word) == words.end()) words.push_back(word);
  }
  return words;
}

std::vector<std::string_view> members(std::string_view family) {
  std::vector<std::string_view> names;
  for (const Verb& verb : verbs())
    if (verb.family == family && !verb.name.empty()) names.push_back(verb.name);
  return names;
}

// Names the nearest verb; CLI11 would only say that an argument was not expected.
Outcome<> check_verb(int argc, char** argv) {
  if (argc < 2 || argv[1][0] == '-') return {};
  const std::vector<std::string_view> words = first_words();
  const std::string first = argv[1];
  if (std::ranges::find(words, first) == words.end())
    return tools::trouble(ExitCode::usage,
                          "unknown command '" + first + "'" + tools::did_you_mean(first, words),
                          "see pawl --help");
  const std::vector<std::string_view> names = members(first);
  if (names.empty() || argc < 3 || argv[2][0] == '-') return {};
  const std::string second = argv[2];
  if (std::ranges::find(names, second) != names.end()) return {};
  return tools::trouble(ExitCode::usage,
                        "unknown command '" + first + " " + second + "'" + tools::did_you_mean(second, names),
                        "see pawl " + first + " --help");
}

class Program {
 public:
  Program() : app_(kOverview, "pawl") {
    app_.footer(kFooter);
    app_.set_version_flag("--version", "pawl " PAWL_VERSION);
    app_.require_subcommand(1);
    // For the list: pawl itself runs them.
    app_.add_subcommand("run", "start a command in a sandbox");
    app_.add_subcommand("attach", "come back to a detached session");
    for (const Verb& verb : verbs()) declare(verb);
  }

  int run(int argc, char** argv) {
    const int end = end_of_options(argc, argv);
    try {
      app_.parse(end, argv);
    } catch (const CLI::Success& success) {
      return app_.exit(success);  // --help and --version
    } catch (const CLI::ParseError& error) {
      return complain({ExitCode::usage, error.what(), "see --help of the command"});
    }
    for (const Entry& entry : entries_) {
      const bool chosen = entry.command->parsed() && entry.command->get_subcommands().empty();
      if (!chosen) continue;
      if (entry.behind_dashes != nullptr)
        entry.behind_dashes->assign(argv + std::min(end + 1, argc), argv + argc);
      const Outcome<ExitCode> outcome = entry.action();
      return outcome ? static_cast<int>(*outcome) : complain(outcome.error());
    }
    return complain({ExitCode::usage,
                     "pawl run, attach and gate are commands of the program pawl, not of pawl-cli",
                     "use pawl run, pawl attach, pawl gate"});
  }

 private:
  struct Entry {
    CLI::App* command;
    Action action;
    std::vector<std::string>* behind_dashes;
  };

  void declare(const Verb& verb) {
    CLI::App* parent = &app_;
    if (!verb.family.empty()) parent = family(verb);
    CLI::App* command = verb.name.empty()
                            ? parent
                            : parent->add_subcommand(std::string(verb.name), std::string(verb.purpose));
    command->footer(std::string(verb.help));
    if (verb.purpose.empty()) command->group("");
    Options options(*command);
    Action action = verb.declare(options);
    entries_.push_back({command, std::move(action), options.words_behind_dashes()});
  }

  // Where the parser's words end: at "--" for a verb that takes what is behind it as it is.
  int end_of_options(int argc, char** argv) const {
    const bool takes = argc > 1 && std::ranges::any_of(entries_, [&](const Entry& entry) {
                         return entry.behind_dashes != nullptr && entry.command->get_name() == argv[1];
                       });
    const auto dashes = std::find(argv + std::min(argc, 1), argv + argc, std::string_view("--"));
    return takes ? static_cast<int>(dashes - argv) : argc;
  }

  // A family is a command with subcommands; where it is a verb itself (log), they are optional.
  CLI::App* family(const Verb& verb) {
    const std::string name(verb.family);
    const auto known = std::ranges::find(families_, name, &std::pair<std::string, CLI::App*>::first);
    if (known != families_.end()) return known->second;
    std::string purpose(verb.purpose);
    if (!verb.name.empty()) {
      purpose.clear();
      for (std::string_view member : members(verb.family))
        purpose += (purpose.empty() ? "" : ", ") + std::string(member);
    }
    CLI::App* made = app_.add_subcommand(name, purpose);
    made->require_subcommand(verb.name.empty() ? 0 : 1, 1);
    families_.emplace_back(name, made);
    return made;
  }

  CLI::App app_;
  std::vector<std::pair<std::string, CLI::App*>> families_;
  std::vector<Entry> entries_;
};

int run(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // a broker that hangs up and a closed `| head` are told as errors
  if (const auto known = check_verb(argc, argv); !known) return complain(known.error());
  return Program().run(argc, argv);
}

}  // namespace
}  // namespace pawl::cli

int main(int argc, char** argv) {
  pawl::receipt::ignore_openssl_configuration();
  try {
    return pawl::cli::run(argc, argv);
  } catch (const std::exception& bug) {
    return pawl::cli::complain({pawl::tools::ExitCode::failed, std::string("internal error: ") + bug.what(),
                                "this is a bug in pawl; please report it"});
  }
}
