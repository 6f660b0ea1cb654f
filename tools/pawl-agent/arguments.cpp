#include "tools/pawl-agent/arguments.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "tools/nearest.hpp"

namespace pawl::agent {
namespace {

using tools::ExitCode;
using tools::Outcome;
using tools::trouble;
using Words = std::span<const std::string>;

constexpr std::array<std::string_view, 4> kVerbs = {"actions", "request", "status", "mcp"};

// Options of one verb, taken off the front of what is left; positional words stay for the verb itself.
class Options {
 public:
  Options(std::string_view verb, Words words) : verb_(verb), words_(words) {}

  bool done() const { return at_ == words_.size(); }
  const std::string& next() { return words_[at_++]; }

  // The value of "--name VALUE" or "--name=VALUE", when the next word is that option.
  Outcome<std::optional<std::string>> value_of(std::string_view name) {
    const std::string& word = words_[at_];
    if (word == name) {
      if (at_ + 1 == words_.size()) return usage(std::string(name) + " needs a value");
      at_ += 2;
      return words_[at_ - 1];
    }
    if (word.starts_with(name) && word.size() > name.size() && word[name.size()] == '=') {
      ++at_;
      return word.substr(name.size() + 1);
    }
    return std::optional<std::string>();
  }
  bool take_flag(std::string_view name) {
    if (words_[at_] != name) return false;
    ++at_;
    return true;
  }
  std::unexpected<tools::Trouble> usage(std::string text) const {
    return trouble(ExitCode::usage, std::move(text), "see pawl-agent " + std::string(verb_) + " --help");
  }
  std::unexpected<tools::Trouble> unknown(std::span<const std::string_view> known) const {
    const std::string& word = words_[at_];
    return usage("unknown option '" + word + "'" +
                 tools::did_you_mean(std::string_view(word).substr(0, word.find('=')), known));
  }
  bool at_option() const { return words_[at_].size() > 1 && words_[at_][0] == '-'; }

 private:
  std::string_view verb_;
  Words words_;
  std::size_t at_ = 0;
};

Outcome<Command> parse_actions(Words words) {
  ActionsCommand command;
  for (Options options("actions", words); !options.done();) {
    if (options.take_flag("--json")) {
      command.format = Format::json;
      continue;
    }
    if (options.at_option()) return options.unknown(std::array<std::string_view, 1>{"--json"});
    return options.usage("actions takes no arguments");
  }
  return command;
}

Outcome<> add_parameter(RequestCommand& command, const Options& options, const std::string& word) {
  const std::size_t equals = word.find('=');
  if (equals == std::string::npos || equals == 0)
    return options.usage("'" + word + "' is not a parameter of the form key=value");
  wire::NamedValue parameter{word.substr(0, equals), word.substr(equals + 1)};
  for (const wire::NamedValue& earlier : command.parameters)
    if (earlier.name == parameter.name)
      return options.usage("parameter '" + parameter.name + "' is given twice");
  command.parameters.push_back(std::move(parameter));
  return {};
}

Outcome<Command> parse_request(Words words) {
  RequestCommand command;
  Options options("request", words);
  while (!options.done()) {
    if (options.take_flag("--json")) {
      command.format = Format::json;
    } else if (auto why = TRY(options.value_of("--why"))) {
      command.why = *std::move(why);
    } else if (auto wait = TRY(options.value_of("--wait"))) {
      command.wait = TRY(parse_wait(*wait));
    } else if (options.at_option()) {
      return options.unknown(std::array<std::string_view, 3>{"--why", "--wait", "--json"});
    } else if (command.action.empty()) {
      command.action = options.next();
    } else {
      TRY(add_parameter(command, options, options.next()));
    }
  }
  if (command.action.empty())
    return trouble(ExitCode::usage, "which action?",
                   "pawl-agent actions lists what this session may ask for");
  if (characters(command.why) > kMaxWhy)
    return options.usage("--why has more than " + std::to_string(kMaxWhy) + " characters");
  return command;
}

Outcome<Command> parse_status(Words words) {
  StatusCommand command;
  Options options("status", words);
  while (!options.done()) {
    if (options.take_flag("--json")) {
      command.format = Format::json;
    } else if (auto wait = TRY(options.value_of("--wait"))) {
      command.wait = TRY(parse_wait(*wait));
    } else if (options.at_option()) {
      return options.unknown(std::array<std::string_view, 2>{"--wait", "--json"});
    } else if (command.id.empty()) {
      command.id = options.next();
    } else {
      return options.usage("status takes one id");
    }
  }
  if (command.id.empty()) return options.usage("the status of which request?");
  return command;
}

}  // namespace

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

Outcome<std::chrono::milliseconds> parse_wait(std::string_view text) {
  struct Unit {
    std::string_view suffix;
    std::int64_t milliseconds;
  };
  constexpr std::array<Unit, 5> units = {
      {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"", 1000}}};
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view suffix(end, static_cast<std::size_t>(text.data() + text.size() - end));
  for (const Unit& unit : units) {
    if (error != std::errc() || number < 0 || suffix != unit.suffix) continue;
    if (number > kLongestWait.count() / unit.milliseconds) break;
    return std::chrono::milliseconds(number * unit.milliseconds);
  }
  return trouble(ExitCode::usage, "'" + std::string(text) + "' is not a time to wait",
                 "write 90, 90s, 5m or 2h; at most 24h");
}

Outcome<Command> parse_arguments(Words words) {
  if (words.empty())
    return trouble(ExitCode::usage, "what to do? actions, request, status or mcp", "see pawl-agent --help");
  const std::string& verb = words[0];
  const Words rest = words.subspan(1);
  if (verb == "--help" || verb == "-h" || verb == "help") return HelpCommand{rest.empty() ? "" : rest[0]};
  if (verb == "--version") return VersionCommand{};
  const bool known = std::ranges::find(kVerbs, verb) != kVerbs.end();
  if (known && !rest.empty() && (rest[0] == "--help" || rest[0] == "-h")) return HelpCommand{verb};
  if (verb == "actions") return parse_actions(rest);
  if (verb == "request") return parse_request(rest);
  if (verb == "status") return parse_status(rest);
  if (verb == "mcp") {
    if (!rest.empty()) return trouble(ExitCode::usage, "mcp takes no arguments", "see pawl-agent mcp --help");
    return McpCommand{};
  }
  return trouble(ExitCode::usage, "unknown command '" + verb + "'" + tools::did_you_mean(verb, kVerbs),
                 "see pawl-agent --help");
}

}  // namespace pawl::agent
