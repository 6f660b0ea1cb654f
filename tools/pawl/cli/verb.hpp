// The verbs of pawl-cli: what each is for, and how it declares its options. Runs as the person.
#pragma once

#include <functional>
#include <span>
#include <string_view>

#include "tools/pawl/cli/options.hpp"
#include "tools/trouble.hpp"

namespace pawl::cli {

using tools::ExitCode;
using tools::Outcome;
using Action = std::function<Outcome<ExitCode>()>;

struct Verb {
  std::string_view family;  // "policy" of `pawl policy check`; empty: none
  std::string_view name;
  std::string_view purpose;             // one line; empty: not listed, pawl's own
  std::string_view help;                // what follows the options in --help: example, exit codes
  Action (*declare)(Options& options);  // adds the options; the action runs once they are parsed
};

// All of them, in the order in which --help shows them.
std::span<const Verb> verbs();

// One each, in the file of its family.
Action declare_requests(Options&);
Action declare_show(Options&);
Action declare_approve(Options&);
Action declare_deny(Options&);
Action declare_rollback(Options&);
Action declare_review(Options&);
Action declare_propose(Options&);
Action declare_sessions(Options&);
Action declare_kill(Options&);
Action declare_diff(Options&);
Action declare_apply(Options&);
Action declare_discard(Options&);
Action declare_policy_check(Options&);
Action declare_policy_explain(Options&);
Action declare_log(Options&);
Action declare_log_verify(Options&);
Action declare_report(Options&);
Action declare_log_export(Options&);
Action declare_log_key(Options&);
Action declare_log_checkpoint(Options&);
Action declare_receipt_show(Options&);
Action declare_receipt_export(Options&);
Action declare_receipt_verify(Options&);
Action declare_init(Options&);
Action declare_doctor(Options&);
Action declare_people_list(Options&);
Action declare_people_add(Options&);
Action declare_people_confirm(Options&);
Action declare_people_remove(Options&);
Action declare_people_rotate(Options&);
Action declare_people_join(Options&);
Action declare_people_leave(Options&);
Action declare_allowed_signers(Options&);
Action declare_revoke_session(Options&);
Action declare_revoke_request(Options&);
Action declare_revoke_role(Options&);
Action declare_revoke_person(Options&);
Action declare_revoke_key(Options&);
Action declare_restore_role(Options&);
Action declare_restore_person(Options&);
Action declare_freeze(Options&);
Action declare_thaw(Options&);
Action declare_secrets_check(Options&);
Action declare_session_over(Options&);

}  // namespace pawl::cli
