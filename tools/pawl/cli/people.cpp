// pawl people allowed-signers.
#include <algorithm>
#include <memory>

#include "supervisor/receipt/allowed_signers.hpp"
#include "tools/pawl/cli/output.hpp"
#include "tools/pawl/cli/own_policy.hpp"
#include "tools/pawl/cli/verb.hpp"

namespace pawl::cli {
namespace {

struct SignersOptions {
  std::string config;
  std::vector<std::string> from;  // "@group", "person"; empty: everybody
};

bool wanted(const SignersOptions& options, const policy::Person& person) {
  return options.from.empty() || std::ranges::any_of(options.from, [&](const std::string& entry) {
           return entry.starts_with('@') ? person.in_group(std::string_view(entry).substr(1))
                                         : entry == person.name;
         });
}

Outcome<ExitCode> allowed_signers(const SignersOptions& options) {
  const policy::Policy policy = TRY(load_policy(TRY(find_home(options.config))));
  std::string text;
  for (const std::string& entry : options.from)
    if (std::ranges::none_of(policy.people,
                             [&](const policy::Person& person) { return wanted({{}, {entry}}, person); }))
      return tools::trouble(ExitCode::failed, "nobody is named by " + entry, "see people.toml");
  for (const policy::Person& person : policy.people) {
    if (!wanted(options, person)) continue;
    for (const std::string& line : person.keys) {
      const auto key = receipt::parse_public_key(line);
      if (!key) {
        print_error("pawl: a key of " + person.name + " is left out: " + key.error().text());
        continue;
      }
      text += TRY(receipt::allowed_signers_line(person.name, *key)) + "\n";
    }
  }
  TRY(print(text));
  return ExitCode::done;
}

}  // namespace

Action declare_allowed_signers(Options& command) {
  auto options = std::make_shared<SignersOptions>();
  command.optional("--config", options->config,
                   "read this directory (default: the one that the broker reads)");
  command.repeated("--from", options->from,
                   "only these people, as a rule names them: @sre, alice; may be repeated");
  return [options] { return allowed_signers(*options); };
}

}  // namespace pawl::cli
