#include "tools/pawl/gate/arguments.hpp"

#include <algorithm>
#include <charconv>
#include <set>

#include "supervisor/receipt/gate_document.hpp"
#include "tools/nearest.hpp"

namespace pawl::gate {
namespace {

constexpr unsigned kHighestQuorum = 1000;
constexpr std::string_view kRemedy = "see pawl gate --help";

struct TextOption {
  std::string_view name;
  std::string GateCommand::* value;
};
constexpr TextOption kTexts[] = {
    {"--receipt", &GateCommand::receipt}, {"--signers", &GateCommand::signers},
    {"--subject", &GateCommand::subject}, {"--role", &GateCommand::role},
    {"--action", &GateCommand::action},   {"--audience", &GateCommand::audience},
    {"--once", &GateCommand::once},       {"--verify-tree", &GateCommand::tree},
};
constexpr std::string_view kNames[] = {
    "--receipt",         "--signers", "--subject",     "--role",   "--action",
    "--audience",        "--once",    "--verify-tree", "--quorum", "--input",
    "--allow-requester", "--verbose", "--help"};

constexpr char kHelp[] =
    "usage: pawl gate --receipt FILE --signers FILE --subject git:COMMIT [options] -- CMD [ARGUMENT...]\n"
    "\n"
    "Starts CMD if, and only if, enough people have signed that exactly this command may be started for\n"
    "exactly this commit with exactly these input files. Looks at nothing but the files that are named:\n"
    "no broker, no network. Without a valid receipt CMD never starts, the reason is one line on standard\n"
    "error, and the exit code is 125; else the exit code is CMD's own, and nothing is printed.\n"
    "\n"
    "  --receipt FILE      what pawl propose wrote\n"
    "  --signers FILE      whose approvals count: pawl people allowed-signers --from @sre. Any --quorum of\n"
    "                      them can let a command through, so nobody else belongs in it; and never take\n"
    "                      it from the commit that is being deployed\n"
    "  --subject git:ID    the commit, 40 or 64 hexadecimal digits\n"
    "  --input FILE        a file that was pinned; may be repeated. All that the receipt pins must be\n"
    "                      given, named as they were proposed\n"
    "  --quorum N          how many persons must have approved (default 2)\n"
    "  --allow-requester   also count the approval of who asked for it\n"
    "  --role R, --action A, --audience NAME\n"
    "                      only receipts of this role, gate or broker\n"
    "  --verify-tree DIR   refuse unless HEAD of this git work tree is the commit. That its files were not\n"
    "                      changed since is not looked at\n"
    "  --once DIR          refuse a receipt that was used before: a file in DIR for each that was. DIR is\n"
    "                      on storage that all runners share which must not start it twice. Without it, a\n"
    "                      receipt can be used again until it expires: nothing offline can tell\n"
    "  --verbose           say on standard error who approved it, and what is not known\n"
    "\n"
    "If CMD itself is among the input files and is called by a path, the bytes that were checked are what\n"
    "runs, from memory: a script then finds itself as /dev/fd/N in $0. Other input files are checked and\n"
    "left where they are: keep others from changing them until CMD has read them.\n"
    "\n"
    "Example:\n"
    "  pawl gate --receipt receipt.json --signers /etc/pawl/signers --subject git:$COMMIT \\\n"
    "    --input deploy.sh --once /var/lib/deploys -- ./deploy.sh production\n";

std::unexpected<Error> usage(std::string text) { return refuse(std::move(text), std::string(kRemedy)); }

class Parser {
 public:
  explicit Parser(std::span<const std::string> words) : words_(words) {}

  Result<std::variant<GateCommand, GateHelp>> parse() {
    while (at_ < words_.size() && words_[at_] != "--") {
      const std::string& word = words_[at_++];
      if (word == "--help" || word == "-h") return GateHelp{};
      if (!word.starts_with("--")) return usage("'" + word + "' stands before --");
      TRY(take(word));
    }
    if (at_ + 1 >= words_.size() || words_[at_ + 1].empty()) return usage("no command: it stands behind --");
    command_.argv.assign(words_.begin() + static_cast<std::ptrdiff_t>(at_) + 1, words_.end());
    TRY(complete());
    return std::move(command_);
  }

 private:
  Result<> take(const std::string& word) {
    const std::size_t equals = word.find('=');
    const std::string name = word.substr(0, equals);
    if (name != "--input" && !given_.insert(name).second) return usage(name + " is given twice");
    if (equals == std::string::npos && name == "--allow-requester") {
      command_.requester = Requester::counts;
      return {};
    }
    if (equals == std::string::npos && name == "--verbose") {
      command_.verbose = true;
      return {};
    }
    const auto text = std::ranges::find(kTexts, name, &TextOption::name);
    if (text == std::end(kTexts) && name != "--input" && name != "--quorum")
      return usage("unknown option '" + word + "'" + tools::did_you_mean(name, kNames));
    std::string value;
    if (equals != std::string::npos)
      value = word.substr(equals + 1);
    else if (at_ < words_.size())
      value = words_[at_++];
    if (value.empty()) return usage(name + " needs a value");
    if (name == "--input") return add_input(std::move(value));
    if (name == "--quorum") return set_quorum(value);
    command_.*(text->value) = std::move(value);
    return {};
  }

  Result<> add_input(std::string path) {
    if (!receipt::is_input_name(receipt::input_name(path)))
      return usage("--input " + path + " is not a clean path");
    command_.inputs.push_back(std::move(path));
    return {};
  }

  Result<> set_quorum(const std::string& text) {
    unsigned number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || number < 1 || number > kHighestQuorum)
      return usage("--quorum " + text + " is no number from 1 to 1000");
    command_.quorum = number;
    return {};
  }

  Result<> complete() const {
    if (command_.receipt.empty()) return usage("--receipt FILE is missing");
    if (command_.signers.empty()) return usage("--signers FILE is missing");
    if (command_.subject.empty()) return usage("--subject git:COMMIT is missing");
    if (!receipt::is_subject(command_.subject))
      return usage("--subject " + command_.subject + " is not git: and a full commit id");
    return {};
  }

  std::span<const std::string> words_;
  std::size_t at_ = 0;
  GateCommand command_;
  std::set<std::string> given_;
};

}  // namespace

Result<std::variant<GateCommand, GateHelp>> parse_gate(std::span<const std::string> words) {
  return Parser(words).parse();
}

std::string_view gate_help() { return kHelp; }

}  // namespace pawl::gate
