// pawl people allowed-signers.
#include <memory>

#include "supervisor/receipt/allowed_signers.hpp"
#include "tools/pawl/cli/output.hpp"
#include "tools/pawl/cli/own_policy.hpp"
#include "tools/pawl/cli/verb.hpp"

namespace pawl::cli {
namespace {

Outcome<ExitCode> allowed_signers(const std::string& config) {
  const policy::Policy policy = TRY(load_policy(TRY(find_home(config))));
  std::string text;
  for (const policy::Person& person : policy.people) {
    for (const std::string& line : person.keys) {
      const auto key = receipt::parse_credential(line);
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
  auto config = std::make_shared<std::string>();
  command.optional("--config", *config, "read this directory (default: the one that the broker reads)");
  return [config] { return allowed_signers(*config); };
}

}  // namespace pawl::cli
