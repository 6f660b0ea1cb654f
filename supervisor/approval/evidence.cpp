#include "supervisor/approval/evidence.hpp"

#include <algorithm>
#include <set>

#include "supervisor/receipt/credential.hpp"
#include "supervisor/receipt/sshsig.hpp"

namespace pawl::approval {
namespace {

constexpr std::int64_t kSecond = 1000;  // ms

// The member's line of which `fits` says so, or nullptr.
template <class Fits>
const std::string* find_key(const Member& member, const Fits& fits) {
  const auto found = std::ranges::find_if(member.keys, [&](const std::string& line) {
    const auto enrolled = receipt::parse_credential(line);
    return enrolled && fits(*enrolled);
  });
  return found != member.keys.end() ? &*found : nullptr;
}

Result<const Member*> member_of(const Rule& rule, const receipt::Statement& statement) {
  const Member* member = find_member(rule, statement.group, statement.person);
  if (member == nullptr)
    return refuse(
        statement.person + " is not a member of " + statement.group + " in the approval rule " + rule.name,
        "`pawl show` lists the groups that may decide");
  return member;
}

std::unexpected<Error> not_enrolled(const Member& member, std::string_view what) {
  return refuse(std::string(what) + " is not enrolled for " + member.person,
                "sign with a key that `pawl people list` shows");
}

}  // namespace

Result<receipt::SignedDecision> identify(const Rule& rule, std::string_view statement,
                                         std::string_view signature) {
  const receipt::Statement said = TRY(receipt::read_statement(statement));
  const receipt::SshSignature made = TRY(receipt::parse_armored(signature));
  const Member* member = TRY(member_of(rule, said));
  const std::string* line =
      find_key(*member, [&](const receipt::Credential& enrolled) { return receipt::names(made, enrolled); });
  if (line == nullptr)
    return not_enrolled(*member, made.certificate
                                     ? "the authority " + receipt::fingerprint(made.certificate->authority)
                                     : "the key " + receipt::fingerprint(made.key));
  const receipt::Credential enrolled = TRY(receipt::parse_credential(*line));
  return receipt::SignedDecision{std::string(statement), std::string(signature), said.person,
                                 receipt::credential_line(enrolled)};
}

Result<receipt::Statement> check_evidence(const Request& request, const receipt::SignedDecision& evidence,
                                          const Rule& rule, std::int64_t received) {
  receipt::Statement statement = TRY(receipt::check_signed(evidence, received / kSecond)).statement;
  TRY(receipt::matches(statement.binding, request.binding));
  TRY(receipt::check_time(statement));
  const Member* member = TRY(member_of(rule, statement));
  const receipt::Credential signer = TRY(receipt::parse_credential(evidence.key));
  if (find_key(*member, [&](const receipt::Credential& enrolled) { return enrolled == signer; }) == nullptr)
    return not_enrolled(*member, "the key " + receipt::describe(signer));
  const bool approves = statement.verdict == receipt::Verdict::approve;
  if (approves && statement.person == request.binding.launcher && !rule.allow_launcher)
    return refuse(statement.person + " launched the agent and cannot approve what it asks",
                  "let another member of the rule's groups decide");
  return statement;
}

Result<std::vector<std::string>> check_quorum(const Request& request, const Rule& rule) {
  TRY(check_rule(rule, request.binding.launcher));
  std::set<std::string> persons;
  for (const Decision& decision : request.decisions) {
    const receipt::Statement statement =
        TRY_DURING("decision of " + decision.evidence.person,
                   check_evidence(request, decision.evidence, rule, decision.received));
    if (statement.verdict == receipt::Verdict::deny) return refuse(statement.person + " denied it");
    persons.insert(statement.person);
  }
  if (persons.size() < rule.quorum)
    return refuse("approved by " + std::to_string(persons.size()) + " of " + std::to_string(rule.quorum) +
                  " persons");
  return std::vector<std::string>(persons.begin(), persons.end());
}

}  // namespace pawl::approval
