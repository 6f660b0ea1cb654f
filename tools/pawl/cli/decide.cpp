// pawl approve, pawl deny: a reviewer's signed decision. The person is shown what this program rendered from
// the document's bytes, and what it hashed is what gets signed.
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "supervisor/receipt/digest.hpp"
#include "supervisor/receipt/render.hpp"
#include "supervisor/receipt/statement.hpp"
#include "tools/pawl/cli/broker.hpp"
#include "tools/pawl/cli/json_of.hpp"
#include "tools/pawl/cli/output.hpp"
#include "tools/pawl/cli/question.hpp"
#include "tools/pawl/cli/request_view.hpp"
#include "tools/pawl/cli/signing.hpp"
#include "tools/pawl/cli/verb.hpp"

namespace pawl::cli {
namespace {

using receipt::Verdict;
using tools::trouble;

enum class Consent : std::uint8_t { asked, given };  // given: --yes

struct DecideOptions {
  Verdict verdict = Verdict::deny;
  std::string id;
  std::string reason;
  std::string key_file;
  std::string person;
  std::string group;
  bool yes = false;
  bool json = false;
};

Outcome<> check_open(const wire::RequestInfo& info) {
  if (info.state == wire::RequestState::pending) return {};
  const ExitCode code = info.state == wire::RequestState::expired ? ExitCode::expired : ExitCode::refused;
  const std::string detail = info.detail.empty() ? "" : ": " + info.detail;
  return trouble(code, state_line(info) + detail, "nothing is left to decide");
}

// A decision counts for one group: for one that must still be heard rather than for another. Who may approve
// only later may deny already.
Outcome<std::string> pick_group(const DecideOptions& options, const std::vector<std::string>& groups,
                                const wire::RequestShown& shown) {
  std::string picked;
  std::int64_t opens = 0;
  for (const wire::GroupInfo& group : shown.groups) {
    if (std::ranges::find(groups, group.name) == groups.end()) continue;
    if (options.verdict == Verdict::approve && group.opens > now_milliseconds()) {
      opens = opens == 0 ? group.opens : std::min(opens, group.opens);
      continue;
    }
    if (group.approvals < group.least) return group.name;
    if (picked.empty()) picked = group.name;
  }
  if (!picked.empty() || groups.empty()) return picked;
  return trouble(ExitCode::refused,
                 options.person + " may approve this from " + local_time(opens) + " on, not before",
                 "to end it now: pawl deny " + short_id(shown.info.id) + " -m REASON");
}

Outcome<> check_reason(const DecideOptions& options, const wire::RequestInfo& info) {
  if (options.verdict != Verdict::approve || !info.emergency ||
      options.reason.find_first_not_of(" \t\r\n") != std::string::npos)
    return {};
  return trouble(ExitCode::usage, "an approval under the emergency rule " + info.rule + " needs a reason",
                 "pawl approve " + short_id(info.id) + " -m REASON");
}

// In whose name, and as a member of what.
Outcome<> fill_in_person(DecideOptions& options, const wire::Welcome& welcome,
                         const wire::RequestShown& shown) {
  const bool other = !options.person.empty() && options.person != welcome.person;
  if (options.person.empty()) options.person = welcome.person;
  if (options.person.empty() && !welcome.policy_problem.empty())
    return trouble(ExitCode::invalid_policy, welcome.policy_problem,
                   "the operator repairs it: pawl policy check");
  if (options.person.empty())
    return trouble(ExitCode::refused, "people.toml does not know uid " + std::to_string(::getuid()),
                   "ask the operator to add you, or say --as PERSON");
  if (!options.group.empty()) return {};
  const std::vector<std::string>& groups = other ? shown.from : shown.caller_groups;
  if (groups.empty())
    return trouble(ExitCode::refused,
                   "the rule " + shown.info.rule + " does not let " + options.person + " decide on this",
                   "who may: pawl show " + short_id(shown.info.id));
  options.group = TRY(pick_group(options, groups, shown));
  return {};
}

Outcome<std::string> make_statement(const DecideOptions& options, const Reviewed& request) {
  const wire::RequestShown& shown = request.shown;
  receipt::Statement statement;
  statement.binding = {.request = shown.info.id,
                       .audience = shown.audience,
                       .document = request.document,
                       .role = shown.info.role,
                       .session = shown.info.session,
                       .agent = shown.agent,
                       .launcher = shown.info.launcher,
                       .policy = shown.policy,
                       .preview = request.preview_digest(),
                       .rendered = receipt::sha256(request.rendered),
                       .renderer = receipt::kRendererVersion,
                       .issued = shown.issued,
                       .expires = shown.expires};
  statement.verdict = options.verdict;
  statement.person = options.person;
  statement.group = options.group;
  statement.reason = options.reason;
  statement.time = now_milliseconds() / 1000;
  return TRY_DURING("the decision", receipt::write_statement(statement));
}

Outcome<> ask_for_consent(const Reviewed& request, Consent consent) {
  // Output that goes elsewhere would ask for a yes to something that nobody has seen.
  if (consent == Consent::asked && (::isatty(STDIN_FILENO) != 1 || ::isatty(STDOUT_FILENO) != 1))
    return trouble(ExitCode::failed, "nobody can be asked: standard input or output is not a terminal",
                   "run it on a terminal, or say --yes when you have seen it: pawl show " +
                       short_id(request.shown.info.id));
  TRY(print(request_text(request) + "\n"));
  if (consent == Consent::given) return {};
  if (means_yes(TRY(ask_person("Approve exactly this, once? [y/N] ")))) return {};
  return trouble(ExitCode::failed, "not approved; the request goes on waiting",
                 "to end it: pawl deny " + short_id(request.shown.info.id) + " -m REASON");
}

Outcome<ExitCode> decide(DecideOptions options) {
  TRY(refuse_in_sandbox());
  const tools::Greeted broker = TRY(reach_broker());
  auto shown = TRY(broker.client.ask<wire::RequestShown>(wire::ShowRequest{options.id})).message;
  TRY(check_asked_for(options.id, shown.info.id));
  if (shown.audience != broker.welcome.audience)
    return trouble(ExitCode::refused, "the request is for the broker " + shown.audience + ", this one is " +
                                          broker.welcome.audience);
  TRY(check_open(shown.info));
  TRY(check_reason(options, shown.info));
  TRY(fill_in_person(options, broker.welcome, shown));
  auto preview = TRY(fetch_preview(broker.client, shown));
  const Reviewed request = TRY(Reviewed::read(std::move(shown), std::move(preview)));
  if (options.verdict == Verdict::approve)
    TRY(ask_for_consent(request, options.yes ? Consent::given : Consent::asked));
  Signer signer{options.person, options.key_file, {}, TRY(wire::embedded_paths()).configuration + "/keys"};
  if (options.person == broker.welcome.person) signer.enrolled = broker.welcome.keys;
  const std::string statement = TRY(make_statement(options, request));
  const std::string signature = TRY(sign(signer, options.verdict, statement));
  const auto decided =
      TRY(broker.client.ask<wire::Decided>(wire::Decide{request.shown.info.id, statement, signature}))
          .message;
  if (options.json)
    TRY(print_json(json_of(decided.info)));
  else
    TRY(print(state_line(decided.info) + "\n"));
  return ExitCode::done;
}

std::shared_ptr<DecideOptions> declare_common(Options& command, Verdict verdict) {
  auto options = std::make_shared<DecideOptions>();
  options->verdict = verdict;
  command.required("ID", options->id, "the request");
  command.optional("--key", options->key_file,
                   "sign with this key: a private key file, a certificate, or a public key whose private "
                   "half ssh-agent holds "
                   "(default: ~/.config/pawl/keys/PERSON, else an enrolled key in ssh-agent)");
  command.optional("--as", options->person,
                   "decide as this person (default: whom people.toml has for your uid)");
  command.optional(
      "--group", options->group,
      "decide as a member of this entry of the rule, as @sre (default: of one that must still be heard)");
  command.flag("--json", options->json, "the request afterwards as one JSON object");
  return options;
}

}  // namespace

Action declare_approve(Options& command) {
  auto options = declare_common(command, Verdict::approve);
  command.optional("-m,--message", options->reason,
                   "a remark for the record, at most 280 characters; required by an emergency rule");
  command.flag("--yes", options->yes, "do not ask; the whole is shown all the same");
  return [options] { return decide(*options); };
}

Action declare_deny(Options& command) {
  auto options = declare_common(command, Verdict::deny);
  command.required("-m,--message", options->reason, "why; the agent is told, so that it can try another way");
  return [options] { return decide(*options); };
}

}  // namespace pawl::cli
