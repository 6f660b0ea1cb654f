// The verbs of pawl-cli: what each is for, and how it declares its options. Runs as the person.
#pragma once

#include <CLI/App.hpp>
#include <functional>
#include <span>
#include <string_view>

#include "tools/trouble.hpp"

namespace pawl::cli {

using tools::ExitCode;
using tools::Outcome;
using Action = std::function<Outcome<ExitCode>()>;

struct Verb {
  std::string_view family;  // "policy" of `pawl policy check`; empty: none
  std::string_view name;
  std::string_view purpose;              // one line
  std::string_view help;                 // what follows the options in --help: example, exit codes
  Action (*declare)(CLI::App& command);  // adds the options; the action runs once they are parsed
};

// All of them, in the order in which --help shows them.
std::span<const Verb> verbs();

// One each, in the file of its family.
Action declare_requests(CLI::App&);
Action declare_show(CLI::App&);
Action declare_approve(CLI::App&);
Action declare_deny(CLI::App&);
Action declare_review(CLI::App&);
Action declare_sessions(CLI::App&);
Action declare_kill(CLI::App&);
Action declare_policy_check(CLI::App&);
Action declare_policy_explain(CLI::App&);
Action declare_log(CLI::App&);
Action declare_log_verify(CLI::App&);
Action declare_receipt_show(CLI::App&);
Action declare_receipt_export(CLI::App&);
Action declare_receipt_verify(CLI::App&);
Action declare_init(CLI::App&);
Action declare_doctor(CLI::App&);
Action declare_allowed_signers(CLI::App&);
Action declare_secrets_check(CLI::App&);

}  // namespace pawl::cli
